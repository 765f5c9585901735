#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "common/quant/bar.h"
#include "common/quant/stats/random.h"
#include "tests/support/bars.h"

namespace breadthflow::testing {

inline constexpr int64_t kDayNs = 86'400'000'000'000;

// A random walk with flat stretches, repeated closes and jumps: what real series do to indicators. Valid bars; the same
// symbol gives the same bars.
inline quant::Series RandomBars(const std::string& symbol, size_t rows, uint64_t seed = 1) {
  quant::Series series = EmptyBars(symbol);
  const quant::stats::CounterRandom random(seed, symbol);
  std::vector<double> open, high, low, close, volume;
  double price = 50 + 100 * random.Uniform(-1);
  for (size_t row = 0; row < rows; ++row) {
    const auto t = static_cast<int64_t>(row);
    const bool flat = random.Uniform(t / 25, 7) < 0.2;
    const double begin = price;
    if (!flat) price *= 1 + 0.02 * random.Normal(t) + (random.Uniform(t, 1) < 0.01 ? 0.15 * random.Normal(t, 2) : 0);
    price = std::max(std::round(price * 100) / 100, 0.5);
    series.times.push_back((t + 1) * kDayNs);
    open.push_back(begin);
    close.push_back(price);
    high.push_back(std::max(begin, price) * (flat ? 1 : 1 + 0.01 * random.Uniform(t, 3)));
    low.push_back(std::min(begin, price) * (flat ? 1 : 1 - 0.01 * random.Uniform(t, 4)));
    volume.push_back(std::floor(1e6 * random.Uniform(t, 5)));
  }
  series.columns[0].values = std::move(open);
  series.columns[1].values = std::move(high);
  series.columns[2].values = std::move(low);
  series.columns[3].values = std::move(close);
  series.columns[4].values = std::move(volume);
  return series;
}

// Bars that never move.
inline quant::Series FlatBars(size_t rows, double price) {
  quant::Series series = EmptyBars("FLAT");
  for (size_t row = 0; row < rows; ++row) series.times.push_back((static_cast<int64_t>(row) + 1) * kDayNs);
  for (quant::Column& column : series.columns) column.values = std::vector<double>(rows, price);
  return series;
}

}  // namespace breadthflow::testing
