#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/hash.h"
#include "common/quant/series.h"

// Stored rows against new ones: are they the same, and one series out of both.
namespace breadthflow::columnar {

// A column of two series side by side, by name; a side that does not have it is null.
struct ColumnPair {
  const quant::Column* stored = nullptr;
  const quant::Column* fresh = nullptr;
};

// INVALID_ARGUMENT COLUMN_TYPE_CHANGED when the two sides of a column differ in type.
absl::StatusOr<std::vector<ColumnPair>> PairColumns(const quant::Series& stored, const quant::Series& fresh);

// Equal to the bit, missing values equal to each other and to absent columns. Times are not compared.
bool SameRow(const std::vector<ColumnPair>& pairs, size_t stored_row, size_t fresh_row);
// Stored rows [0, rows) against fresh rows from `fresh_begin` on.
bool SameRows(const std::vector<ColumnPair>& pairs, size_t rows, size_t fresh_begin);

// A row of either side.
struct PickedRow {
  bool from_fresh;
  size_t row;
};

// The picked values of one column, in the order given.
quant::Column PickColumn(const ColumnPair& pair, const std::vector<PickedRow>& picked);

// SHA-256 over the times and values of rows [begin, end): equal exactly when the times are and SameRows holds, whatever
// the order of the columns. For comparing rows with stored ones that were not read.
base::Sha256Digest RowsDigest(const quant::Series& series, size_t begin, size_t end);

}  // namespace breadthflow::columnar
