#include "services/cli/series_batch.h"

#include <cmath>
#include <utility>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

using quant::ColumnType;

constexpr size_t kRows = 4096;              // of a message at most
constexpr size_t kBytes = size_t{1} << 20;  // of a message at most, about

// Fills up to `rows` with values that are missing.
template <typename Values, typename Neutral>
void Fill(common::v1::Column& column, Values& values, int rows, const Neutral& neutral) {
  while (values.size() < rows) {
    column.add_missing_rows(values.size());
    *values.Add() = neutral;
  }
}

}  // namespace

absl::Status WrongLine(const std::string& file, int64_t line, std::string_view text) {
  base::Violations violations;
  violations.Add(fmt::format("{}:{}", file, line), text);
  return violations.ToStatus(fmt::format("{} can not be read", file), "INVALID_FILE");
}

bool SeriesBatch::Ends(const std::string& symbol) const {
  return !lines_.empty() && (symbol != symbol_ || lines_.size() >= kRows || bytes_ >= kBytes);
}

absl::Status SeriesBatch::Begin(const std::string& symbol, const std::string& time, int64_t line) {
  absl::Time instant;
  std::string error;
  if (symbol.empty()) return WrongLine(file_, line, "the symbol is missing");
  if (!absl::ParseTime(absl::RFC3339_full, time, &instant, &error)) {
    return WrongLine(
        file_, line,
        fmt::format("the time must be an instant like 2024-01-31T21:00:00Z, was '{}'", time.substr(0, 64)));
  }
  const int64_t nanos = absl::ToUnixNanos(instant);
  if (absl::FromUnixNanos(nanos) != instant) {
    return WrongLine(file_, line,
                     fmt::format("the time must lie in 1678 to 2261 and have at most nine decimals, was '{}'", time));
  }
  if (symbol == symbol_ && !fresh_ && nanos < last_) {
    return WrongLine(file_, line, "rows of one symbol must be oldest first");
  }
  symbol_ = symbol;
  last_ = nanos;
  fresh_ = false;
  times_.push_back(nanos);
  lines_.push_back(line);
  return absl::OkStatus();
}

absl::Status SeriesBatch::Put(const std::string& name, CellValue value) {
  using Kind = CellValue::Kind;
  if (value.kind == Kind::kMissing) return absl::OkStatus();
  bytes_ += sizeof(double) + value.text.size();
  std::optional<ColumnType>& type = seen_[name];
  if (!type) type = TypeOf(name);
  if (!type) {
    type = value.kind == Kind::kText     ? ColumnType::kText
           : value.kind == Kind::kNumber ? ColumnType::kDouble
                                         : ColumnType::kInt64;
  }
  const auto wrong = [&](std::string_view what) {
    return WrongLine(file_, lines_.back(), fmt::format("{} must be {}", name, what));
  };
  common::v1::Column& column = ColumnOf(name);
  const int row = static_cast<int>(times_.size()) - 1;
  switch (*type) {
    case ColumnType::kDouble:
      if (value.kind == Kind::kText) return wrong("a number");
      if (value.kind == Kind::kWhole) value.number = static_cast<double>(value.whole);
      if (!std::isfinite(value.number)) return wrong("a finite number");
      Fill(column, *column.mutable_double_values(), row, 0.0);
      column.add_double_values(value.number);
      break;
    case ColumnType::kInt64:
      if (value.kind != Kind::kWhole) return wrong("a whole number");
      Fill(column, *column.mutable_int_values(), row, int64_t{0});
      column.add_int_values(value.whole);
      break;
    case ColumnType::kText:
      if (value.kind != Kind::kText) return wrong("a text");
      Fill(column, *column.mutable_text_values(), row, "");
      column.add_text_values(std::move(value.text));
      break;
  }
  return absl::OkStatus();
}

std::optional<ColumnType> SeriesBatch::TypeOf(const std::string& name) const {
  const auto known = types_.find(name);
  if (known == types_.end()) return std::nullopt;
  return known->second;
}

bool SeriesBatch::Take(common::v1::SeriesMessage& message, std::vector<int64_t>& lines) {
  message.Clear();
  lines = std::exchange(lines_, {});
  if (times_.empty()) return false;
  common::v1::ColumnarBatch& batch = *message.mutable_packed();
  batch.mutable_key()->set_symbol(symbol_);
  batch.mutable_times_unix_ns()->Add(times_.begin(), times_.end());
  const int rows = static_cast<int>(times_.size());
  for (const std::string& name : order_) {
    common::v1::Column& column = columns_[name];
    if (column.double_values_size() > 0) Fill(column, *column.mutable_double_values(), rows, 0.0);
    if (column.int_values_size() > 0) Fill(column, *column.mutable_int_values(), rows, int64_t{0});
    if (column.text_values_size() > 0) Fill(column, *column.mutable_text_values(), rows, "");
    *batch.add_columns() = std::move(column);
  }
  times_.clear();
  columns_.clear();
  order_.clear();
  bytes_ = 0;
  return true;
}

common::v1::Column& SeriesBatch::ColumnOf(const std::string& name) {
  const auto [column, is_new] = columns_.try_emplace(name);
  if (is_new) {
    column->second.set_name(name);
    order_.push_back(name);
  }
  return column->second;
}

}  // namespace breadthflow::cli
