#include <cmath>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "services/backtest/domain/metrics/benchmark.h"
#include "services/backtest/domain/metrics/drawdown.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/metrics/moments.h"
#include "services/backtest/domain/metrics/ratios.h"
#include "services/backtest/domain/metrics/returns.h"
#include "services/backtest/domain/metrics/significance.h"
#include "services/backtest/domain/metrics/tail.h"
#include "services/backtest/domain/metrics/trades.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest::metrics {
namespace {

using backtest::testing::kDayNs;

// Ten returns whose Sharpe and Sortino ratios were worked out by hand and with numpy.
const std::vector<double> kReturns = {.01, -.02, .015, .003, -.007, .012, -.001, .004, -.011, .006};

SessionCurve CurveOf(const std::vector<double>& returns, int64_t start = 0) {
  SessionCurve curve{{start}, {100}};
  for (const double r : returns) {
    curve.times.push_back(curve.times.back() + kDayNs);
    curve.equity.push_back(curve.equity.back() * (1 + r));
  }
  return curve;
}

std::vector<RoundTrip> Trips(const std::vector<double>& pnls) {
  std::vector<RoundTrip> trips;
  for (const double pnl : pnls) trips.push_back({.quantity = 1, .pnl = pnl});
  return trips;
}

TEST(Sharpe, MatchesTheReferenceVector) { EXPECT_NEAR(*Sharpe(kReturns, 0, 252), 1.587524, 5e-7); }

TEST(Sharpe, IsAbsentWithoutSpreadOrWithOneReturn) {
  EXPECT_FALSE(Sharpe(std::vector<double>{0, 0, 0}, 0, 252));
  EXPECT_FALSE(Sharpe(std::vector<double>{0.01}, 0, 252));
}

TEST(SharpeLo, EqualsSharpeWithoutAutocorrelationAndFallsWithIt) {
  std::vector<double> trending, noise;
  for (int i = 0; i < 400; ++i) {
    trending.push_back(0.0005 + ((i / 10) % 2 == 0 ? 0.01 : -0.01));
    noise.push_back(0.0005 + (((i * 7919) % 31) - 15) * 0.001);
  }
  EXPECT_LT(*SharpeLo(trending, 0, 252, 5), 0.5 * *Sharpe(trending, 0, 252));
  EXPECT_GT(*SharpeLo(trending, 0, 252, 5), 0);
  EXPECT_FALSE(SharpeLo(kReturns, 0, 252, 6));
}

TEST(Sortino, MatchesTheReferenceVectorWithAllReturnsInTheDeviation) {
  EXPECT_NEAR(*DownsideDeviation(kReturns, 0), .007556454, 5e-10);
  EXPECT_NEAR(*Sortino(kReturns, 0, 252), 2.310867, 5e-7);
}

TEST(Sortino, IsAbsentWithoutALoss) { EXPECT_FALSE(Sortino(std::vector<double>{0.01, 0.02}, 0, 252)); }

TEST(MaxDrawdown, MatchesTheReferenceVector) { EXPECT_NEAR(DeepestDrawdown(CurveOf(kReturns))->depth, 0.02, 1e-12); }

TEST(MaxDrawdown, KnowsPeakTroughAndRecovery) {
  const SessionCurve curve{{0, 1, 2, 3, 4, 5}, {100, 120, 90, 110, 125, 100}};
  const std::vector<Drawdown> all = Drawdowns(curve);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_DOUBLE_EQ(all[0].depth, 0.25);
  EXPECT_EQ(all[0].peak_ns, 1);
  EXPECT_EQ(all[0].trough_ns, 2);
  EXPECT_EQ(all[0].recovery_ns, 4);
  EXPECT_FALSE(all[1].recovery_ns.has_value());
  EXPECT_FALSE(DeepestDrawdown({{0, 1}, {1, 2}}).has_value());
}

TEST(Cagr, UsesCalendarTime) {
  const auto year = static_cast<int64_t>(365.25 * static_cast<double>(kDayNs));
  EXPECT_NEAR(*Cagr({{0, 2 * year}, {100, 121}}), 0.10, 1e-12);
}

TEST(Cagr, IsMinusOneAfterRuinAndAbsentWithinADay) {
  EXPECT_EQ(*Cagr({{0, 400 * kDayNs}, {100, -5}}), -1);
  EXPECT_FALSE(Cagr({{0, kDayNs / 2}, {100, 101}}));
}

TEST(ProfitFactor, IsGrossProfitOverGrossLossAndNotThePayoffRatio) {
  const auto trips = Trips({10, 10, 10, -20});
  EXPECT_DOUBLE_EQ(*ProfitFactor(trips), 1.5);
  EXPECT_DOUBLE_EQ(*PayoffRatio(trips), 0.5);
  EXPECT_DOUBLE_EQ(*WinRate(trips), 0.75);
  EXPECT_DOUBLE_EQ(*Expectancy(trips), 2.5);
}

TEST(ProfitFactor, IsAbsentRatherThanInfinite) {
  EXPECT_FALSE(ProfitFactor(Trips({10, 5})));
  EXPECT_FALSE(PayoffRatio(Trips({10})));
  EXPECT_FALSE(WinRate({}));
}

// Bailey and Lopez de Prado 2012, the hedge fund example.
TEST(ProbabilisticSharpe, MatchesThePublishedExample) {
  EXPECT_NEAR(*ProbabilisticSharpe(.458, 0, 24, -2.448, 10.164), 0.913361, 5e-7);
  EXPECT_NEAR(*ProbabilisticSharpe(.458, 0, 24, 0, 3), 0.981675, 5e-7);
}

TEST(ProbabilisticSharpe, WouldBeOffWithExcessInsteadOfRawKurtosis) {
  EXPECT_NEAR(*ProbabilisticSharpe(.458, 0, 24, -2.448, 10.164 - 3), 0.919972, 5e-7);
}

// Bailey and Lopez de Prado 2014, the example of the paper: annual figures of 250 periods.
TEST(DeflatedSharpe, MatchesThePublishedExample) {
  const double variance = 0.5 / 250, sharpe = 2.5 / std::sqrt(250.0);
  EXPECT_NEAR(ExpectedMaximumSharpe(100, variance), 0.113172, 5e-7);
  EXPECT_NEAR(*DeflatedSharpe(sharpe, 1250, -3, 10, 100, variance), 0.900397, 5e-7);
  EXPECT_NEAR(*DeflatedSharpe(sharpe, 1250, -3, 10, 46, variance), 0.950502, 5e-7);
}

TEST(DrawdownDays, CountDatesAcrossTheChangeOfTheClocks) {
  // New York closes at 21:00 UTC in winter and at 20:00 UTC in summer: 2024-03-08, 2024-03-11, 2024-04-08.
  const std::vector<int64_t> times = {1'709'931'600'000'000'000, 1'710'187'200'000'000'000, 1'712'606'400'000'000'000};
  const std::vector<double> equity = {100, 90, 95};
  MetricInput in;
  in.sessions = {.times = times, .equity = equity};
  for (const char* name : {"max_drawdown_days", "longest_drawdown_days"})
    EXPECT_EQ((*Metrics().Find(name))->compute(in), 31) << name;
}

TEST(MinimumTrackRecord, IsTheLengthAtWhichTheProbabilityIsReached) {
  const double n = *MinimumTrackRecord(0.1, 0, -0.5, 5, 0.95);
  EXPECT_NEAR(*ProbabilisticSharpe(0.1, 0, n, -0.5, 5), 0.95, 1e-12);
  EXPECT_FALSE(MinimumTrackRecord(-0.1, 0, 0, 3, 0.95));
}

TEST(NormalCdf, AgreesWithTheErrorFunction) {
  for (double x = -9; x <= 9; x += 0.0625) EXPECT_NEAR(NormalCdf(x), 0.5 * std::erfc(-x / std::sqrt(2.0)), 2e-15) << x;
  EXPECT_EQ(NormalCdf(40), 1);
  EXPECT_EQ(NormalCdf(-40), 0);
}

TEST(TailRisk, IsALossCountedWithTheFractionOfTheBorderReturn) {
  std::vector<double> returns;
  for (int i = 1; i <= 110; ++i) returns.push_back(-0.001 * i);  // worst: -0.110; 5 % of 110 are 5.5 returns
  EXPECT_NEAR(*ValueAtRisk(returns, 0.05), 0.105, 1e-15);
  EXPECT_NEAR(*ExpectedShortfall(returns, 0.05), (0.110 + 0.109 + 0.108 + 0.107 + 0.106 + 0.5 * 0.105) / 5.5, 1e-15);
}

TEST(TailRisk, IsRefusedForTooFewReturns) {
  EXPECT_FALSE(ValueAtRisk(std::vector<double>(99, -0.01), 0.05));
  EXPECT_FALSE(ExpectedShortfall(std::vector<double>(99, -0.01), 0.05));
  EXPECT_NEAR(*ExpectedShortfall(std::vector<double>(100, -0.01), 0.05), 0.01, 1e-15);
}

TEST(Sessions, KeepTheLastPointOfEachDayAfterTheCapital) {
  const int64_t hour = kDayNs / 24;
  const std::vector<int64_t> times = {15 * hour, 16 * hour, kDayNs + 15 * hour, kDayNs + 16 * hour};
  const SessionCurve curve = ToSessions(times, std::vector<double>{101, 102, 103, 104}, 100);
  EXPECT_EQ(curve.times, (std::vector<int64_t>{15 * hour, 16 * hour, kDayNs + 16 * hour}));
  EXPECT_EQ(curve.equity, (std::vector<double>{100, 102, 104}));
}

TEST(Sessions, LeaveDailyCurvesAsTheyAre) {
  const std::vector<int64_t> times = {0, kDayNs, 2 * kDayNs};
  EXPECT_EQ(ToSessions(times, std::vector<double>{100, 102, 104}, 100).equity, (std::vector<double>{100, 102, 104}));
}

TEST(Benchmark, BuysEqualPartsAtTheFirstCloseOfEachSymbol) {
  using backtest::testing::Bars, backtest::testing::Signals;
  const quant::Series a = Bars("A", {{10, 10}, {10, 20}, {20, 30}}), b = Bars("B", {{5, 5}, {5, 4}}, 1);
  const std::vector<SymbolInput> inputs = {*MakeSymbolInput(a, Signals(a, {})), *MakeSymbolInput(b, Signals(b, {}))};
  EXPECT_EQ(BuyAndHold(1000, inputs, a.times), (std::vector<double>{1000, 1500, 1900}));
}

TEST(Regression, FindsTheLine) {
  std::vector<double> benchmark, returns;
  for (int i = 0; i < 50; ++i) {
    benchmark.push_back(((i * 37) % 11 - 5) * 0.001);
    returns.push_back(0.0002 + 1.5 * benchmark.back());
  }
  const Regression line = *RegressOn(returns, benchmark, 0);
  EXPECT_NEAR(line.alpha, 0.0002, 1e-15);
  EXPECT_NEAR(line.beta, 1.5, 1e-12);
  EXPECT_NEAR(line.correlation, 1, 1e-12);
  EXPECT_FALSE(RegressOn(returns, std::vector<double>(50, 0.0), 0));
  EXPECT_FALSE(InformationRatio(benchmark, benchmark, 252));
}

TEST(Catalogue, EveryMetricIsDescribedAndNeverNotANumber) {
  using backtest::testing::Scenario, backtest::testing::Simulate, backtest::testing::Trend;
  const SimulationResult traded = Simulate(Scenario{}, {Trend("A", 3, 300)});
  const SimulationResult idle =
      Simulate(Scenario{}, {{backtest::testing::RandomBars("A", 1, 1),
                             backtest::testing::Signals(backtest::testing::RandomBars("A", 1, 1), {})}});
  for (const SimulationResult* result : {&traded, &idle}) {
    const auto values = ComputeMetrics(MakeMetricInput(*result, result->curve.equity, quant::Timeframe::kDay, 0.02));
    ASSERT_EQ(values.size(), Metrics().entries().size());
    for (const MetricValue& value : values) {
      EXPECT_FALSE(value.metric->info.description.empty()) << value.metric->info.name;
      EXPECT_FALSE(value.metric->unit.empty()) << value.metric->info.name;
      if (value.value) {
        EXPECT_TRUE(std::isfinite(*value.value)) << value.metric->info.name;
      }
    }
  }
}

TEST(Metrics, ARuinedAccountHasNoStatisticsOfReturns) {
  EXPECT_THAT(SimpleReturns(std::vector<double>{100, -6, 15}), ::testing::IsEmpty());
  EXPECT_THAT(SimpleReturns(std::vector<double>{100, 0}), ::testing::IsEmpty());
  MetricInput input;
  input.sessions = {.times = {0, 86'400'000'000'000, 2 * 86'400'000'000'000}, .equity = {100, -6, 15}};
  input.returns = SimpleReturns(input.sessions.equity);
  const SimulationResult result;
  input.result = &result;
  for (const char* name : {"sharpe", "sortino", "annual_volatility", "probabilistic_sharpe", "alpha", "beta"}) {
    EXPECT_EQ((*Metrics().Find(name))->compute(input), std::nullopt) << name;
  }
}

// Results of empyrical, quantstats, ffn, numpy and scipy on three years of real daily closes, where they are at hand.
class LibraryReference : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string folder = std::string(BREADTHFLOW_SOURCE_DIR) + "/../shared/reference/performance/";
    std::ifstream file(folder + "metrics.json");
    if (!file) GTEST_SKIP() << "no reference results at " << folder;
    expected_ = nlohmann::json::parse(file)["series"][GetParam()]["metrics"];
    curve_ = ReadCurve(folder + GetParam() + "_returns.csv");
    returns_ = SimpleReturns(curve_.equity);
    benchmark_ = SimpleReturns(ReadCurve(folder + "SPY_returns.csv").equity);
  }

  static SessionCurve ReadCurve(const std::string& path) {
    SessionCurve curve;
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      absl::CivilDay day;
      EXPECT_TRUE(absl::ParseCivilTime(line.substr(0, 10), &day)) << line;
      curve.times.push_back(absl::ToUnixNanos(absl::FromCivil(day, absl::UTCTimeZone())));
      curve.equity.push_back(std::stod(line.substr(11)));
    }
    return curve;
  }

  double Expected(const std::string& library, const std::string& name) { return expected_[library][name]; }

  nlohmann::json expected_;
  SessionCurve curve_;
  std::vector<double> returns_, benchmark_;
};

TEST_P(LibraryReference, ReturnsAndRatiosAgree) {
  EXPECT_NEAR(*TotalReturn(curve_), Expected("empyrical", "total_return"), 1e-11);
  EXPECT_NEAR(*Cagr(curve_), Expected("ffn", "cagr"), 1e-9);
  EXPECT_NEAR(*AnnualVolatility(returns_, 252), Expected("empyrical", "annual_volatility_252"), 1e-12);
  EXPECT_NEAR(*Sharpe(returns_, 0, 252), Expected("empyrical", "sharpe_rf0"), 1e-10);
  EXPECT_NEAR(*Sharpe(returns_, 0.02, 252), Expected("empyrical", "sharpe_rf0.02_daily_compounded"), 1e-10);
  EXPECT_NEAR(*Sortino(returns_, 0, 252), Expected("empyrical", "sortino_mar0"), 1e-10);
  EXPECT_NEAR(*DownsideDeviation(returns_, 0) * std::sqrt(252.0), Expected("empyrical", "downside_risk_252"), 1e-12);
}

TEST_P(LibraryReference, DrawdownsAgree) {
  const Drawdown deepest = *DeepestDrawdown(curve_);
  EXPECT_NEAR(-deepest.depth, Expected("empyrical", "max_drawdown"), 1e-11);
  EXPECT_NEAR(*Calmar(curve_), Expected("ffn", "calmar"), 1e-8);
  const int64_t end = deepest.recovery_ns.value_or(curve_.times.back());
  // ffn counts from the first day below the peak.
  const auto days = (end - deepest.peak_ns) / kDayNs;
  const int64_t expected = expected_["ffn"]["worst_drawdown"]["length_days"];
  EXPECT_GE(days, expected);
  EXPECT_LE(days, expected + 4);
}

TEST_P(LibraryReference, MomentsAndTailsAgree) {
  EXPECT_NEAR(*Mean(returns_), Expected("numpy_scipy_pandas", "mean"), 1e-14);
  EXPECT_NEAR(*StandardDeviation(returns_), Expected("numpy_scipy_pandas", "std_sample"), 1e-14);
  EXPECT_NEAR(*Skewness(returns_), Expected("numpy_scipy_pandas", "skew_population"), 1e-9);
  EXPECT_NEAR(*Kurtosis(returns_) - 3, Expected("numpy_scipy_pandas", "kurtosis_excess_population"), 1e-9);
  // Theirs interpolate between two returns; ours takes the outer one.
  EXPECT_NEAR(-*ValueAtRisk(returns_, 0.05), Expected("numpy_scipy_pandas", "quantile_0.05_linear"), 5e-4);
  EXPECT_NEAR(-*ExpectedShortfall(returns_, 0.05), Expected("empyrical", "conditional_value_at_risk_0.05"), 5e-4);
}

TEST_P(LibraryReference, ComparisonWithTheBenchmarkAgrees) {
  if (GetParam() == "SPY") GTEST_SKIP() << "SPY is the benchmark itself";
  const Regression line = *RegressOn(returns_, benchmark_, 0);
  EXPECT_NEAR(line.beta, Expected("empyrical", "beta_vs_benchmark"), 1e-9);
  EXPECT_NEAR(std::pow(1 + line.alpha, 252) - 1, Expected("empyrical", "alpha_vs_benchmark"), 1e-9);
  EXPECT_NEAR(line.correlation * line.correlation, Expected("quantstats", "r_squared_vs_benchmark"), 1e-9);
  EXPECT_NEAR(*InformationRatio(returns_, benchmark_, 1), Expected("quantstats", "information_ratio_vs_benchmark"),
              1e-10);
}

INSTANTIATE_TEST_SUITE_P(Symbols, LibraryReference, ::testing::Values("AAPL", "XOM", "SPY"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace breadthflow::backtest::metrics
