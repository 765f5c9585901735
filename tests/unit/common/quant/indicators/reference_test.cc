// Every indicator against independent libraries: on recorded bars with reference files where those are present, and on
// vectors published elsewhere.
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "common/quant/indicators/catalog.h"
#include "tests/golden/indicator_vectors.h"
#include "tests/support/csv_table.h"
#include "tests/support/shared_file.h"

namespace breadthflow::quant {
namespace {

struct Bars {
  std::vector<int64_t> times;
  testing::CsvTable table;
  BarColumns columns() const {
    return {times,
            table.columns.at("open"),
            table.columns.at("high"),
            table.columns.at("low"),
            table.columns.at("close"),
            table.columns.at("volume")};
  }
};

std::optional<Bars> ReadBars(const std::string& file) {
  auto table = testing::ReadCsvTable(testing::SharedFile(file));
  if (!table) return std::nullopt;
  Bars bars{.times = {}, .table = *std::move(table)};
  for (size_t row = 0; row < bars.table.keys.size(); ++row) bars.times.push_back(static_cast<int64_t>(row));
  return bars;
}

// One column of a reference file and what should reproduce it.
struct Case {
  const char* library;
  const char* column;
  const char* indicator;
  component::RawParams params;
  size_t output;
  double tolerance;   // relative to the larger of 1 and the value
  size_t from_row;    // rows before are not compared: a convention of the start that differs on purpose
  bool same_warm_up;  // the reference has values in exactly the rows where we have them
};

const component::RawParams kNone = {};

const std::vector<Case>& Cases() {
  const component::RawParams sma50 = {{"period", int64_t{50}}};
  const component::RawParams ema12 = {{"period", int64_t{12}}};
  const component::RawParams ema26 = {{"period", int64_t{26}}};
  const component::RawParams cutler = {{"smoothing", std::string("cutler")}};
  const component::RawParams sample = {{"ddof", int64_t{1}}};
  static const auto* const cases = new std::vector<Case>{
      {"talib", "sma_20", "sma", kNone, 0, 1e-12, 0, true},
      {"talib", "sma_50", "sma", sma50, 0, 1e-12, 0, true},
      {"talib", "ema_12", "ema", ema12, 0, 1e-12, 0, true},
      {"talib", "ema_26", "ema", ema26, 0, 1e-12, 0, true},
      {"talib", "rsi_14", "rsi", kNone, 0, 1e-12, 0, true},
      {"talib", "macd_12_26_9", "macd", kNone, 0, 1e-12, 0, true},
      {"talib", "macd_signal_12_26_9", "macd", kNone, 1, 1e-12, 0, true},
      {"talib", "macd_hist_12_26_9", "macd", kNone, 2, 1e-12, 0, true},
      // Its variance is mean of squares less square of mean.
      {"talib", "bb_upper_20_2", "bollinger", kNone, 0, 1e-9, 0, true},
      {"talib", "bb_middle_20_2", "bollinger", kNone, 1, 1e-12, 0, true},
      {"talib", "bb_lower_20_2", "bollinger", kNone, 2, 1e-9, 0, true},
      {"talib", "atr_14", "atr", kNone, 0, 1e-12, 0, true},
      {"ttr", "sma_20", "sma", kNone, 0, 1e-12, 0, true},
      {"ttr", "sma_50", "sma", sma50, 0, 1e-12, 0, true},
      {"ttr", "ema_12", "ema", ema12, 0, 1e-12, 0, true},
      {"ttr", "ema_26", "ema", ema26, 0, 1e-12, 0, true},
      {"ttr", "rsi_14", "rsi", kNone, 0, 1e-12, 0, true},
      {"ttr", "rsi_14_sma", "rsi", cutler, 0, 1e-11, 0, true},
      // Each mean is seeded at its own start there; the difference has died out after some 500 rows.
      {"ttr", "macd_12_26_9", "macd", kNone, 0, 1e-9, 500, false},
      {"ttr", "macd_signal_12_26_9", "macd", kNone, 1, 1e-9, 500, false},
      {"ttr", "bb_upper_20_2", "bollinger", kNone, 0, 1e-11, 0, true},
      {"ttr", "bb_middle_20_2", "bollinger", kNone, 1, 1e-12, 0, true},
      {"ttr", "bb_lower_20_2", "bollinger", kNone, 2, 1e-11, 0, true},
      {"ttr", "atr_14", "atr", kNone, 0, 1e-12, 0, true},
      {"pandas", "sma_20", "sma", kNone, 0, 1e-12, 0, true},
      {"pandas", "sma_50", "sma", sma50, 0, 1e-12, 0, true},
      // Means of pandas have no seed; equal once it is forgotten.
      {"pandas", "ema_12_adjust_true", "ema", ema12, 0, 1e-9, 500, false},
      {"pandas", "ema_12_adjust_false", "ema", ema12, 0, 1e-9, 500, false},
      {"pandas", "ema_26_adjust_true", "ema", ema26, 0, 1e-9, 500, false},
      {"pandas", "rsi_14_simple_rolling_mean", "rsi", cutler, 0, 1e-11, 0, true},
      {"pandas", "rsi_14_wilder_ewm_no_seed", "rsi", kNone, 0, 1e-9, 500, false},
      {"pandas", "macd_12_26_9_adjust_true", "macd", kNone, 0, 1e-9, 500, false},
      {"pandas", "macd_hist_12_26_9_adjust_false", "macd", kNone, 2, 1e-9, 500, false},
      {"pandas", "bb_upper_20_2_population", "bollinger", kNone, 0, 1e-10, 0, true},
      {"pandas", "bb_lower_20_2_population", "bollinger", kNone, 2, 1e-10, 0, true},
      {"pandas", "bb_upper_20_2_sample", "bollinger", sample, 0, 1e-10, 0, true},
      {"pandas", "bb_lower_20_2_sample", "bollinger", sample, 2, 1e-10, 0, true},
      {"ta", "rsi_14", "rsi", kNone, 0, 1e-9, 500, false},
      // ta counts high - low as the true range of the first bar.
      {"ta", "atr_14", "atr", kNone, 0, 1e-9, 500, false},
  };
  return *cases;
}

class Reference : public ::testing::TestWithParam<const char*> {};

TEST_P(Reference, IsReproduced) {
  const std::string symbol = GetParam();
  const std::optional<Bars> bars = ReadBars("reference/inputs/" + symbol + ".csv");
  if (!bars) GTEST_SKIP() << "reference values are not here";
  std::map<std::string, std::optional<testing::CsvTable>> tables;
  size_t compared = 0;
  for (const Case& c : Cases()) {
    SCOPED_TRACE(std::string(c.library) + " " + c.column);
    if (!tables.contains(c.library)) {
      tables[c.library] =
          testing::ReadCsvTable(testing::SharedFile("reference/indicators/" + symbol + "_" + c.library + ".csv"));
    }
    const auto& table = tables[c.library];
    ASSERT_TRUE(table.has_value());
    ASSERT_TRUE(table->columns.contains(c.column));
    const std::vector<double>& expected = table->columns.at(c.column);
    const auto entry = Indicators().Find(c.indicator);
    ASSERT_TRUE(entry.ok());
    const auto columns = ComputeIndicator(**entry, c.params, bars->columns());
    ASSERT_TRUE(columns.ok()) << columns.status();
    const std::vector<double>& actual = (*columns)[c.output];
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t row = c.from_row; row < actual.size(); ++row) {
      if (c.same_warm_up) {
        ASSERT_EQ(std::isnan(actual[row]), std::isnan(expected[row])) << "row " << row;
      }
      if (std::isnan(expected[row]) || std::isnan(actual[row])) continue;
      ASSERT_NEAR(actual[row], expected[row], c.tolerance * std::max(1.0, std::abs(expected[row]))) << "row " << row;
      ++compared;
    }
  }
  EXPECT_GT(compared, 20000u);
}

INSTANTIATE_TEST_SUITE_P(Symbols, Reference, ::testing::Values("AAPL", "XOM", "SPY"),
                         [](const auto& param_info) { return std::string(param_info.param); });

IndicatorColumns OfCloses(const char* indicator, const component::RawParams& params, std::vector<double> closes) {
  std::vector<int64_t> times(closes.size());
  const BarColumns bars{times, closes, closes, closes, closes, closes};
  const auto entry = Indicators().Find(indicator);
  EXPECT_TRUE(entry.ok());
  return ComputeIndicator(**entry, params, bars).value();
}

TEST(Rsi, GivesThePublishedExample) {
  const auto& v = golden::kRsi14;
  const std::vector<double> rsi = OfCloses("rsi", {}, {std::begin(v.closes), std::end(v.closes)})[0];
  for (size_t row = 0; row < 14; ++row) EXPECT_TRUE(std::isnan(rsi[row])) << row;
  for (size_t i = 0; i < std::size(v.wilder_from_row_14); ++i)
    EXPECT_NEAR(rsi[14 + i], v.wilder_from_row_14[i], 5e-5) << i;
}

TEST(Rsi, IsHundredWhenPriceOnlyRises) {
  std::vector<double> closes;
  for (int i = 0; i < 40; ++i) closes.push_back(100 + i);
  const auto rsi = OfCloses("rsi", {}, closes)[0];
  for (size_t row = 14; row < rsi.size(); ++row) EXPECT_EQ(rsi[row], 100);
}

TEST(Rsi, IsZeroWhenPriceOnlyFalls) {
  std::vector<double> closes;
  for (int i = 0; i < 40; ++i) closes.push_back(100 - i);
  EXPECT_EQ(OfCloses("rsi", {}, closes)[0].back(), 0);
  EXPECT_EQ(OfCloses("rsi", {{"smoothing", std::string("cutler")}}, closes)[0].back(), 0);
}

TEST(Rsi, IsFiftyWhenNothingMoved) {
  for (const char* smoothing : {"wilder", "cutler"}) {
    const auto rsi = OfCloses("rsi", {{"smoothing", std::string(smoothing)}}, std::vector<double>(60, 12.345))[0];
    for (size_t row = 14; row < rsi.size(); ++row) EXPECT_EQ(rsi[row], 50) << smoothing;
  }
}

TEST(Sma, OfEqualPricesIsThatPriceExactly) {
  for (double price : {0.1, 1.0 / 3, 123.456, 98765.4321}) {
    const auto sma = OfCloses("sma", {{"period", int64_t{7}}}, std::vector<double>(50, price))[0];
    for (size_t row = 6; row < sma.size(); ++row) EXPECT_EQ(sma[row], price);
  }
}

TEST(Bollinger, OfEqualPricesHasNoWidth) {
  // Movement before the flat stretch must leave no trace once it is out of the window.
  std::vector<double> closes;
  for (int i = 0; i < 33; ++i) closes.push_back(100 + 7 * std::sin(i));
  closes.resize(90, 0.1);
  const auto bands = OfCloses("bollinger", {}, closes);
  for (size_t row = 33 + 19; row < closes.size(); ++row) {
    EXPECT_EQ(bands[0][row], 0.1) << row;
    EXPECT_EQ(bands[1][row], 0.1) << row;
    EXPECT_EQ(bands[2][row], 0.1) << row;
  }
}

TEST(Macd, OfEqualPricesIsZero) {
  const auto macd = OfCloses("macd", {}, std::vector<double>(60, 1.0 / 3));
  for (size_t row = 33; row < 60; ++row)
    for (size_t k = 0; k < 3; ++k) EXPECT_EQ(macd[k][row], 0);
}

TEST(Macd, RefusesAFastMeanThatIsNotFaster) {
  const auto entry = Indicators().Find("macd");
  const auto made = ComputeIndicator(**entry, {{"fast", int64_t{26}}}, BarColumns{});
  EXPECT_EQ(base::DetailsOf(made.status()).reason, "INVALID_PARAMS");
  ASSERT_EQ(base::DetailsOf(made.status()).violations.size(), 1u);
  EXPECT_EQ(base::DetailsOf(made.status()).violations[0].field, "fast");
}

// A running sum loses digits with every bar; windows here begin afresh.
TEST(Bollinger, KeepsItsDigitsAfterAMillionBarsAtAHighPrice) {
  constexpr size_t kRows = 1'000'000;
  std::vector<double> closes;
  closes.reserve(kRows);
  uint64_t state = 1;
  double price = 10'000;
  for (size_t row = 0; row < kRows; ++row) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    price += (static_cast<double>(state >> 40) / (1 << 24) - 0.5) * 0.02 + (10'000 - price) * 1e-3;
    closes.push_back(price);
  }
  const auto bands = OfCloses("bollinger", {}, closes);
  for (size_t row = kRows - 1000; row < kRows; ++row) {
    long double mean = 0, square = 0;
    for (size_t i = row - 19; i <= row; ++i) mean += closes[i];
    mean /= 20;
    for (size_t i = row - 19; i <= row; ++i) square += (closes[i] - mean) * (closes[i] - mean);
    const double deviation = static_cast<double>(std::sqrt(square / 20));
    // The band itself is rounded at 10,000: half an ulp is 1e-12.
    ASSERT_NEAR((bands[0][row] - bands[2][row]) / 4, deviation, 2e-12) << row;
    ASSERT_NEAR(bands[1][row], static_cast<double>(mean), 4e-12) << row;
  }
}

}  // namespace
}  // namespace breadthflow::quant
