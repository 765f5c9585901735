#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Runs of consecutive missing sessions: each one a finding of its own, with the closes of its first and last session as
// examples. What it affects are rows, as completeness counts them: of bars within a day all those of these sessions.
// From `max_findings` on the rest is one finding: a series of a few rows may have thousands of them.
QualityCheckEntry Gaps();

QualityCheckEntry Gaps() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "gaps", "1.0.0", "No long run of consecutive sessions without a row."};
  entry.params = {component::IntParam("min_sessions", 3, 1, 10000, "sessions", "Length from which a run is reported."),
                  component::IntParam("error_sessions", 20, 1, 10000, "sessions", "Length from which it is an error."),
                  component::IntParam("max_findings", 20, 1, 1000, "findings", "Runs that are named one by one.")};
  entry.weight = 0;  // completeness counts these sessions
  entry.advice = "fetch the missing sessions again, or from another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    std::vector<Finding> findings;
    Finding more{.check = "gaps", .severity = Severity::kWarning};
    int64_t more_runs = 0;
    int64_t more_sessions = 0;
    const std::vector<int64_t>& times = input.series.times;
    const bool within_day = IsIntraday(input.series);
    const auto has_row = [&](const quant::Session& session) {
      const auto row =
          std::upper_bound(times.begin(), times.end(), within_day ? session.open_ns : session.close_ns - 1);
      return row != times.end() && *row <= session.close_ns;
    };
    // The rows that the sessions in [begin, end) should have.
    const auto rows_of = [&](size_t begin, size_t end) {
      if (!within_day) return static_cast<int64_t>(end - begin);
      const auto before = [&](int64_t time_ns) {
        return std::lower_bound(input.intervals.begin(), input.intervals.end(), time_ns,
                                [](const BarInterval& interval, int64_t at) { return interval.begin_ns < at; });
      };
      return static_cast<int64_t>(before(input.sessions[end - 1].close_ns) - before(input.sessions[begin].open_ns));
    };
    const auto bars = [&](int64_t rows) { return within_day ? fmt::format(" ({} bars)", rows) : std::string(); };
    for (size_t i = 0; i < input.sessions.size();) {
      size_t end = i;
      while (end < input.sessions.size() && !has_row(input.sessions[end])) ++end;
      const auto length = static_cast<int64_t>(end - i);
      const bool counts = length >= params.Int("min_sessions");
      if (counts && static_cast<int64_t>(findings.size()) == params.Int("max_findings")) {
        ++more_runs;
        more_sessions += length;
        more.affected_rows += rows_of(i, end);
        if (length >= params.Int("error_sessions")) more.severity = Severity::kError;
        if (more.examples_ns.size() < kMaxExamples) more.examples_ns.push_back(input.sessions[i].close_ns);
      } else if (counts) {
        const int64_t rows = rows_of(i, end);
        const absl::CivilDay first = input.sessions[i].day;
        const absl::CivilDay last = input.sessions[end - 1].day;
        Finding finding{.check = "gaps",
                        .severity = length >= params.Int("error_sessions") ? Severity::kError : Severity::kWarning,
                        .affected_rows = rows,
                        .message = fmt::format("{} consecutive sessions are missing, {} to {}{}", length,
                                               absl::FormatCivilTime(first), absl::FormatCivilTime(last), bars(rows))};
        finding.examples_ns = {input.sessions[i].close_ns};
        if (length > 1) finding.examples_ns.push_back(input.sessions[end - 1].close_ns);
        findings.push_back(std::move(finding));
      }
      i = end + 1;
    }
    if (more_runs > 0) {
      more.message = fmt::format("{} more runs, {} sessions in all, are missing{}", more_runs, more_sessions,
                                 bars(more.affected_rows));
      findings.push_back(std::move(more));
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
