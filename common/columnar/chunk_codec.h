#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/quant/series.h"

// The bytes of a Series at rest and on the wire between our own processes. One chunk holds the times and columns of up
// to kMaxChunkRows rows; the key and the price basis travel beside it, so that equal values are equal bytes.
//
// A chunk is one block or several back to back, each of up to kRowsPerBlock rows (more where they share an instant) and
// to be read on its own: who wants few rows fetches few blocks. Layout of a block, all little-endian:
//   8   magic "BFCHUNK2", or "BFCHUNK1" of builds before integers were packed, which is still read
//   8   XXH64 of everything after this field, to the end of the block
//   4   rows, 2 columns, 2 flags: bit 0 set exactly when rows share an instant, bit 1 when another block of the chunk
//       follows, the others 0
//   8+8 first and last time, Unix nanoseconds
//   then for `times` and for each column: a directory entry and its payload (see chunk_block.cc)
// Doubles are stored as deltas of decimal-scaled integers where that is exact to the bit, with single exceptions kept
// aside, else as deltas of their bit patterns; integers as deltas over their greatest common divisor; every stream of
// deltas is packed to as few bits as nearly all of it needs, or, where that is a fifth smaller, split into byte planes,
// each compressed by zstd level 1.
//
// Encoding is a pure function of the rows: the same rows give the same bytes on every machine (of one zstd version).
// All functions are thread-safe.
namespace breadthflow::columnar {

inline constexpr size_t kRowsPerChunk = 8192;  // what ChunkStore writes
inline constexpr size_t kRowsPerBlock = 1024;
inline constexpr size_t kMaxChunkRows = 65536;  // what DecodeChunk accepts
inline constexpr size_t kMaxChunkColumns = 1024;

// What is known of a chunk without decoding its columns.
struct ChunkInfo {
  size_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  std::vector<std::string> columns;
};

// Where the chunk that begins at row `begin` ends: after kRowsPerChunk rows or the last one, and never within an
// instant: before the instant that would be divided, or, when `begin` is of that instant too, behind it.
size_t ChunkEnd(const std::vector<int64_t>& times, size_t begin);

// Encodes rows [begin, end) of `series`. INVALID_ARGUMENT when there are no rows or more than kMaxChunkRows, lengths
// differ, or times are not strictly ascending (not descending, when the series `repeats`). Doubles may be NaN or
// infinite; their bits are kept.
// A value that is missing loses whatever filled its slot: it decodes as 0, 0.0 or "".
absl::StatusOr<std::string> EncodeChunk(const quant::Series& series, size_t begin, size_t end);
absl::StatusOr<std::string> EncodeChunk(const quant::Series& series);

// DATA_LOSS (reason CORRUPT_CHUNK) when the bytes are not a chunk: wrong magic, checksum, lengths or order of times.
// Safe on any bytes whatever; allocates no more than the row count of the header justifies.
absl::StatusOr<ChunkInfo> InspectChunk(std::string_view bytes);

// Where a block ends.
struct BlockEnd {
  int64_t last_time_ns = 0;
  size_t bytes = 0;  // from the beginning of the chunk
};
// The blocks of a chunk, in order. DATA_LOSS when the lengths do not fit; checksums are not looked at.
absl::StatusOr<std::vector<BlockEnd>> ChunkBlocks(std::string_view bytes);

// Decodes a chunk into a series with an empty key, which `repeats` when rows of the chunk do. `columns`, when not
// empty, names the only columns wanted: the others are skipped without being decompressed; names that the chunk does
// not have are ignored. Errors as InspectChunk.
absl::StatusOr<quant::Series> DecodeChunk(std::string_view bytes, const std::vector<std::string>& columns = {});

// Decodes a chunk and appends those of its rows whose time is in `range` to `series`, whose key and basis stay; it
// `repeats` from then on when rows of the chunk do. Of a chunk whose first or last blocks are left out the rest is
// read; blocks at its end may be absent only when they hold nothing of `range`. A column that only one side has is
// missing in the rows of the other. DATA_LOSS as above, also when the rows are not all later than those already there
// or a column changes its type; `series` is then in a valid but unspecified state.
absl::Status AppendChunk(std::string_view bytes, quant::TimeRange range, const std::vector<std::string>& columns,
                         quant::Series& series);

}  // namespace breadthflow::columnar
