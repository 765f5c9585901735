#include "services/cli/series_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/cli/gzip_stream.h"
#include "services/cli/series_batch.h"

namespace breadthflow::cli {
namespace {

using common::v1::SeriesMessage;
using quant::ColumnType;

template <typename T>
std::optional<T> Parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class LineReader : public SeriesReader {
 public:
  LineReader(const std::string& file, const ColumnTypes& types)
      : file_(file), types_(types), bytes_(file), in_(&bytes_), batch_(file, types_) {}

  bool opened() const { return bytes_.opened(); }
  int64_t position() const override { return bytes_.position(); }

  absl::StatusOr<bool> Next(SeriesMessage& message) override {
    while (true) {
      if (!pending_) pending_ = ReadRow();
      if (!pending_ || batch_.Ends(symbol_)) {
        const bool any = batch_.Take(message, lines_);
        if (any && faults_ == 0) {
          Describe(message);
          return true;
        }
        if (!pending_) return End();
      }
      pending_ = false;
      if (CheckDescription()) PutRow();
    }
  }

  // Reads as far as the first row.
  const SeriesMessage& First() {
    if (!pending_) pending_ = ReadRow();
    if (pending_) CheckDescription();
    return said_;
  }

 protected:
  using Description = std::array<std::string, kDescription.size()>;

  // Reads the next row that has a symbol, a time and what is told apart by them; false at the end.
  virtual bool ReadRow() = 0;
  // Puts it into the batch.
  virtual void PutRow() = 0;

  void Complain(int64_t line, std::string_view text) {
    if (++faults_ <= kMostFaults) violations_.Add(fmt::format("{}:{}", file_, line), text);
  }
  // False when it is not OK.
  bool Check(const absl::Status& status) {
    for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
      if (++faults_ <= kMostFaults) violations_.Add(one.field, one.description);
    }
    return status.ok();
  }

  const std::string file_;
  const ColumnTypes types_;
  GzipInput bytes_;
  std::istream in_;
  SeriesBatch batch_;
  std::string symbol_;
  Description description_;  // as the row at hand has it
  int64_t line_ = 0;         // last line that was read
  int64_t begin_ = 0;        // on which the row at hand began

 private:
  static constexpr size_t kMostFaults = 100;

  absl::StatusOr<bool> End() {
    if (bytes_.broken()) Complain(line_ + 1, "the file can not be read on: the archive is damaged or cut off");
    if (faults_ == 0) return false;
    if (faults_ > kMostFaults) violations_.Add(file_, fmt::format("and {} more violations", faults_ - kMostFaults));
    return violations_.ToStatus(fmt::format("{} can not be read", file_), "INVALID_FILE");
  }

  // All rows of a file are of one kind. False, with a complaint, when the row at hand is not.
  bool CheckDescription() {
    if (first_) {
      first_ = false;
      all_ = description_;
      common::v1::SeriesKey& key = *said_.mutable_first_of();
      key.set_resource(all_[0]);
      if (!all_[1].empty()) {
        const auto timeframe = quant::ParseTimeframe(all_[1]);
        if (timeframe.ok()) key.set_timeframe(rpc::ToProto(*timeframe));
        if (!timeframe.ok()) Complain(begin_, base::Message(timeframe.status()));
      }
      if (!all_[2].empty()) {
        const auto basis = quant::ParsePriceBasis(all_[2]);
        if (basis.ok()) said_.set_basis(rpc::ToProto(*basis));
        if (!basis.ok()) Complain(begin_, base::Message(basis.status()));
      }
      if (key.ByteSizeLong() == 0) said_.clear_first_of();
      return true;
    }
    for (size_t i = 0; i < kDescription.size(); ++i) {
      if (description_[i] == all_[i]) continue;
      Complain(begin_, fmt::format("{} is '{}', but '{}' in the first row: a file has rows of one kind",
                                   kDescription[i], description_[i].substr(0, 64), all_[i].substr(0, 64)));
      return false;
    }
    return true;
  }

  void Describe(SeriesMessage& message) const {
    common::v1::ColumnarBatch& batch = *message.mutable_packed();
    batch.set_basis(said_.basis());
    if (!said_.has_first_of()) return;
    batch.mutable_key()->set_resource(said_.first_of().resource());
    batch.mutable_key()->set_timeframe(said_.first_of().timeframe());
  }

  base::Violations violations_;
  size_t faults_ = 0;
  bool pending_ = false;
  bool first_ = true;
  Description all_;     // as every row has it
  SeriesMessage said_;  // the same
};

class CsvReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  struct Cell {
    std::string text;
    bool quoted = false;
  };

  // The cells of the next record; false at the end. `good_` is false when it could not be told what they are.
  bool ReadRecord() {
    cells_.clear();
    good_ = true;
    begin_ = line_ + 1;
    std::streambuf& bytes = *in_.rdbuf();
    int c = bytes.sbumpc();
    if (c == EOF) return false;
    ++line_;
    Cell cell;
    bool open = false;  // inside of quotes
    for (;; c = bytes.sbumpc()) {
      if (c == EOF) {
        if (open) Refuse(begin_, "a quote is opened and never closed");
        cells_.push_back(std::move(cell));
        return true;
      }
      const char character = static_cast<char>(c);
      if (open) {
        if (character != '"') {
          line_ += character == '\n' ? 1 : 0;
          cell.text += character;
        } else if (bytes.sgetc() == '"') {
          bytes.sbumpc();
          cell.text += '"';
        } else {
          open = false;
        }
      } else if (character == '"' && cell.text.empty() && !cell.quoted) {
        open = cell.quoted = true;
      } else if (character == ',') {
        cells_.push_back(std::exchange(cell, {}));
      } else if (character == '\n') {
        if (!cell.quoted && cell.text.ends_with('\r')) cell.text.pop_back();
        cells_.push_back(std::move(cell));
        return true;
      } else if (cell.quoted) {
        if (character != '\r') Refuse(line_, "there is text after a closing quote");
      } else {
        cell.text += character;
      }
    }
  }

  void Refuse(int64_t line, std::string_view text) {
    if (std::exchange(good_, false)) Complain(line, text);
  }

  bool ReadHeader() {
    const bool any = ReadRecord();
    if (!any || cells_.size() < 2 || cells_[0].text != "symbol" || cells_[1].text != "time") {
      Complain(1, "the header must begin with symbol,time");
      return false;
    }
    std::map<std::string, int> names;
    for (const Cell& cell : cells_) {
      if (++names[cell.text] == 2) Complain(1, fmt::format("two columns are called '{}'", cell.text));
      header_.push_back(cell.text);
    }
    for (const std::string_view name : kDescription) {
      const auto found = std::find(header_.begin() + 2, header_.end(), name);
      described_.push_back(found == header_.end() ? 0 : static_cast<size_t>(found - header_.begin()));
    }
    return true;
  }

  bool ReadRow() override {
    if (header_.empty() && !ReadHeader()) return false;
    while (ReadRecord()) {
      if (!good_) continue;
      if (cells_.size() != header_.size()) {
        Complain(begin_, fmt::format("expected {} cells, found {}", header_.size(), cells_.size()));
        continue;
      }
      symbol_ = cells_[0].text;
      for (size_t i = 0; i < described_.size(); ++i) {
        description_[i] = described_[i] == 0 ? std::string() : cells_[described_[i]].text;
      }
      return true;
    }
    return false;
  }

  void PutRow() override {
    if (!Check(batch_.Begin(symbol_, cells_[1].text, begin_))) return;
    for (size_t i = 2; i < cells_.size(); ++i) {
      CellValue value;
      if (cells_[i].text.empty() && !cells_[i].quoted) continue;
      if (std::find(described_.begin(), described_.end(), i) != described_.end()) continue;
      const auto whole = Parse<int64_t>(cells_[i].text);
      const auto number = Parse<double>(cells_[i].text);
      if (cells_[i].quoted || batch_.TypeOf(header_[i]) == ColumnType::kText) {
        value.kind = CellValue::Kind::kText;
        value.text = std::move(cells_[i].text);
      } else if (whole) {
        value.kind = CellValue::Kind::kWhole;
        value.whole = *whole;
      } else if (number) {
        value.kind = CellValue::Kind::kNumber;
        value.number = *number;
      } else {
        Complain(begin_, fmt::format("{} must be a number, was '{}'", header_[i], cells_[i].text.substr(0, 64)));
        continue;
      }
      Check(batch_.Put(header_[i], std::move(value)));
    }
  }

  std::vector<std::string> header_;
  std::vector<size_t> described_;  // cells of kDescription; 0: there is none
  std::vector<Cell> cells_;
  bool good_ = true;
};

class JsonReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  bool ReadRow() override {
    std::string text;
    while (std::getline(in_, text)) {
      begin_ = ++line_;
      if (text.empty()) continue;
      row_ = nlohmann::ordered_json::parse(text, nullptr, false);
      if (TakeNames()) return true;
    }
    return false;
  }

  // Symbol and description of the row.
  bool TakeNames() {
    if (!row_.is_object()) {
      Complain(line_, "must be a JSON object");
      return false;
    }
    bool good = true;
    const auto text_of = [&](const std::string& name, bool required) -> std::string {
      const auto found = row_.find(name);
      if (found != row_.end() && found->is_string()) return found->get<std::string>();
      if (required || (found != row_.end() && !found->is_null())) {
        Complain(line_, fmt::format("must have a text \"{}\"", name));
        good = false;
      }
      return "";
    };
    symbol_ = text_of("symbol", true);
    text_of("time", true);
    for (size_t i = 0; i < kDescription.size(); ++i) description_[i] = text_of(std::string(kDescription[i]), false);
    return good;
  }

  void PutRow() override {
    if (!Check(batch_.Begin(symbol_, row_["time"].get<std::string>(), line_))) return;
    for (auto& [name, cell] : row_.items()) {
      if (name == "symbol" || name == "time" || cell.is_null()) continue;
      if (std::find(kDescription.begin(), kDescription.end(), name) != kDescription.end()) continue;
      CellValue value;
      if (cell.is_string()) {
        value.kind = CellValue::Kind::kText;
        value.text = cell.get<std::string>();
      } else if (cell.is_number_unsigned() && cell.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
        Complain(line_, fmt::format("{} does not fit 64 bits", name));
        continue;
      } else if (cell.is_number_integer()) {
        value.kind = CellValue::Kind::kWhole;
        value.whole = cell.get<int64_t>();
      } else if (cell.is_number()) {
        value.kind = CellValue::Kind::kNumber;
        value.number = cell.get<double>();
      } else {
        Complain(line_, fmt::format("{} must be a number, a text or null", name));
        continue;
      }
      Check(batch_.Put(name, std::move(value)));
    }
  }

  nlohmann::ordered_json row_;
};

class ColumnarReader final : public SeriesReader {
 public:
  explicit ColumnarReader(const std::string& file) : file_(file), unpacked_(file), in_(&unpacked_), bytes_(&in_) {}
  bool opened() const { return unpacked_.opened(); }
  int64_t position() const override { return unpacked_.position(); }

  absl::StatusOr<bool> Next(SeriesMessage& message) override {
    while (true) {
      message.Clear();
      bool clean_end = false;
      if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&message, &bytes_, &clean_end)) {
        if (clean_end && !unpacked_.broken()) return false;
        return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FILE",
                               fmt::format("{} is damaged or cut off after {} bytes", file_, bytes_.ByteCount()));
      }
      if (message.has_first_of()) key_ = message.first_of();
      if (message.has_packed()) {
        if (message.packed().key().symbol().empty()) *message.mutable_packed()->mutable_key() = key_;
      } else if (message.payload_case() == SeriesMessage::kStored) {
        *message.mutable_first_of() = key_;  // whose rows they are, on every message
      } else if (!message.has_first_of()) {
        continue;
      }
      return true;
    }
  }

 private:
  const std::string file_;
  GzipInput unpacked_;
  std::istream in_;
  google::protobuf::io::IstreamInputStream bytes_;
  common::v1::SeriesKey key_;
};

absl::Status NoSuchFile(const std::string& file) {
  return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("can not open {}", file));
}

template <typename Reader>
absl::StatusOr<std::unique_ptr<SeriesReader>> Opened(const std::string& file, std::unique_ptr<Reader> reader) {
  if (reader->opened()) return reader;
  return NoSuchFile(file);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SeriesReader>> SeriesReader::Open(const std::string& file, SeriesFormat format,
                                                                 const ColumnTypes& types) {
  if (format == SeriesFormat::kColumnar) return Opened(file, std::make_unique<ColumnarReader>(file));
  if (format == SeriesFormat::kJsonLines) return Opened(file, std::make_unique<JsonReader>(file, types));
  return Opened(file, std::make_unique<CsvReader>(file, types));
}

absl::StatusOr<SeriesMessage> DescriptionOf(const std::string& file, SeriesFormat format) {
  const auto first = [&](const auto& reader) -> absl::StatusOr<SeriesMessage> {
    if (reader->opened()) return reader->First();
    return NoSuchFile(file);
  };
  if (format == SeriesFormat::kJsonLines) return first(std::make_unique<JsonReader>(file, ColumnTypes()));
  return first(std::make_unique<CsvReader>(file, ColumnTypes()));
}

bool IsSeriesCsv(const std::string& file) {
  GzipInput bytes(file);
  std::istream in(&bytes);
  std::string begin(12, '\0');
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<size_t>(in.gcount()));
  return begin.starts_with("symbol,time") &&
         (begin.size() == 11 || begin[11] == ',' || begin[11] == '\n' || begin[11] == '\r');
}

}  // namespace breadthflow::cli
