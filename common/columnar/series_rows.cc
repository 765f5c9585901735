#include "common/columnar/series_rows.h"

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>

#include "common/base/status.h"

namespace breadthflow::columnar {

using quant::Column;
using quant::ColumnType;
using quant::Series;

namespace {

absl::Status Refused(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_SERIES", what);
}

// Asks for large pages where `bytes` from `begin` on are enough for some: taking fresh memory page by page costs as
// much as decoding into it. A kernel that has none changes nothing.
void PreferLargePages(void* begin, size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  if (std::align(kLargePage, kLargePage, begin, bytes) == nullptr) return;
  static_cast<void>(::madvise(begin, bytes & ~(kLargePage - 1), MADV_HUGEPAGE));
}

}  // namespace

void ReserveTimes(std::vector<int64_t>& times, size_t capacity) {
  if (capacity <= times.capacity()) return;
  times.reserve(capacity);
  PreferLargePages(times.data(), times.capacity() * sizeof(int64_t));
}

Column EmptyColumn(std::string_view name, ColumnType type) {
  Column column{std::string(name), {}, {}};
  if (type == ColumnType::kInt64) column.values = std::vector<int64_t>();
  if (type == ColumnType::kText) column.values = std::vector<std::string>();
  return column;
}

void Resize(Column& column, size_t size, size_t capacity) {
  std::visit(
      [&](auto& values) {
        if (capacity > values.capacity()) {
          values.reserve(capacity);
          PreferLargePages(values.data(), values.capacity() * sizeof(*values.data()));
        }
        values.resize(size);
      },
      column.values);
}

void AddMissing(Column& column, size_t from, size_t to) {
  if (from == to) return;
  column.valid.resize(from, true);
  column.valid.resize(to, false);
  Resize(column, to);
}

Column* Obtain(Series& series, size_t hint, std::string_view name, ColumnType type, size_t rows) {
  if (hint >= series.columns.size() || series.columns[hint].name != name) {
    hint = 0;
    while (hint < series.columns.size() && series.columns[hint].name != name) ++hint;
  }
  if (hint == series.columns.size()) {
    series.columns.push_back(EmptyColumn(name, type));
    AddMissing(series.columns.back(), 0, rows);
  }
  Column& column = series.columns[hint];
  return column.type() == type ? &column : nullptr;
}

size_t InstantEnd(const std::vector<int64_t>& times, size_t row) {
  const int64_t instant = times[row];
  while (row < times.size() && times[row] == instant) ++row;
  return row;
}

void EraseRows(Series& series, size_t begin, size_t end) {
  const auto erase = [&](auto& values) {
    values.erase(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end));
  };
  erase(series.times);
  for (Column& column : series.columns) {
    std::visit(erase, column.values);
    if (!column.valid.empty()) erase(column.valid);
  }
}

absl::Status AppendRows(Series&& tail, Series& head) {
  head.repeats |= tail.repeats;
  if (tail.empty()) return absl::OkStatus();
  if (head.empty() && head.columns.empty()) {
    head.times = std::move(tail.times);
    head.columns = std::move(tail.columns);
    return absl::OkStatus();
  }
  if (!head.empty() && tail.times.front() <= head.times.back()) return Refused("rows to append must follow");
  for (const Column& column : tail.columns) {
    const Column* known = head.Find(column.name);
    if (known != nullptr && known->type() != column.type()) {
      return Refused(fmt::format("column {} changes its type", column.name));
    }
  }
  const size_t at = head.size();
  const size_t end = at + tail.size();
  for (size_t i = 0; i < tail.columns.size(); ++i) {
    Column& from = tail.columns[i];
    Column* to = Obtain(head, i, from.name, from.type(), at);
    std::visit(
        [&](auto& values) {
          auto& more = std::get<std::decay_t<decltype(values)>>(from.values);
          values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        },
        to->values);
    if (!from.valid.empty()) {
      to->valid.resize(at, true);
      to->valid.insert(to->valid.end(), from.valid.begin(), from.valid.end());
    } else if (!to->valid.empty()) {
      to->valid.resize(end, true);
    }
  }
  head.times.insert(head.times.end(), tail.times.begin(), tail.times.end());
  for (Column& column : head.columns) {
    if (column.size() == at) AddMissing(column, at, end);
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::columnar
