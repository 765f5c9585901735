#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/series.h"
#include "services/data/domain/adjustment.h"

namespace breadthflow::data {

// Events by row of a bar series of n rows: n + 1 values, the last for what comes after the last row. nullopt: not
// known.
struct RowEvents {
  std::optional<std::vector<double>> splits;     // 1 where there was none
  std::optional<std::vector<double>> dividends;  // 0 where there was none; per share of the row's basis
};

// From `actions`, else from the series' columns where these are complete. Later dividends count only with
// `later_dividends`. Errors as Adjust.
absl::StatusOr<RowEvents> EventsByRow(const quant::Series& bars, const CorporateActions& actions, bool later_dividends);

// Of prices as traded, the splits of the rows of `splits` by row of `bars`, as RowEvents. Empty where `splits` is null
// or its rows are no splits, and of other prices: a split is no reason for a jump of those.
std::vector<double> DeclaredSplits(const quant::Series& bars, const quant::Series* splits,
                                   const quant::Calendar& calendar);

// The splits that rows of `split` say, ascending by ex-date: of two publications for one the later. Errors as Adjust.
struct DatedSplit {
  absl::CivilDay ex_date;
  double ratio = 1;
};
absl::StatusOr<std::vector<DatedSplit>> DatedSplits(const quant::Series& splits);

// The splits of `actions`, else of the column split_ratio, one by one in the order in which they take effect; nullopt:
// not known. Errors as Adjust.
struct SplitEvent {
  int64_t effect_ns = 0;  // when it takes effect; of a column an instant just before its row
  size_t row = 0;         // the first row that it holds for; the number of rows: after the last
  double ratio = 1;
};
absl::StatusOr<std::optional<std::vector<SplitEvent>>> SplitEvents(const quant::Series& bars,
                                                                   const CorporateActions& actions);

// A column of doubles without a missing value.
bool IsComplete(const quant::Series& series, std::string_view name);

// FAILED_PRECONDITION that says which prices and why not.
absl::Status RefuseAdjustment(std::string_view reason, const quant::Series& series, std::string_view why);

}  // namespace breadthflow::data
