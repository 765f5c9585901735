#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/postgres/value.h"
#include "common/quant/series.h"

namespace breadthflow::data {

// The parts of keys as four arrays, of resources, symbols, timeframes and sources: what a statement unnests.
inline std::vector<postgres::Param> KeyColumns(const std::vector<quant::SeriesKey>& keys) {
  std::vector<std::string> resources, symbols, sources;
  std::vector<int64_t> timeframes;
  for (const quant::SeriesKey& key : keys) {
    resources.push_back(key.resource);
    symbols.push_back(key.symbol);
    timeframes.push_back(static_cast<int64_t>(key.timeframe));
    sources.push_back(key.variant);
  }
  return {postgres::TextArray(resources), postgres::TextArray(symbols), postgres::IntArray(timeframes),
          postgres::TextArray(sources)};
}

}  // namespace breadthflow::data
