#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/quant/timeframe.h"

namespace breadthflow::data {

// Rows that can not be bars of the size they are said to be, as when minutes are taken for days.
struct SpacingFault {
  size_t row = 0;    // at which it shows
  std::string text;  // what is wrong, for people
};

// What is wrong with the distances of `times` (nanoseconds, ascending), or nullopt:
//   1day          less than 20 hours after the row before
//   1week 1month  in one week (Monday to Sunday) or month with the row before, in whatever time zone: each ends with
//   its
//                 last session, which may be few days behind that of the one before when an exchange was closed
//   1min..1hour   most rows less than half a bar after the row before
// and, of three and more rows, when all of them (of a hundred and more, all but one in a hundred) are as far apart as
// bars of a larger size are: a day for intraday bars, a week or a month for days, a month for weeks. Rows of one
// instant are not looked at. Ticks may come at any time.
std::optional<SpacingFault> FindSpacingFault(std::span<const int64_t> times, quant::Timeframe timeframe);

// Whether rows that are days apart look like something else than bars of days, as a minute of each day does: of two and
// more rows, half or more end neither with a session of a calendar of common/quant, nor at the time of day of the row
// before or after (within five minutes; clocks may have gone forward or back by an hour in between). Markets whose
// sessions are not known, and closes that moved with the years, end at the time of their neighbours. The first such
// row. Ask for the bar size by kSayTimeframe where nobody said it.
inline constexpr char kSayTimeframe[] = "which bars they are must be said (--timeframe 1min, --timeframe 1day ...)";
std::optional<SpacingFault> FindOddDays(std::span<const int64_t> times);

}  // namespace breadthflow::data
