#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"

#include "common/quant/calendar.h"
#include "services/data/sources/simulated/world.h"

namespace breadthflow::data {

// One contract at the close of a session, per share of the underlying.
struct SimulatedOption {
  absl::CivilDay expiration;
  double strike = 0;
  bool call = false;
  double bid = 0, ask = 0, last = 0;                          // whole cents
  double implied_volatility = 0;                              // per year
  double delta = 0, gamma = 0, theta = 0, vega = 0, rho = 0;  // theta per calendar day, vega and rho per 1 % point
  int64_t volume = 0, open_interest = 0, bid_size = 0, ask_size = 0;
};

// The chain on a stock at the close of bar `index`: four monthly expirations (third Fridays, or the session before),
// eleven strikes around the price, calls and puts. European prices by Black and Scholes (1973) without dividends, at
// a rate of 3 % and a volatility that smiles around that of the last month.
std::vector<SimulatedOption> SimulateChain(uint64_t seed, const SimulatedStock& stock, size_t index,
                                           const quant::Calendar& calendar);

}  // namespace breadthflow::data
