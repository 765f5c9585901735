#include "services/training/domain/split.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::training {
namespace {

constexpr size_t kMinTrainRows = 50;
constexpr size_t kMinHoldoutRows = 20;
constexpr int64_t kDayNs = int64_t{86400} * 1'000'000'000;

int64_t DateOf(int64_t time_ns) { return time_ns >= 0 ? time_ns / kDayNs : -((kDayNs - 1 - time_ns) / kDayNs); }

// Distinct values of an ascending list.
std::vector<int64_t> Distinct(std::vector<int64_t> ascending) {
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  return ascending;
}

absl::Status TooFew(std::string_view message) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS", message);
}

}  // namespace

absl::StatusOr<Split> SplitByTime(const quant::Matrix& rows, double holdout_share, int purge_bars) {
  std::vector<int64_t> dates;
  dates.reserve(rows.size());
  for (int64_t time : rows.time) dates.push_back(DateOf(time));
  dates = Distinct(std::move(dates));
  if (dates.size() < 2)
    return TooFew(fmt::format("training needs rows of at least 2 dates, has {} rows of {}", rows.size(), dates.size()));

  const auto held_out = static_cast<size_t>(std::ceil(holdout_share * static_cast<double>(dates.size())));
  const int64_t first_date = dates[dates.size() - std::min(held_out, dates.size() - 1)];
  const auto start = std::partition_point(rows.time.begin(), rows.time.end(),
                                          [first_date](int64_t time) { return DateOf(time) < first_date; });
  Split split;
  split.holdout_start_ns = *start;

  const std::vector<int64_t> before = Distinct(std::vector<int64_t>(rows.time.begin(), start));
  const auto purge = std::min(static_cast<size_t>(purge_bars), before.size());
  // Decisions at or after this instant are purged.
  const int64_t purge_from = purge == 0 ? split.holdout_start_ns : before[before.size() - purge];

  size_t positives = 0;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (rows.time[row] >= split.holdout_start_ns) {
      split.holdout.push_back(row);
    } else if (rows.time[row] < purge_from && rows.exit[row] < split.holdout_start_ns) {
      split.train.push_back(row);
      positives += rows.target[row] == 1 ? 1 : 0;
    } else {
      ++split.purged;
    }
  }
  if (split.train.size() < kMinTrainRows || split.holdout.size() < kMinHoldoutRows)
    return TooFew(fmt::format(
        "training needs at least {} rows to learn from and {} to score on; of {} rows {} and {} are left, {} purged",
        kMinTrainRows, kMinHoldoutRows, rows.size(), split.train.size(), split.holdout.size(), split.purged));
  if (positives == 0 || positives == split.train.size())
    return TooFew(fmt::format("training needs rows of both classes; all {} are of one", split.train.size()));
  return split;
}

}  // namespace breadthflow::training
