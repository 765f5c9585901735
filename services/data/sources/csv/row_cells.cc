#include "services/data/sources/csv/row_cells.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "services/data/domain/resource.h"
#include "services/data/sources/csv/description.h"

namespace breadthflow::data::csv {

RowCells::RowCells(const FileContext& context) : context_(context) {
  const Layout& layout = context.layout;
  for (const FieldOrder& order : context.resource.orders) pairs_.push_back({.order = &order, .low = {}, .high = {}});
  FindRest();
  const auto add = [&](const std::vector<Column>& columns) {
    for (const Column& column : columns) {
      const auto found = context.headers.find(column.header);
      if (found != context.headers.end()) Add(column, found->second);
    }
  };
  add(layout.columns);
  add(rest_);
  for (const auto& [field, text] : layout.constants) {
    constants_.emplace_back(context.sink.Index(field, quant::ColumnType::kText), text);
  }
}

// The columns that the layout does not name.
void RowCells::FindRest() {
  const Layout& layout = context_.layout;
  if (!layout.rest_as_numbers && !layout.as_written) return;
  for (const auto& [header, cell] : context_.headers) {
    if (layout.Names(header) || IsDescription(header)) continue;
    if (layout.as_written) {
      extras_.push_back({header, cell});
    } else {
      rest_.push_back({.header = header, .field = "csv." + header});
    }
  }
}

// What stands for no value.
bool RowCells::Missing(const Row& row, size_t cell) const {
  return context_.layout.as_written ? row.cells[cell].empty() && !row.Quoted(cell) : IsNone(row.cells[cell]);
}

void RowCells::Add(const Column& column, size_t cell) {
  Target target{.column = &column, .cell = cell};
  if (!column.field.empty()) {
    target.stored = true;
    target.sink = context_.sink.Index(column.field, column.type);
    target.field = context_.sink.FieldOf(target.sink);
    target.type = context_.sink.TypeOf(target.sink);
  } else if (column.same_as.empty()) {
    return;
  }
  targets_.push_back(target);
}

bool RowCells::Blank(const Row& row) const {
  return std::all_of(targets_.begin(), targets_.end(),
                     [&](const Target& target) { return row.cells[target.cell].empty(); });
}

bool RowCells::ReadUnderlying(const Row& row) {
  if (!context_.Cell(row, "strike").empty()) return false;
  underlying_.clear();
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    const std::string_view cell = context_.Cell(row, name);
    const std::optional<double> value = ParseNumber(cell);
    if (!value) {
      context_.Complain(row.line,
                        fmt::format("{} of the underlying must be a number, was '{}'", name, cell.substr(0, 40)));
      continue;
    }
    const std::string field =
        name == std::string_view("close") ? "underlying_price" : fmt::format("csv.underlying_{}", name);
    underlying_.push_back({field, context_.sink.Index(field, quant::ColumnType::kDouble), *value});
  }
  return true;
}

void RowCells::Put(const Row& row, bool begun) {
  for (Pair& pair : pairs_) {
    pair.low.reset();
    pair.high.reset();
  }
  const size_t faults = context_.faults.count();
  for (const Target& target : targets_) PutOne(row, target, begun);
  if (context_.faults.count() == faults) {
    for (const Pair& pair : pairs_) {
      if (const auto fault = OrderFault(*pair.order, pair.low, pair.high)) context_.Complain(row.line, *fault);
    }
  }
  if (!begun) return;
  for (Extra& extra : extras_) PutExtra(row, extra);
  for (const auto& [index, text] : constants_) context_.sink.Put(index, text);
  for (const Underlying& one : underlying_) context_.sink.Put(one.sink, one.value);
}

void RowCells::PutOne(const Row& row, const Target& target, bool begun) {
  const Column& column = *target.column;
  const std::string_view cell = row.cells[target.cell];
  if (!column.same_as.empty()) {
    const std::optional<double> value = ParseNumber(cell);
    if (!value || value != ParseNumber(context_.Cell(row, column.same_as))) {
      context_.Complain(
          row.line, fmt::format("{} must be equal to {}, was '{}'", column.header, column.same_as, cell.substr(0, 40)));
    }
    return;
  }
  if (!column.only_with.empty()) {
    const std::string_view other = context_.Cell(row, column.only_with);
    if (IsNone(other) || ParseNumber(other) == 0.0) {
      if (!IsNone(cell) && ParseNumber(cell) != 0.0) {
        context_.Complain(row.line, fmt::format("there is a {} but no {}", column.header, column.only_with));
      }
      return;
    }
  }
  const bool required = target.field != nullptr && target.field->required;
  if (Missing(row, target.cell) && !required) return;
  std::string_view value = cell;
  if (!column.words.empty()) {
    const auto word =
        std::find_if(column.words.begin(), column.words.end(), [&](const auto& one) { return one.first == cell; });
    if (word == column.words.end()) {
      context_.Complain(row.line,
                        fmt::format("{} has no meaning for {}: '{}'", column.header, column.field, cell.substr(0, 40)));
      return;
    }
    value = word->second;
  }
  if (target.type == quant::ColumnType::kDouble) return PutNumber(row, target, value, begun);
  if (target.type == quant::ColumnType::kInt64) return PutInteger(row, target, value, begun);
  PutText(row, target, value, begun);
}

void RowCells::PutNumber(const Row& row, const Target& target, std::string_view cell, bool begun) {
  const Column& column = *target.column;
  const std::string& name = target.field != nullptr ? target.field->name : column.header;
  std::optional<double> value = ParseNumber(cell);
  if (!value) {
    context_.Complain(row.line, fmt::format("{} must be a number, was '{}'", name, cell.substr(0, 40)));
    return;
  }
  if (*value == 0 && column.zero_is_none) return;
  if (*value == 0 && column.zero) value = column.zero;
  if (column.divisor != 1) value = *value == 0 ? 0 : *value / column.divisor;
  if (!column.share_of.empty()) {
    const std::optional<double> whole = ParseNumber(context_.Cell(row, column.share_of));
    if (!whole || !(*whole > 0)) return;
    value = *value / *whole;
  }
  if (column.offset != 0) *value += column.offset;
  if (target.field != nullptr) {
    if (const auto fault = Fault(*target.field, *value)) {
      context_.Complain(row.line, *fault);
      return;
    }
    Note(*target.field, *value);
  }
  if (begun) context_.sink.Put(target.sink, *value);
}

void RowCells::Note(const Field& field, double value) {
  for (Pair& pair : pairs_) {
    if (pair.order->low == field.name) pair.low = value;
    if (pair.order->high == field.name) pair.high = value;
  }
}

void RowCells::PutInteger(const Row& row, const Target& target, std::string_view cell, bool begun) {
  const std::string& name = target.field != nullptr ? target.field->name : target.column->header;
  std::optional<int64_t> value = ParseInteger(cell);
  int64_t nanos = 0;
  if (value && target.column->times_unit) {
    value = __builtin_mul_overflow(*value, context_.layout.time.unit_ns, &nanos) ? std::nullopt : std::optional(nanos);
  }
  if (!value) {
    context_.Complain(row.line, fmt::format("{} must be a whole number, was '{}'", name, cell.substr(0, 40)));
    return;
  }
  if (target.field != nullptr) {
    if (const auto fault = Fault(*target.field, *value)) {
      context_.Complain(row.line, *fault);
      return;
    }
    Note(*target.field, static_cast<double>(*value));
  }
  if (begun) context_.sink.Put(target.sink, *value);
}

void RowCells::PutText(const Row& row, const Target& target, std::string_view cell, bool begun) {
  std::string value(cell);
  if (target.field != nullptr && Missing(row, target.cell)) {  // only what is required comes here without a value
    context_.Complain(row.line, fmt::format("{} is missing", target.field->name));
    return;
  }
  if (target.field != nullptr && target.field->date) {
    if (const auto day = ParseDay(cell, context_.options.date_order)) value = absl::FormatCivilTime(*day);
  }
  if (target.field != nullptr) {
    if (const auto fault = Fault(*target.field, value)) {
      context_.Complain(row.line, *fault);
      return;
    }
  }
  if (begun) context_.sink.Put(target.sink, std::move(value));
}

void RowCells::PutExtra(const Row& row, Extra& extra) {
  if (Missing(row, extra.cell)) return;
  const std::string_view cell = row.cells[extra.cell];
  const std::optional<int64_t> whole = ParseInteger(cell);
  const std::optional<double> number = ParseNumber(cell);
  if (!extra.sink) {
    const auto type = row.Quoted(extra.cell) ? quant::ColumnType::kText
                      : whole                ? quant::ColumnType::kInt64
                                             : quant::ColumnType::kDouble;
    extra.sink = context_.sink.Index(extra.name, type);
  }
  const quant::ColumnType type = context_.sink.TypeOf(*extra.sink);
  if (type == quant::ColumnType::kText && row.Quoted(extra.cell)) {
    context_.sink.Put(*extra.sink, std::string(cell));
  } else if (type == quant::ColumnType::kInt64 && whole) {
    context_.sink.Put(*extra.sink, *whole);
  } else if (type == quant::ColumnType::kDouble && number && !row.Quoted(extra.cell)) {
    context_.sink.Put(*extra.sink, *number);
  } else {
    constexpr std::array<std::string_view, 3> kMust = {"a number", "a whole number", "a text in quotes"};
    context_.Complain(row.line, fmt::format("{} must be {} as in the rows before, was '{}'", extra.name,
                                            kMust[static_cast<size_t>(type) - 1], cell.substr(0, 40)));
  }
}

}  // namespace breadthflow::data::csv
