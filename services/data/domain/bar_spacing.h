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
//   1week 1month  less than 4 or 20 days after the row before
//   1min..1hour   most rows less than half a bar after the row before
// and, of three and more rows, when all of them are as far apart as bars of a larger size are: a day for intraday bars,
// a week or a month for days, a month for weeks. Rows of one instant are not looked at. Ticks may come at any time.
std::optional<SpacingFault> FindSpacingFault(std::span<const int64_t> times, quant::Timeframe timeframe);

}  // namespace breadthflow::data
