#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Sessions between the first and the last row that have no row, or intervals of sessions that have no bar. A warning,
// and an error when more than `max_missing` (`max_missing_bars`) of them are missing. Information only, where no
// calendar says which rows there should be. What lacks before the first row and after the last one is an error where
// somebody says that it exists; what nothing is known of, is the matter of asked_range.
QualityCheckEntry Completeness();

QualityCheckEntry Completeness() {
  QualityCheckEntry entry;
  entry.info = {
      "quality_check", "completeness", "1.0.0",
      "Between the first and the last row every session of the exchange has a row (daily series), every interval "
      "of its sessions a bar (bars within a day); beyond them where somebody says that there are rows."};
  entry.params = {component::DoubleParam("max_missing", 0.05, 0, 1, "fraction",
                                         "Share of missing sessions above which this is an error."),
                  component::DoubleParam("max_missing_bars", 0.2, 0, 1, "fraction",
                                         "The same of intervals within a day, which may be without a trade.")};
  entry.advice = "fetch the missing sessions again, or from another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    const bool judged = IsIntraday(input.series) || input.series.key.timeframe == quant::Timeframe::kDay;
    if (judged && !input.calendar.says_hours()) {
      return std::vector<Finding>{
          {.check = "completeness",
           .severity = Severity::kInfo,
           .message = "not judged, nor gaps and freshness: no calendar is known that says when there should be rows"}};
    }
    Finding finding{.check = "completeness", .severity = Severity::kWarning};
    const bool within_day = !input.intervals.empty();
    const std::vector<int64_t> rows = RowsOf(input.intervals, input.series.times);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == 0) AddRow(finding, input.intervals[i].end_ns);
    }
    for (const quant::Session& session : input.sessions) {
      if (within_day || input.series.key.timeframe != quant::Timeframe::kDay) break;
      if (!std::binary_search(input.series.times.begin(), input.series.times.end(), session.close_ns)) {
        AddRow(finding, session.close_ns);
      }
    }
    std::vector<Finding> findings;
    for (const RangeEnd& end : input.ends) {
      if (end.severity != Severity::kError) continue;
      findings.push_back({.check = "completeness",
                          .severity = Severity::kError,
                          .affected_rows = end.rows,
                          .message = fmt::format("the {} {} sessions of the range have no rows: {}",
                                                 end.leading ? "first" : "last", end.sessions, end.why),
                          .examples_ns = {end.first_close_ns, end.last_close_ns}});
    }
    if (finding.affected_rows == 0) return findings;
    const size_t expected = within_day ? input.intervals.size() : input.sessions.size();
    const double allowed = params.Double(within_day ? "max_missing_bars" : "max_missing");
    if (static_cast<double>(finding.affected_rows) > allowed * static_cast<double>(expected)) {
      finding.severity = Severity::kError;
    }
    finding.message =
        fmt::format("expected {} {} of {}, {} are missing", expected, within_day ? "bars in the sessions" : "sessions",
                    input.calendar.name(), finding.affected_rows);
    findings.push_back(std::move(finding));
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
