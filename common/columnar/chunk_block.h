#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/columnar/stream.h"
#include "common/quant/series.h"

// The blocks that a chunk is made of; their layout is in chunk_codec.h. All functions are thread-safe, and safe on any
// bytes whatever.
namespace breadthflow::columnar {

inline constexpr size_t kBlockHeaderBytes = 40;

struct BlockHeader {
  size_t rows = 0;
  size_t columns = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  bool repeats = false;    // rows share an instant
  bool continues = false;  // another block of the chunk follows
};

// Bytes of the block that `bytes` begin with; they say so themselves, part by part. DATA_LOSS.
absl::StatusOr<size_t> BlockBytes(std::string_view bytes);
// `bytes` are one block. DATA_LOSS when the checksum differs or the header is none.
absl::StatusOr<BlockHeader> ReadBlockHeader(std::string_view bytes);

// Appends all rows of a block to `series`, but only those columns that are named when any are. DATA_LOSS, with the
// series as long as before.
absl::Status AppendBlock(std::string_view bytes, const BlockHeader& header, const std::vector<std::string>& columns,
                         quant::Series& series);

// Writes rows [begin, end) of `series` as a block. INVALID_ARGUMENT INVALID_SERIES.
absl::Status EncodeBlock(const quant::Series& series, size_t begin, size_t end, bool continues, ByteWriter& out);

// INVALID_ARGUMENT INVALID_SERIES unless the times ascend from row to row; with `repeats` they may also stay.
// `repeated` tells whether one did stay.
absl::Status CheckTimes(std::span<const int64_t> times, bool repeats, bool& repeated);

// INVALID_ARGUMENT INVALID_SERIES.
absl::Status RefusedSeries(std::string_view what);

}  // namespace breadthflow::columnar
