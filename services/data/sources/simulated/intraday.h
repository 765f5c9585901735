#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/data/sources/simulated/market.h"

namespace breadthflow::data {

struct SimulatedTrade {
  int64_t time_ns = 0;
  double price = 0;  // whole cents
  int64_t size = 0;  // shares
  bool buy = false;  // the buyer took liquidity
};

// The trades of one session, one to three in each minute, such that they make the bar: the first is at its open, the
// last at its close, the highest and lowest are its high and low, and their sizes add up to its volume. Times ascend
// strictly in [open, close). Depends on (seed, security, session) only.
std::vector<SimulatedTrade> SimulateTrades(uint64_t seed, const std::string& security, const SimulatedBar& bar);

struct SimulatedQuote {
  int64_t time_ns = 0;
  double bid = 0, ask = 0;  // whole cents, bid < ask
  int64_t bid_size = 0, ask_size = 0;
};

// The best bid and ask before each trade, which happens at one of them. Times ascend.
std::vector<SimulatedQuote> SimulateQuotes(uint64_t seed, const std::string& security,
                                           const std::vector<SimulatedTrade>& trades, int64_t open_ns);

struct SimulatedLevel {
  int64_t time_ns = 0;
  bool snapshot = false;
  bool bid = false;
  double price = 0;
  int64_t size = 0;  // 0 removes the level
  int64_t level = 0;
  int64_t sequence = 0;  // of the message within the session; the levels of a snapshot share it
};

// The book of one session: five levels of each side every half hour from the open on, and one changed level at the
// beginning of each other minute.
std::vector<SimulatedLevel> SimulateBook(uint64_t seed, const std::string& security,
                                         const std::vector<SimulatedTrade>& trades, const SimulatedBar& bar);

}  // namespace breadthflow::data
