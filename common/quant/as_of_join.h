#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"

namespace breadthflow::quant {

// Whether row `candidate`, published after row `current` or with it but later in the series, takes its place as what is
// known.
using Replaces = std::function<bool(const Series& right, size_t current, size_t candidate)>;

// A row replaces one whose value in `column` (text, numbers) is not above its own: with "period_end", a restatement of
// an earlier period does not hide the current one, and of the periods of one filing the last counts. A missing value
// never replaces a present one. A series without the column is joined as by time.
Replaces ByColumn(std::string column);

struct AsOfOptions {
  // A row is known from its time on and for this long: at `time + ttl` for the last time. Then its values are missing.
  absl::Duration ttl = absl::InfiniteDuration();
  std::vector<std::string> columns;  // what to take, in that order; empty: all
  // A value that a row does not have hides what earlier rows had (false: the row as it was published), or each column
  // keeps its last present value (true) for as long as the row that had it lives.
  bool skip_missing = false;
  // Which of two known rows counts; empty: the later one, of rows of one instant the last.
  Replaces replaces;
};

// For each of `times` (ascending; repeats allowed) the row of `right` that was known then: right.time <= time, never a
// later one. `right` is ascending by time too and may have several rows at an instant.
//
// Returns a series with the key and basis of `right`, `times` as its times and the columns of `right`; where nothing
// is known (before the first row, after the ttl) the value is missing. INVALID_ARGUMENT INVALID_JOIN: times out of
// order, unknown columns, columns of another length, a negative ttl. O(times + rows) for each column.
absl::StatusOr<Series> AsOfJoin(std::span<const int64_t> times, const Series& right, const AsOfOptions& options = {});

}  // namespace breadthflow::quant
