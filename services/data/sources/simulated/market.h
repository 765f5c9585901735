#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/quant/calendar.h"

namespace breadthflow::data {

// Rounded half up: to whole cents, at least one; to six decimals.
double Cents(double value);
double Micros(double value);

// One session of one simulated stock, as traded.
struct SimulatedBar {
  const quant::Session* session = nullptr;
  double open = 0, high = 0, low = 0, close = 0;  // whole cents
  double volume = 0;                              // whole lots of 100
  double split_ratio = 1;                         // of a split before this bar
  double dividend = 0;                            // with ex-date on this bar, per share after the split
  double later_splits = 1;                        // product of the ratios of all splits after this bar, to the end
  double later_dividends = 1;                     // product of 1 - dividend / price over all ex-dates after this bar
};

// The whole life of `symbol` in the simulated market of `seed`: one bar per session of `calendar`, from its first
// session to its last, but for rare missing ones (about 1 in 2,000, never where a split or dividend stands).
//
// A bar depends on (seed, symbol, session) only: every symbol's path is computed from the calendar's first session on,
// from random numbers that are functions of seed, symbol and day. Other symbols and the range asked for play no part.
//
// The model, per session: return = beta x market + sector + own + pull, where market, sector (one of 8, by symbol) and
// own are normal with variances that follow GARCH(1,1) (0.08, 0.90) around yearly volatilities of 14 %, 8 % and 13-29
// %, and `pull` is the part that can be learnt: 0.12 standard deviations towards the recent trend (exponential mean
// over about ten sessions) and 1 % of the distance back to the slow trend (about 100 sessions). Splits when a price
// leaves 2 .. 300, quarterly dividends for six symbols of ten, volume that grows with the size of the move.
//
// Uses + - * / and comparisons only, so that every CPU gives the same bits.
std::vector<SimulatedBar> SimulateStock(uint64_t seed, const std::string& symbol, const quant::Calendar& calendar);

}  // namespace breadthflow::data
