#include "services/cli/series_reader.h"

#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
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
      : file_(file), types_(types), in_(file, std::ios::binary), batch_(file, types_) {}

  bool opened() const { return in_.is_open(); }
  int64_t position() const override { return position_; }

  absl::StatusOr<bool> Next(SeriesMessage& message) override {
    while (true) {
      if (!pending_) {
        BF_ASSIGN_OR_RETURN(pending_, ReadRow());
      }
      if (!pending_ || batch_.Ends(symbol_)) return batch_.Take(message, lines_);
      pending_ = false;
      BF_RETURN_IF_ERROR(PutRow());
    }
  }

 protected:
  // Reads the next row, its symbol into symbol_; false at the end.
  virtual absl::StatusOr<bool> ReadRow() = 0;
  // Puts it into the batch.
  virtual absl::Status PutRow() = 0;

  const std::string file_;
  const ColumnTypes types_;
  std::ifstream in_;
  SeriesBatch batch_;
  std::string symbol_;
  int64_t position_ = 0;
  bool pending_ = false;
};

class CsvReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  struct Cell {
    std::string text;
    bool quoted = false;
  };

  // The cells of the next record; false at the end.
  absl::StatusOr<bool> ReadRecord() {
    cells_.clear();
    begin_ = line_ + 1;
    std::streambuf& bytes = *in_.rdbuf();
    int c = bytes.sbumpc();
    if (c == EOF) return false;
    ++line_;
    Cell cell;
    bool open = false;  // inside of quotes
    for (;; c = bytes.sbumpc()) {
      if (c == EOF) {
        if (open) return WrongLine(file_, begin_, "a quote is opened and never closed");
        cells_.push_back(std::move(cell));
        return true;
      }
      ++position_;
      const char character = static_cast<char>(c);
      if (open) {
        if (character != '"') {
          line_ += character == '\n' ? 1 : 0;
          cell.text += character;
        } else if (bytes.sgetc() == '"') {
          bytes.sbumpc();
          ++position_;
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
        if (character != '\r') return WrongLine(file_, line_, "there is text after a closing quote");
      } else {
        cell.text += character;
      }
    }
  }

  absl::Status ReadHeader() {
    BF_ASSIGN_OR_RETURN(const bool any, ReadRecord());
    if (!any || cells_.size() < 2 || cells_[0].text != "symbol" || cells_[1].text != "time") {
      return WrongLine(file_, 1, "the header must begin with symbol,time");
    }
    std::map<std::string, int> names;
    for (const Cell& cell : cells_) {
      if (++names[cell.text] > 1) return WrongLine(file_, 1, fmt::format("two columns are called '{}'", cell.text));
      header_.push_back(cell.text);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> ReadRow() override {
    if (header_.empty()) BF_RETURN_IF_ERROR(ReadHeader());
    BF_ASSIGN_OR_RETURN(const bool more, ReadRecord());
    if (!more) return false;
    if (cells_.size() != header_.size()) {
      return WrongLine(file_, begin_, fmt::format("expected {} cells, found {}", header_.size(), cells_.size()));
    }
    symbol_ = cells_[0].text;
    return true;
  }

  absl::Status PutRow() override {
    BF_RETURN_IF_ERROR(batch_.Begin(symbol_, cells_[1].text, begin_));
    for (size_t i = 2; i < cells_.size(); ++i) {
      CellValue value;
      if (cells_[i].text.empty() && !cells_[i].quoted) continue;
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
        return WrongLine(file_, begin_,
                         fmt::format("{} must be a number, was '{}'", header_[i], cells_[i].text.substr(0, 64)));
      }
      BF_RETURN_IF_ERROR(batch_.Put(header_[i], std::move(value)));
    }
    return absl::OkStatus();
  }

  std::vector<std::string> header_;
  std::vector<Cell> cells_;
  int64_t line_ = 0;
  int64_t begin_ = 0;  // line on which the record began
};

class JsonReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  absl::StatusOr<bool> ReadRow() override {
    std::string text;
    do {
      if (!std::getline(in_, text)) return false;
      ++line_;
      position_ += static_cast<int64_t>(text.size()) + 1;
    } while (text.empty());
    row_ = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!row_.is_object()) return WrongLine(file_, line_, "must be a JSON object");
    for (const char* name : {"symbol", "time"}) {
      if (!row_.contains(name) || !row_[name].is_string()) {
        return WrongLine(file_, line_, fmt::format("must have a text \"{}\"", name));
      }
    }
    symbol_ = row_["symbol"].get<std::string>();
    return true;
  }

  absl::Status PutRow() override {
    BF_RETURN_IF_ERROR(batch_.Begin(symbol_, row_["time"].get<std::string>(), line_));
    for (auto& [name, cell] : row_.items()) {
      if (name == "symbol" || name == "time" || cell.is_null()) continue;
      CellValue value;
      if (cell.is_string()) {
        value.kind = CellValue::Kind::kText;
        value.text = cell.get<std::string>();
      } else if (cell.is_number_unsigned() && cell.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
        return WrongLine(file_, line_, fmt::format("{} does not fit 64 bits", name));
      } else if (cell.is_number_integer()) {
        value.kind = CellValue::Kind::kWhole;
        value.whole = cell.get<int64_t>();
      } else if (cell.is_number()) {
        value.kind = CellValue::Kind::kNumber;
        value.number = cell.get<double>();
      } else {
        return WrongLine(file_, line_, fmt::format("{} must be a number, a text or null", name));
      }
      BF_RETURN_IF_ERROR(batch_.Put(name, std::move(value)));
    }
    return absl::OkStatus();
  }

  nlohmann::ordered_json row_;
  int64_t line_ = 0;
};

class ColumnarReader final : public SeriesReader {
 public:
  explicit ColumnarReader(const std::string& file) : file_(file), in_(file, std::ios::binary), bytes_(&in_) {}
  bool opened() const { return in_.is_open(); }
  int64_t position() const override { return bytes_.ByteCount(); }

  absl::StatusOr<bool> Next(SeriesMessage& message) override {
    while (true) {
      message.Clear();
      bool clean_end = false;
      if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&message, &bytes_, &clean_end)) {
        if (clean_end) return false;
        return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FILE",
                               fmt::format("{} is damaged or cut off after {} bytes", file_, position()));
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
  std::ifstream in_;
  google::protobuf::io::IstreamInputStream bytes_;
  common::v1::SeriesKey key_;
};

template <typename Reader>
absl::StatusOr<std::unique_ptr<SeriesReader>> Opened(const std::string& file, std::unique_ptr<Reader> reader) {
  if (reader->opened()) return reader;
  return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("can not open {}", file));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SeriesReader>> SeriesReader::Open(const std::string& file, SeriesFormat format,
                                                                 const ColumnTypes& types) {
  if (format == SeriesFormat::kColumnar) return Opened(file, std::make_unique<ColumnarReader>(file));
  if (format == SeriesFormat::kJsonLines) return Opened(file, std::make_unique<JsonReader>(file, types));
  return Opened(file, std::make_unique<CsvReader>(file, types));
}

bool IsSeriesCsv(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string begin(12, '\0');
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<size_t>(in.gcount()));
  return begin.starts_with("symbol,time") &&
         (begin.size() == 11 || begin[11] == ',' || begin[11] == '\n' || begin[11] == '\r');
}

}  // namespace breadthflow::cli
