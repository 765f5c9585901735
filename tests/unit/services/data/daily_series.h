#pragma once

#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"

namespace breadthflow::data {

// Bars of the first `rows` sessions from 2010 on, whose prices move by less than a per cent a day around 100.
inline quant::Series DailyBars(size_t rows) {
  quant::Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, "a"},
                       .basis = quant::PriceBasis::kRaw,
                       .times = {},
                       .columns = {}};
  std::vector<double> open, high, low, close, volume;
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2010, 1, 1), absl::CivilDay(2020, 1, 1))) {
    if (series.times.size() == rows) break;
    const auto day = static_cast<double>(series.times.size() * 37 % 11);
    series.times.push_back(session.close_ns);
    close.push_back(100 + 0.1 * day);
    open.push_back(close.back() - 0.05);
    high.push_back(close.back() + 0.3);
    low.push_back(close.back() - 0.4);
    volume.push_back(1000 + day);
  }
  series.Add("open", std::move(open));
  series.Add("high", std::move(high));
  series.Add("low", std::move(low));
  series.Add("close", std::move(close));
  series.Add("volume", std::move(volume));
  return series;
}

inline double& PriceOf(quant::Series& series, std::string_view name, size_t row) {
  for (quant::Column& column : series.columns) {
    if (column.name == name) return std::get<std::vector<double>>(column.values)[row];
  }
  std::abort();
}

inline void ScaleBar(quant::Series& series, size_t row, double factor) {
  for (const char* name : {"open", "high", "low", "close"}) PriceOf(series, name, row) *= factor;
}

}  // namespace breadthflow::data
