#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/hash.h"
#include "common/quant/series.h"

// How new rows join the chunks of a series: pure, so that every case can be tested without a database. The unit is the
// instant: its rows are compared and replaced together, in their order, and are never divided between chunks.
namespace breadthflow::columnar {

// A chunk of the newest version.
struct StoredPart {
  int64_t id = 0;
  int64_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  std::optional<base::Sha256Digest> digest;  // RowsDigest of its rows, where it is known
};

// Rows of one instant are compared by their place in it: where they differ they are revised, what is more is inserted,
// what is less removed.
struct MergeResult {
  std::vector<int64_t> closed_ids;
  int64_t rows_inserted = 0;
  int64_t rows_revised = 0;
  int64_t rows_removed = 0;
};

// Merges `fresh` into the chunks `parts` (ascending, not overlapping) of the newest version.
//
// `load` gives the rows of a part; it is called for those parts only that the new rows (or `replaces`) overlap and
// whose digest differs from theirs, and for small ones at the end when the new rows follow them: a part is taken up
// when it is at most twice what comes behind it, so that appending row by row rewrites each row a logarithmic number of
// times and never a large chunk. `emit` is given the rows of each new chunk: [begin, end) of a series, at most
// kRowsPerChunk, or one larger instant. Parts whose rows do not change stay. INVALID_ARGUMENT when a column would
// change its type, or one instant has more than kMaxChunkRows rows.
absl::StatusOr<MergeResult> MergeSeries(
    const std::vector<StoredPart>& parts, const quant::Series& fresh, std::optional<quant::TimeRange> replaces,
    const std::function<absl::StatusOr<quant::Series>(const StoredPart&)>& load,
    const std::function<absl::Status(const quant::Series&, size_t begin, size_t end)>& emit);

}  // namespace breadthflow::columnar
