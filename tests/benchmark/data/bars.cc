#include "tests/benchmark/data/bars.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <fmt/format.h>

#include "common/quant/calendar.h"
#include "services/data/sources/catalog.h"
#include "tests/support/csv_bars.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using quant::Series;

std::vector<Series> LoadBars() {
  std::vector<Series> all;
  const std::filesystem::path folder = testing::SharedFile("data/bars/daily");
  if (folder.empty()) {
    const SourceEntry* entry = Must(Sources().Find("simulated"));
    const auto source = Must(entry->make(Must(component::Params::Check(entry->params, {})), {}));
    for (int i = 0; i < 32; ++i) {
      const auto request = Must(source->TransformQuery(
          {"stock_price", fmt::format("S{}", i), quant::Timeframe::kDay, {INT64_MIN, INT64_MAX}}));
      all.push_back(Must(source->TransformData(request, Must(source->Extract(request, {})))).series);
    }
  } else {
    std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
      std::ifstream file(path);
      std::stringstream text;
      text << file.rdbuf();
      all.push_back(Must(ParseCsv(text.str(), path.filename().string(),
                                  {"stock_price", path.stem().string(), quant::Timeframe::kDay, {}}, {}, quant::Xnys()))
                        .series);
    }
  }
  for (Series& series : all) {
    std::erase_if(series.columns, [](const quant::Column& column) { return column.name == "adj_close"; });
  }
  return all;
}

}  // namespace

const std::vector<Series>& Bars() {
  static const auto* const bars = new std::vector<Series>(LoadBars());
  return *bars;
}

Series Bootstrap(const std::string& symbol, size_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  Series out{.key = {"stock_price", symbol, quant::Timeframe::kDay, kSource},
             .basis = quant::PriceBasis::kSplitAdjusted};
  std::vector<std::vector<double>> columns(5);
  while (out.times.size() < rows) {
    const Series& from = Bars()[random() % Bars().size()];
    const size_t begin = random() % (from.size() - 250);
    for (size_t row = begin; row < begin + 250 && out.times.size() < rows; ++row) {
      const auto day = static_cast<int64_t>(out.times.size());
      out.times.push_back((day + day / 5 * 2) * 3'600'000'000'000);
      for (size_t c = 0; c < 5; ++c) columns[c].push_back(std::get<std::vector<double>>(from.columns[c].values)[row]);
    }
  }
  const char* const names[] = {"open", "high", "low", "close", "volume"};
  for (size_t c = 0; c < 5; ++c) out.Add(names[c], std::move(columns[c]));
  return out;
}

}  // namespace breadthflow::data
