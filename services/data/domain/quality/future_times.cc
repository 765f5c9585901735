#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Rows that say they became known after the instant as of which the series was read: they can not be.
QualityCheckEntry FutureTimes();

QualityCheckEntry FutureTimes() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "future_times", "1.0.0", "No row is later than the instant at which it was read."};
  entry.advice = "do not use the rows; check the time zone and whether the source stores bars before they are complete";
  entry.run = [](const CheckInput& input, const component::Params&) {
    Finding finding{.check = "future_times", .severity = Severity::kError};
    for (const int64_t time : input.series.times) {
      if (time > input.as_of_ns) AddRow(finding, time);
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows are later than the instant of reading", finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
