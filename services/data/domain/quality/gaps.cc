#include <algorithm>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Runs of consecutive missing sessions: each one a finding of its own, with the first missing session as its example.
QualityCheckEntry Gaps();

QualityCheckEntry Gaps() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "gaps", "1.0.0", "No long run of consecutive sessions without a row (daily series)."};
  entry.params = {component::IntParam("min_sessions", 3, 1, 10000, "sessions", "Length from which a run is reported."),
                  component::IntParam("error_sessions", 20, 1, 10000, "sessions", "Length from which it is an error.")};
  entry.weight = 0;  // completeness counts these sessions
  entry.advice = "fetch the missing sessions again, or from another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    std::vector<Finding> findings;
    const std::vector<int64_t>& times = input.series.times;
    for (size_t i = 0; i < input.sessions.size();) {
      size_t end = i;
      while (end < input.sessions.size() &&
             !std::binary_search(times.begin(), times.end(), input.sessions[end].close_ns)) {
        ++end;
      }
      const auto length = static_cast<int64_t>(end - i);
      if (length >= params.Int("min_sessions")) {
        Finding finding{.check = "gaps",
                        .severity = length >= params.Int("error_sessions") ? Severity::kError : Severity::kWarning,
                        .affected_rows = length,
                        .message = fmt::format("{} consecutive sessions are missing", length)};
        finding.examples_ns = {input.sessions[i].close_ns};
        if (length > 1) finding.examples_ns.push_back(input.sessions[end - 1].close_ns);
        findings.push_back(std::move(finding));
      }
      i = end + 1;
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
