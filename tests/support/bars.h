#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/quant/bar.h"
#include "common/quant/calendar.h"
#include "common/quant/stats/random.h"

namespace breadthflow::testing {

// A bar series without rows: empty columns open, high, low, close, volume.
inline quant::Series EmptyBars(const std::string& symbol, quant::Timeframe timeframe = quant::Timeframe::kDay,
                               quant::PriceBasis basis = quant::PriceBasis::kRaw) {
  quant::Series series{.key = {"stock_price", symbol, timeframe, ""}, .basis = basis};
  for (const char* name : {"open", "high", "low", "close", "volume"}) series.Add(name, std::vector<double>());
  return series;
}

// A random walk without drift: daily bars of `size` sessions from 2015 on, one per session, with intraday ranges and
// volumes. The same seed and symbol give the same bars. Nothing in it can be foreseen.
inline quant::Series RandomWalk(const std::string& symbol, size_t size, uint64_t seed) {
  quant::Series bars = EmptyBars(symbol, quant::Timeframe::kDay, quant::PriceBasis::kSplitAdjusted);
  quant::stats::RandomSequence random(seed, symbol);
  std::vector<double> open, high, low, close, volume;
  double price = 100;
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2015, 1, 1), absl::CivilDay(2031, 1, 1))) {
    if (open.size() == size) break;
    bars.times.push_back(session.close_ns);
    open.push_back(price * (1 + 0.002 * random.Normal()));
    price *= 1 + 0.01 * random.Normal();
    close.push_back(price);
    high.push_back(std::max(open.back(), price) * (1 + 0.003 * random.Uniform()));
    low.push_back(std::min(open.back(), price) * (1 - 0.003 * random.Uniform()));
    volume.push_back(std::floor(1e6 * (0.5 + random.Uniform())));
  }
  bars.columns.clear();
  bars.Add("open", std::move(open));
  bars.Add("high", std::move(high));
  bars.Add("low", std::move(low));
  bars.Add("close", std::move(close));
  bars.Add("volume", std::move(volume));
  return bars;
}

}  // namespace breadthflow::testing
