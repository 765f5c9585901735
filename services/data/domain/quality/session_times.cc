#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Rows of a daily series that are not at the close of a session of the calendar.
QualityCheckEntry SessionTimes();

QualityCheckEntry SessionTimes() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "session_times", "1.0.0", "Daily rows stand at the close of a session."};
  entry.advice = "check the time zone and calendar of the source";
  entry.run = [](const CheckInput& input, const component::Params&) {
    Finding finding{.check = "session_times", .severity = Severity::kError};
    const bool daily = input.series.key.timeframe == quant::Timeframe::kDay && !input.sessions.empty();
    for (size_t row = 0; row < input.series.size() && daily; ++row) {
      if (input.calendar.ClosingAt(input.series.times[row]) == nullptr) AddRow(finding, input.series.times[row]);
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message =
        fmt::format("{} rows are not at the close of a session of {}", finding.affected_rows, input.calendar.name());
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
