#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Two rows of one daily series on one trading day: times differ (a series can not hold one time twice), the day does
// not.
QualityCheckEntry Duplicates();

QualityCheckEntry Duplicates() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "duplicates", "1.0.0", "One row per day (daily series)."};
  entry.advice = "check the time zone and calendar of the source";
  entry.gates = true;
  entry.run = [](const CheckInput& input, const component::Params&) {
    Finding finding{.check = "duplicates", .severity = Severity::kError};
    if (input.series.key.timeframe == quant::Timeframe::kDay) {
      const auto day = [](int64_t time_ns) {
        const int64_t local = time_ns / 1'000'000'000 + quant::NewYorkOffsetSeconds(time_ns);
        return local >= 0 ? local / 86'400 : (local - 86'399) / 86'400;
      };
      for (size_t row = 1; row < input.series.size(); ++row) {
        if (day(input.series.times[row]) == day(input.series.times[row - 1])) {
          AddImpossibleRow(finding, input.series, row);
        }
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows are second rows of their day", finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
