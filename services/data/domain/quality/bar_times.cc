#include <algorithm>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Bars within a day that do not end where an interval does: counted from the open of the session, or by the clock.
QualityCheckEntry BarTimes();

QualityCheckEntry BarTimes() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "bar_times", "1.0.0",
                "The time of a bar within a day is the instant at which its interval ended."};
  entry.weight = 0.5;
  entry.advice = "check the time zone of the source and whether it names the beginning of a bar";
  entry.run = [](const CheckInput& input, const component::Params&) {
    std::vector<Finding> findings;
    if (!IsIntraday(input.series)) return findings;
    const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(input.series.key.timeframe));
    const std::vector<int64_t>& times = input.series.times;
    Finding off{.check = "bar_times", .severity = Severity::kWarning};
    size_t in_session = 0;
    size_t at = 0;
    for (const int64_t time : times) {
      while (at < input.intervals.size() && input.intervals[at].end_ns < time) ++at;
      const bool inside = at < input.intervals.size() && time > input.intervals[at].begin_ns;
      in_session += inside ? 1 : 0;
      if (time % length != 0 && (!inside || time != input.intervals[at].end_ns)) AddRow(off, time);
    }
    if (off.affected_rows > 0) {
      off.message = fmt::format("{} rows do not end where a bar of {} does", off.affected_rows,
                                absl::FormatDuration(absl::Nanoseconds(length)));
      findings.push_back(std::move(off));
    }
    if (!input.calendar.says_hours()) return findings;
    if (in_session == 0 && !times.empty()) {
      findings.push_back({.check = "bar_times",
                          .severity = Severity::kError,
                          .affected_rows = static_cast<int64_t>(times.size()),
                          .message = fmt::format("no row lies in a session of {}", input.calendar.name()),
                          .examples_ns = {times.front()}});
      return findings;
    }
    // A row at the open and none at the close, session after session.
    Finding begins{.check = "bar_times", .severity = Severity::kWarning};
    int64_t ends = 0;
    for (const quant::Session& session : input.sessions) {
      const bool at_open = std::binary_search(times.begin(), times.end(), session.open_ns);
      const bool at_close = std::binary_search(times.begin(), times.end(), session.close_ns);
      if (at_open && !at_close) AddRow(begins, session.open_ns);
      ends += at_close ? 1 : 0;
    }
    if (begins.affected_rows > ends) {
      begins.message = fmt::format(
          "{} sessions have a row at their open and none at their close: the times seem to be the beginnings of bars",
          begins.affected_rows);
      findings.push_back(std::move(begins));
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
