#include "services/data/domain/rows_left_out.h"

#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/market_hours.h"

namespace breadthflow::data {

absl::StatusOr<std::string> OutsideNotice(const quant::Series& rows, size_t outside, const quant::Calendar& calendar,
                                          bool trades, int64_t until_ns) {
  const RowHours hours = HoursOf(rows.times, calendar, rows.key.timeframe, trades, until_ns);
  const std::span<const int64_t> counted = std::span(rows.times).first(hours.rows);
  const auto refuse = [&](std::string_view reason, const std::string& what) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, reason,
        fmt::format("{} of the {} rows of {} {} {} in a session of the calendar {}: name the one of its market; what "
                    "fits its rows: {}",
                    what, hours.rows, rows.key.resource, rows.key.symbol, what == "none" ? "lies" : "do not lie",
                    calendar.name(), CalendarsThatFit(counted, rows.key.timeframe, trades)));
  };
  if (outside == hours.rows) return refuse("NO_SESSION", "none");
  if (hours.closed * 100 > hours.rows * kMostOutsidePercent) {
    return refuse("OUTSIDE_SESSIONS", fmt::format("{}", outside));
  }
  std::string text =
      fmt::format("{} of {} rows are outside the sessions of {} and in no bar", outside, hours.rows, calendar.name());
  if (hours.extended > 0) text += fmt::format(": {} of them are of extended hours", hours.extended);
  return text;
}

std::string PendingNotice(size_t rows, const quant::ResampleSpec& spec) {
  if (spec.rule != quant::BarRule::kTime) return fmt::format("the last {} rows are in no bar: it is not full", rows);
  return fmt::format("the last {} rows are in no bar: it is not known that their {} is over", rows,
                     quant::ToText(spec.timeframe));
}

}  // namespace breadthflow::data
