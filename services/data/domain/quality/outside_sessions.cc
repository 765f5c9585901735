#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/market_hours.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Bars within a day that are in no session of the calendar, nor in the closing auction behind it: reads that make other
// bars leave them out. Those of extended hours are information only and cost nothing.
QualityCheckEntry OutsideSessions();

QualityCheckEntry OutsideSessions() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "outside_sessions", "1.0.0",
                "Bars within a day are of hours at which the exchange is open."};
  entry.advice = "name the calendar of the series when it is stored";
  entry.run = [](const CheckInput& input, const component::Params&) {
    std::vector<Finding> findings;
    if (!IsIntraday(input.series) || !input.calendar.says_hours()) return findings;
    const std::vector<int64_t>& times = input.series.times;
    const quant::Timeframe timeframe = input.series.key.timeframe;
    const RowHours hours = HoursOf(times, input.calendar, timeframe, false);
    const auto share = [&](size_t rows) { return 100 * static_cast<double>(rows) / static_cast<double>(hours.rows); };
    if (hours.extended > 0) {
      findings.push_back({.check = "outside_sessions",
                          .severity = Severity::kInfo,
                          .message = fmt::format("{} rows ({:.1f} %) are of extended hours of {}", hours.extended,
                                                 share(hours.extended), input.calendar.name())});
    }
    if (hours.closed == 0) return findings;
    const bool refused = hours.closed * 100 > hours.rows * kMostOutsidePercent;
    Finding closed{.check = "outside_sessions", .severity = refused ? Severity::kError : Severity::kWarning};
    for (const int64_t& time_ns : times) {
      if (HoursOf({&time_ns, 1}, input.calendar, timeframe, false).closed > 0) AddRow(closed, time_ns);
    }
    closed.message = fmt::format("{} rows ({:.1f} %) are of hours at which {} is closed; what fits: {}", hours.closed,
                                 share(hours.closed), input.calendar.name(), CalendarsThatFit(times, timeframe, false));
    findings.push_back(std::move(closed));
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
