#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Sessions that have closed since the last row, where what was asked for reaches to the instant of reading. A range
// that ends before it is the matter of asked_range.
QualityCheckEntry Freshness();

QualityCheckEntry Freshness() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "freshness", "1.0.0",
                "The last row is not older than the last sessions before the instant of reading (daily series)."};
  entry.params = {component::IntParam("max_sessions", 1, 0, 10000, "sessions",
                                      "So many sessions may have closed since the last row.")};
  entry.weight = 0;  // says something of today, nothing of the rows there are
  entry.advice = "fetch the sessions since the last row, unless the series has ended";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    if (input.series.empty() || input.series.key.timeframe != quant::Timeframe::kDay) return std::vector<Finding>{};
    const int64_t end = input.as_of_ns;
    const int64_t last = input.series.times.back();
    const bool reaches = end < INT64_MAX && input.range.end_ns > end;
    if (end <= last || !reaches || !input.calendar.says_hours()) return std::vector<Finding>{};
    const auto missed = static_cast<int64_t>(input.calendar.ClosingIn({last + 1, end}).size());
    if (missed <= params.Int("max_sessions")) return std::vector<Finding>{};
    return std::vector<Finding>{{.check = "freshness",
                                 .severity = Severity::kInfo,
                                 .affected_rows = missed,
                                 .message = fmt::format("{} sessions have closed since the last row", missed),
                                 .examples_ns = {last}}};
  };
  return entry;
}

}  // namespace breadthflow::data
