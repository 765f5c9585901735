// Indicators against result tables that third parties have published, with their own inputs.
#include <cmath>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/quant/indicators/catalog.h"
#include "tests/support/csv_table.h"
#include "tests/support/shared_file.h"

namespace breadthflow::quant {
namespace {

std::vector<double> Compute(const testing::CsvTable& bars, const char* indicator, size_t output,
                            const component::RawParams& params = {}) {
  const std::vector<int64_t> times(bars.keys.size());
  const auto column = [&](const char* name) -> std::span<const double> {
    const auto found = bars.columns.find(name);
    return found == bars.columns.end() ? std::span<const double>(bars.columns.at("close")) : found->second;
  };
  const BarColumns columns{times, column("open"), column("high"), column("low"), column("close"), column("volume")};
  const auto result = ComputeIndicator(**Indicators().Find(indicator), params, columns);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value()[output];
}

// Equal where the table has a value; `from` skips rows whose start follows another convention.
void ExpectEqual(const std::vector<double>& actual, const std::vector<std::optional<double>>& expected,
                 double tolerance, size_t from = 0) {
  ASSERT_EQ(actual.size(), expected.size());
  size_t compared = 0;
  for (size_t row = from; row < actual.size(); ++row) {
    if (!expected[row] || std::isnan(actual[row])) continue;
    ASSERT_NEAR(actual[row], *expected[row], tolerance) << "row " << row;
    ++compared;
  }
  EXPECT_GT(compared, 20u);
}

TEST(Published, StockIndicatorsNetIsReproduced) {
  const auto bars =
      testing::ReadCsvTable(testing::SharedFile("reference/published/stock_indicators_net/quotes_default.csv"));
  if (!bars) GTEST_SKIP() << "reference values are not here";
  struct Case {
    const char* file;
    const char* field;
    const char* indicator;
    size_t output;
    size_t from;
  };
  // Its MACD seeds each mean at its own start: compared when that is forgotten.
  for (const Case& c :
       {Case{"sma", "sma", "sma", 0, 0}, Case{"ema", "ema", "ema", 0, 0}, Case{"rsi", "rsi", "rsi", 0, 0},
        Case{"bb", "upperBand", "bollinger", 0, 0}, Case{"bb", "sma", "bollinger", 1, 0},
        Case{"bb", "lowerBand", "bollinger", 2, 0}, Case{"atr", "atr", "atr", 0, 0},
        Case{"macd", "macd", "macd", 0, 450}, Case{"macd", "signal", "macd", 1, 450}}) {
    SCOPED_TRACE(std::string(c.file) + " " + c.field);
    std::ifstream file(
        testing::SharedFile(std::string("reference/published/stock_indicators_net/") + c.file + ".standard.json"));
    std::vector<std::optional<double>> expected;
    for (const auto& row : nlohmann::json::parse(file)) {
      const auto& value = row.at(c.field);
      expected.push_back(value.is_null() ? std::nullopt : std::optional(value.get<double>()));
    }
    ExpectEqual(Compute(*bars, c.indicator, c.output), expected, c.from == 0 ? 1e-9 : 1e-8, c.from);
  }
}

TEST(Published, StockChartsBollingerExampleIsReproduced) {
  auto table = testing::ReadCsvTable(testing::SharedFile("reference/published/stockcharts_examples/cs-bbands.csv"));
  if (!table) GTEST_SKIP() << "reference values are not here";
  table->columns["close"] = table->columns.at("Close");
  const char* const fields[] = {"HighBand", "MiddleBand", "LowBand"};
  for (size_t k = 0; k < 3; ++k) {
    std::vector<std::optional<double>> expected;
    for (const double value : table->columns.at(fields[k]))
      expected.push_back(std::isnan(value) ? std::nullopt : std::optional(value));
    ExpectEqual(Compute(*table, "bollinger", k), expected, 2e-4);
  }
}

}  // namespace
}  // namespace breadthflow::quant
