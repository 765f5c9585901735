#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace breadthflow::quant {

// Bar sizes, by the names users type: tick 1min 5min 15min 30min 1hour 1day 1week 1month. The numbers are those of the
// proto.
enum class Timeframe {
  kTick = 1,
  kMin1 = 2,
  kMin5 = 3,
  kMin15 = 4,
  kMin30 = 5,
  kHour1 = 6,
  kDay = 7,
  kWeek = 8,
  kMonth = 9
};

std::string_view ToText(Timeframe timeframe);
// INVALID_ARGUMENT with the accepted names.
absl::StatusOr<Timeframe> ParseTimeframe(std::string_view text);
// Length of an intraday bar; zero for tick, day, week and month, whose length the calendar knows.
absl::Duration IntradayLength(Timeframe timeframe);

// What a day means wherever a range is given in days, in UTC. The time of a bar is when it was complete: the bars of a
// day are those behind its midnight and up to the next one, so that the daily bar of a market that never closes, which
// ends at midnight, is one of the day before. Ticks of a day are those from its midnight on.
//
// The first instant that a row of this day or a later one may have. Rows of the days D1 to D2, D2 excluded, are those
// in [DayBegin(D1), DayBegin(D2)).
absl::Time DayBegin(absl::CivilDay day, Timeframe timeframe);
// The day whose row one at `time` is.
absl::CivilDay DayOf(absl::Time time, Timeframe timeframe);
// The bound of a range, for people: "2024-03-12" where a day begins, else "2024-03-12T21:00:00Z".
std::string BoundText(absl::Time bound, Timeframe timeframe);

}  // namespace breadthflow::quant
