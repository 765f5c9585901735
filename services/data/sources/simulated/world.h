#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/quant/calendar.h"
#include "services/data/sources/simulated/market.h"

namespace breadthflow::data {

// Which made-up world.
struct SimulatedWorld {
  uint64_t seed = 1;
  double delisting_rate = 0;  // chance per year that a stock ends
};

struct SimulatedDelisting {
  absl::CivilDay last_day;
  int64_t known_ns = 0;  // close of that day
  std::string reason;    // "merger", "bankruptcy"
  double payout = 0;     // per share, whole cents
};

struct SimulatedSymbolChange {
  absl::CivilDay effective_day;
  int64_t known_ns = 0;  // close of the session before
  std::string old_symbol;
  std::string new_symbol;
};

// One security under one of its symbols: the bars in which it traded under it, and how it came and went. One symbol of
// five was called SYMBOL.OLD until some day; under the new symbol the whole history is given, under the old one what
// came before that day.
struct SimulatedStock {
  std::string security;  // its symbol now; random numbers about it are named by it
  std::vector<SimulatedBar> bars;
  std::optional<SimulatedDelisting> delisting;
  std::optional<SimulatedSymbolChange> change;
  int64_t end_ns = INT64_MAX;  // nothing is published under this symbol after it
};
SimulatedStock MakeStock(const SimulatedWorld& world, const std::string& symbol, const quant::Calendar& calendar);

// Days since 1970, the counter of random numbers about a day.
inline int64_t DayNumber(absl::CivilDay day) { return day - absl::CivilDay(1970, 1, 1); }

// Standard deviation of the daily returns of up to 21 sessions that end with bar `index`; 0.02 when there are fewer
// than five. Depends on the last 22 bars only.
double RecentDeviation(const std::vector<SimulatedBar>& bars, size_t index);

// Return from the close before bar `index`, dividends and splits taken out; 0 for the first.
double ReturnOf(const std::vector<SimulatedBar>& bars, size_t index);

}  // namespace breadthflow::data
