#include <algorithm>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Sessions between the first and the last row that have no row. A warning, and an error when more than `max_missing` of
// the sessions are missing.
QualityCheckEntry Completeness();

QualityCheckEntry Completeness() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "completeness", "1.0.0",
                "Every session of the exchange between the first and the last row has a row (daily series)."};
  entry.params = {component::DoubleParam("max_missing", 0.05, 0, 1, "fraction",
                                         "Share of missing sessions above which this is an error.")};
  entry.advice = "fetch the missing sessions again, or from another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    Finding finding{.check = "completeness", .severity = Severity::kWarning};
    for (const quant::Session& session : input.sessions) {
      if (!std::binary_search(input.series.times.begin(), input.series.times.end(), session.close_ns)) {
        AddRow(finding, session.close_ns);
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    const auto expected = static_cast<double>(input.sessions.size());
    if (static_cast<double>(finding.affected_rows) > params.Double("max_missing") * expected) {
      finding.severity = Severity::kError;
    }
    finding.message = fmt::format("expected {} sessions, {} are missing", input.sessions.size(), finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
