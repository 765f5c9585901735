#pragma once

#include <string_view>

#include "absl/status/statusor.h"
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

}  // namespace breadthflow::quant
