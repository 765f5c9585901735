#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/quant/timeframe.h"

namespace breadthflow::data {

// Rows that can not be bars of the size they are said to be, as when minutes are taken for days.
struct SpacingFault {
  size_t row = 0;    // at which it shows
  std::string text;  // what is wrong, for people
  // Rows that are far apart may be bars of that size all the same, where trade is by auctions each five minutes: what
  // is then said of them where they are taken, the same of all such rows. Empty: they can not be.
  std::string note{};
};

// The parameter by which files are read as bars of the size that was said, although they look like larger ones.
inline constexpr char kSpacing[] = "spacing";
inline constexpr char kAnySpacing[] = "any";

// Adds what is said of rows that are taken, unless it was said.
void TellOfSpacing(const SpacingFault& fault, std::vector<std::string>& notes);

// What is wrong with the distances of `times` (nanoseconds, ascending), or nullopt:
//   1day          less than 20 hours after the row before
//   1week 1month  in one week (Monday to Sunday) or month with the row before, in whatever time zone: each ends with
//   its
//                 last session, which may be few days behind that of the one before when an exchange was closed
//   1min..1hour   most rows half a bar or less after the row before
// and what FindLargerBars finds, and, of three and more rows, when all of them (of a hundred and more, all but one in a
// hundred) are as far apart as bars of a larger size are: a day for intraday bars, a week or a month for days, a month
// for weeks. Of six and more the first and the last one may be nearer to the next one than a week or a month: what is
// cut to such ends begins and ends with a part of one. Rows of one instant are not looked at. Ticks may come at any
// time.
std::optional<SpacingFault> FindSpacingFault(std::span<const int64_t> times, quant::Timeframe timeframe);

// Bars of 5min to 1hour that are said to be of a smaller size within a day, or nullopt: of 40 steps and more between
// rows of one session a larger size is the most common, and all but one in a hundred are multiples of it. A step of two
// hours and more is a break, before which a bar may be cut short: neither that step nor the one before it counts. Bars
// that are far apart because little was traded are not found, as their steps are multiples of their own size only. Few
// rows, as those of a poll, and steps of no size that is kept tell nothing. It has a note: a stock that is traded by an
// auction each five minutes only, and an index that is published each five, have such bars of one minute.
std::optional<SpacingFault> FindLargerBars(std::span<const int64_t> times, quant::Timeframe timeframe);

// Whether rows that are days apart look like something else than bars of days, as a minute of each day does: of two and
// more rows, half or more end neither with a session of a calendar of common/quant, nor at the time of day of the row
// before or after (within five minutes; clocks may have gone forward or back by an hour in between). Markets whose
// sessions are not known, and closes that moved with the years, end at the time of their neighbours. The first such
// row. Ask for the bar size by kSayTimeframe where nobody said it.
inline constexpr char kSayTimeframe[] = "which bars they are must be said (--timeframe 1min, --timeframe 1day ...)";
std::optional<SpacingFault> FindOddDays(std::span<const int64_t> times);

}  // namespace breadthflow::data
