#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/quant/series.h"

// Rows of a Series changed in place: what decoding and merging need to put rows of different columns together.
namespace breadthflow::columnar {

quant::Column EmptyColumn(std::string_view name, quant::ColumnType type);

// Room for `capacity` rows, of which there are `size`; the presence flags stay as they are.
void Resize(quant::Column& column, size_t size, size_t capacity = 0);

// Room for `capacity` times.
void ReserveTimes(std::vector<int64_t>& times, size_t capacity);

// Gives a column that ends at row `from` missing values up to row `to`.
void AddMissing(quant::Column& column, size_t from, size_t to);

// The column of that name, made with `rows` missing values if there is none; nullptr when its type differs. `hint` is
// where it is likely to be.
quant::Column* Obtain(quant::Series& series, size_t hint, std::string_view name, quant::ColumnType type, size_t rows);

// The first row behind the instant of row `row`.
size_t InstantEnd(const std::vector<int64_t>& times, size_t row);

void EraseRows(quant::Series& series, size_t begin, size_t end);

// Appends the rows of `tail`, which are all later, to `head`: union of the columns, missing where absent; `head`
// repeats when either does. INVALID_ARGUMENT when rows do not follow or a column changes its type.
absl::Status AppendRows(quant::Series&& tail, quant::Series& head);

}  // namespace breadthflow::columnar
