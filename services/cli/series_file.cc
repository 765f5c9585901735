#include "services/cli/series_file.h"

#include <algorithm>
#include <iterator>

#include "absl/time/time.h"
#include <fmt/format.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/quant/series.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

std::string TimeText(int64_t nanos) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(nanos), absl::UTCTimeZone());
}

bool Missing(const common::v1::Column& column, int row) {
  return std::binary_search(column.missing_rows().begin(), column.missing_rows().end(), row);
}

// Quoted where it must be, when it is empty, so that it is not taken for a missing value, and in columns of which no
// resource knows that they hold text.
std::string TextCell(const std::string& text, bool always) {
  if (!always && !text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string NumberCell(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";  // so that it is not taken for a whole number
  return text;
}

std::string AnchoredText(std::string_view how, const common::v1::SeriesMessage& message) {
  return fmt::format("{}@{}", how, TimeText(message.origin().anchor_time_unix_ns()));
}

std::string CellText(const common::v1::Column& column, int row) {
  if (Missing(column, row)) return "";
  if (column.double_values_size() > 0) return NumberCell(column.double_values(row));
  if (column.int_values_size() > 0) return fmt::format("{}", column.int_values(row));
  return TextCell(column.text_values(row), column.name().find('.') != std::string::npos);
}

}  // namespace

std::string BasisText(const common::v1::SeriesMessage& message) {
  switch (message.origin().anchored()) {
    case common::v1::ADJUSTMENT_TOTAL_RETURN:
      return AnchoredText("total_return", message);
    case common::v1::ADJUSTMENT_FORWARD_SPLIT:
      return AnchoredText("forward_split", message);
    case common::v1::ADJUSTMENT_FORWARD:
      return AnchoredText("forward", message);
    default:
      break;
  }
  const auto basis = static_cast<quant::PriceBasis>(message.basis());
  return basis == quant::PriceBasis::kNotPrices ? "" : std::string(quant::ToText(basis));
}

SaidColumns SaidBy(const common::v1::SeriesMessage& message) {
  SaidColumns said{!message.origin().calendar().empty(), message.origin().adjusted_as_of_size() > 0};
  for (const common::v1::Column& column : message.packed().columns()) {
    if (column.name() == kCalendar) said.calendar = false;
    if (column.name() == kAdjustedAsOf) said.adjusted_as_of = false;
  }
  return said;
}

bool IsPackedName(std::string_view file) { return file.ends_with(".gz"); }

std::optional<SeriesFormat> KnownFormat(std::string_view file) {
  std::string_view name = file.substr(file.rfind('/') + 1);
  if (IsPackedName(name)) name.remove_suffix(3);
  if (name.ends_with(".columnar")) return SeriesFormat::kColumnar;
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return SeriesFormat::kJsonLines;
  if (name.ends_with(".csv") || name.find('.', 1) == std::string_view::npos) return SeriesFormat::kCsv;
  return std::nullopt;
}

SeriesFormat FormatOfName(std::string_view file) { return KnownFormat(file).value_or(SeriesFormat::kCsv); }

SeriesFormat FormatOf(std::string_view flag, std::string_view file) {
  if (flag == "jsonl") return SeriesFormat::kJsonLines;
  if (flag == "columnar") return SeriesFormat::kColumnar;
  return flag == "csv" ? SeriesFormat::kCsv : FormatOfName(file);
}

absl::Status SeriesWriter::Take(const common::v1::SeriesMessage& message) {
  Describe(message);
  if (message.has_packed()) rows_ += message.packed().times_unix_ns_size();
  if (format_ == SeriesFormat::kCsv) return WriteCsv(message.packed());
  if (format_ == SeriesFormat::kJsonLines) {
    WriteJson(message.packed());
    return absl::OkStatus();
  }
  common::v1::SeriesMessage kept = message;
  kept.clear_resume_token();  // of the call, not of the rows
  google::protobuf::util::SerializeDelimitedToOstream(kept, &out_);
  return absl::OkStatus();
}

// Only the first message of a series says all of it.
void SeriesWriter::Describe(const common::v1::SeriesMessage& message) {
  if (!message.has_first_of()) return;
  description_ = {message.first_of().resource(), TimeframeText(message.first_of().timeframe()), BasisText(message)};
  const SaidColumns said = SaidBy(message);
  calendar_ = said.calendar ? message.origin().calendar() : std::string();
  days_.clear();
  for (const common::v1::AdjustedRows& one : message.origin().adjusted_as_of()) {
    if (said.adjusted_as_of) days_.emplace_back(one.first_time_unix_ns(), one.adjusted_as_of());
  }
  if (format_ == SeriesFormat::kCsv && !header_written_) says_.Add(said);
}

std::string_view SeriesWriter::DayAt(int64_t time_ns) const {
  const auto next = std::upper_bound(days_.begin(), days_.end(), time_ns,
                                     [](int64_t at_ns, const auto& one) { return at_ns < one.first; });
  return next == days_.begin() ? std::string_view() : std::string_view(std::prev(next)->second);
}

void SeriesWriter::End() {
  if (format_ == SeriesFormat::kCsv) WriteHeader();
}

void SeriesWriter::WriteHeader() {
  if (header_written_) return;
  header_written_ = true;
  out_ << "symbol,time";
  for (const std::string_view name : kDescription) out_ << ',' << name;
  if (says_.calendar) out_ << ',' << kCalendar;
  if (says_.adjusted_as_of) out_ << ',' << kAdjustedAsOf;
  for (const std::string& name : columns_) out_ << ',' << TextCell(name, false);
  out_ << '\n';
}

absl::Status SeriesWriter::WriteCsv(const common::v1::ColumnarBatch& batch) {
  if (batch.times_unix_ns_size() == 0) return absl::OkStatus();
  if (columns_.empty()) {
    for (const common::v1::Column& column : batch.columns()) columns_.push_back(column.name());
  }
  WriteHeader();
  const auto no_place = [&](const std::string& what) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "MORE_COLUMNS",
                           fmt::format("{} {}, for which the head of the table has no place: write jsonl or columnar",
                                       batch.key().symbol(), what));
  };
  if (!calendar_.empty() && !says_.calendar) return no_place("has the calendar " + calendar_);
  if (!days_.empty() && !says_.adjusted_as_of) return no_place("is adjusted as of " + days_.front().second);
  std::vector<const common::v1::Column*> cells(columns_.size(), nullptr);
  for (const common::v1::Column& column : batch.columns()) {
    const auto place = std::find(columns_.begin(), columns_.end(), column.name());
    if (place == columns_.end()) {
      return no_place("has the column " + column.name());
    }
    cells[static_cast<size_t>(place - columns_.begin())] = &column;
  }
  std::string lines;
  for (int row = 0; row < batch.times_unix_ns_size(); ++row) {
    lines += batch.key().symbol();
    lines += ',';
    lines += TimeText(batch.times_unix_ns(row));
    for (const std::string& text : description_) lines += fmt::format(",{}", text);
    if (says_.calendar) lines += fmt::format(",{}", calendar_);
    if (says_.adjusted_as_of) lines += fmt::format(",{}", DayAt(batch.times_unix_ns(row)));
    for (const common::v1::Column* column : cells) {
      lines += ',';
      if (column != nullptr) lines += CellText(*column, row);
    }
    lines += '\n';
  }
  out_ << lines;
  return absl::OkStatus();
}

void SeriesWriter::WriteJson(const common::v1::ColumnarBatch& batch) {
  for (int row = 0; row < batch.times_unix_ns_size(); ++row) {
    nlohmann::ordered_json entry{{"symbol", batch.key().symbol()}, {"time", TimeText(batch.times_unix_ns(row))}};
    for (size_t i = 0; i < kDescription.size(); ++i) {
      if (!description_[i].empty()) entry[std::string(kDescription[i])] = description_[i];
    }
    if (!calendar_.empty()) entry[std::string(kCalendar)] = calendar_;
    if (!days_.empty()) entry[std::string(kAdjustedAsOf)] = std::string(DayAt(batch.times_unix_ns(row)));
    for (const common::v1::Column& column : batch.columns()) {
      nlohmann::ordered_json& cell = entry[column.name()];
      if (Missing(column, row)) continue;  // stays null
      if (column.double_values_size() > 0) {
        cell = column.double_values(row);
      } else if (column.int_values_size() > 0) {
        cell = column.int_values(row);
      } else {
        cell = column.text_values(row);
      }
    }
    out_ << entry.dump() << '\n';
  }
}

}  // namespace breadthflow::cli
