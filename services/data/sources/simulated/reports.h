#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/quant/calendar.h"
#include "services/data/sources/simulated/world.h"

namespace breadthflow::data {

struct SimulatedArticle {
  int64_t time_ns = 0;
  double score = 0;  // -1 .. 1
  std::string label;
  double relevance = 0;
  std::string headline;
  std::string topics;
};

// Articles about the session of bar `index`: none, one or two, in the five hours after its close. Their mood follows
// the day's move in units of the recent ones, with noise; nothing in them comes from later.
std::vector<SimulatedArticle> SimulateNews(uint64_t seed, const SimulatedStock& stock, size_t index);

struct SimulatedMembership {
  int64_t time_ns = 0;
  std::string member;
  bool joins = true;
};

// Members of the universe of that name: forty from the calendar's first session on; at the close of each quarter's last
// session two leave and two join. Nobody comes back.
std::vector<SimulatedMembership> SimulateUniverse(uint64_t seed, const std::string& name,
                                                  const quant::Calendar& calendar);

struct SimulatedFixing {
  int64_t time_ns = 0;
  double rate = 0;  // per year, a fraction
};

// A rate of that name, fixed a quarter of an hour after each session's close: pulled towards 3 %, never below -1 %.
std::vector<SimulatedFixing> SimulateRate(uint64_t seed, const std::string& name, const quant::Calendar& calendar);

// "3M" of "USD3M": the number and unit (D, W, M, Y) at the end; empty when there are none.
std::string TenorOf(const std::string& name);

}  // namespace breadthflow::data
