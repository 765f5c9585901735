#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

#include "common/columnar/stream.h"
#include "common/quant/series.h"

// One column of a chunk:
//   2  length of the name, and the name
//   1  type (quant::ColumnType)
//   1  1 when some values are missing
//   4  length of the rest of this column
//   presence, when values are missing: one bit a row, lowest first, as one block
//   values
namespace breadthflow::columnar {

// A column as it lies in a chunk, undecoded.
struct ColumnEntry {
  std::string_view name;
  quant::ColumnType type = quant::ColumnType::kDouble;
  bool has_missing = false;
  std::string_view body;
};

// Writes rows [begin, end). INVALID_ARGUMENT when the column has no name, too long a name, or too much text.
absl::Status PutColumn(const quant::Column& column, size_t begin, size_t end, ByteWriter& out);

// The next column; false when the bytes are damaged.
bool ReadEntry(ByteReader& in, ColumnEntry& entry);

// Decodes a column of `rows` rows into rows [at, at + rows) of `column`, which has that type and is long enough.
// DATA_LOSS CORRUPT_CHUNK when the bytes are damaged.
absl::Status GetColumn(const ColumnEntry& entry, size_t at, size_t rows, quant::Column& column);

// DATA_LOSS CORRUPT_CHUNK.
absl::Status CorruptChunk(std::string_view what);

}  // namespace breadthflow::columnar
