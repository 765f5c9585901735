// What every strategy of the catalogue promises, whoever wrote it.
#include <map>

#include <gtest/gtest.h>

#include "common/quant/indicators/catalog.h"
#include "common/quant/strategies/catalog.h"
#include "tests/contract/random_bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::RandomBars;
using ::breadthflow::testing::StatusIs;

class StrategyContract : public ::testing::TestWithParam<const StrategyEntry*> {
 protected:
  const StrategyEntry& entry() const { return *GetParam(); }

  std::unique_ptr<Strategy> Make() const {
    auto made = MakeStrategy({entry().info.name, {}});
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  // A value in [0, 1] for every extra column, at every bar after the 30th but some.
  static Series Extra(const Strategy& strategy, const Series& bars) {
    Series extra{.key = bars.key, .times = {}, .columns = {}};
    const stats::CounterRandom random(3, bars.key.symbol);
    std::vector<double> values;
    for (size_t row = 30; row < bars.size(); ++row) {
      if (row % 17 == 0) continue;
      extra.times.push_back(bars.times[row]);
      values.push_back(random.Uniform(static_cast<int64_t>(row)));
    }
    for (const std::string& name : strategy.Needs().extra) extra.Add(name, values);
    return extra;
  }

  static Series Run(const Strategy& strategy, const Series& bars, const Series& extra, TimeRange range = {}) {
    auto signals = GenerateSignals(strategy, bars, &extra, {.range = range, .variant = "run", .cancel = {}});
    EXPECT_THAT(signals, IsOk());
    return *std::move(signals);
  }
  static Series Run(const Strategy& strategy, const Series& bars) { return Run(strategy, bars, Extra(strategy, bars)); }
};

TEST_P(StrategyContract, DescribesItselfAndNamesExistingIndicators) {
  EXPECT_EQ(entry().info.kind, "strategy");
  EXPECT_FALSE(entry().info.description.empty());
  for (const component::ParamSpec& spec : entry().params) EXPECT_FALSE(spec.description.empty()) << spec.name;
  const auto strategy = Make();
  for (const component::ComponentRef& ref : strategy->Needs().indicators)
    EXPECT_THAT(Indicators().Find(ref.name), IsOk());
}

TEST_P(StrategyContract, WritesValidSignalsOfItsBars) {
  const auto strategy = Make();
  const Series bars = RandomBars("AAA", 900);
  const Series signals = Run(*strategy, bars);
  EXPECT_THAT(signals.Validate(), IsOk());
  EXPECT_THAT(SignalColumns::Of(signals), IsOk());
  EXPECT_EQ(signals.key, (SeriesKey{"signal", "AAA", Timeframe::kDay, "run"}));
  EXPECT_GT(signals.size(), 500u);
  const SignalColumns columns = SignalColumns::Of(signals).value();
  size_t longs = 0, shorts = 0;
  for (const int64_t direction : columns.direction) (direction > 0 ? longs : shorts) += direction != 0;
  EXPECT_GT(longs, 0u) << "a strategy that never says anything is not tested by this suite";
  EXPECT_GT(shorts, 0u);
}

TEST_P(StrategyContract, SignalsEveryBarAfterItsWarmUpWhereItsInputsAreKnown) {
  const auto strategy = Make();
  const Series bars = RandomBars("BBB", 400);
  const Series extra = Extra(*strategy, bars);
  const Series signals = Run(*strategy, bars, extra);
  std::vector<int64_t> expected;
  for (size_t row = strategy->WarmUp(); row < bars.size(); ++row) {
    const bool known =
        strategy->Needs().extra.empty() || std::binary_search(extra.times.begin(), extra.times.end(), bars.times[row]);
    if (known) expected.push_back(bars.times[row]);
  }
  EXPECT_EQ(signals.times, expected);
}

TEST_P(StrategyContract, OfAPrefixIsThePrefixOfTheResult) {
  const auto strategy = Make();
  const Series bars = RandomBars("CCC", 600);
  const Series extra = Extra(*strategy, bars);
  const Series whole = Run(*strategy, bars, extra);
  for (const size_t size : {size_t{1}, size_t{40}, size_t{51}, size_t{52}, size_t{333}, size_t{599}}) {
    const TimeRange until{INT64_MIN, bars.times[size - 1] + 1};
    EXPECT_EQ(Run(*strategy, bars.Rows(0, size), extra.Slice(until)), whole.Slice(until)) << size;
    // What comes later is not looked at even when it is there.
    EXPECT_EQ(Run(*strategy, bars.Rows(0, size), extra), whole.Slice(until)) << size;
  }
}

TEST_P(StrategyContract, ChangingLaterBarsChangesNoEarlierSignal) {
  const auto strategy = Make();
  const Series bars = RandomBars("DDD", 500);
  Series changed = bars;
  for (Column& column : changed.columns) {
    auto& values = std::get<std::vector<double>>(column.values);
    for (size_t row = 300; row < values.size(); ++row) values[row] *= 3;
  }
  const Series extra = Extra(*strategy, bars);
  const TimeRange until{INT64_MIN, bars.times[300]};
  EXPECT_EQ(Run(*strategy, changed, extra).Slice(until), Run(*strategy, bars, extra).Slice(until));
}

TEST_P(StrategyContract, ShiftingAllTimesShiftsTheSignals) {
  const auto strategy = Make();
  const Series bars = RandomBars("EEE", 400);
  const Series extra = Extra(*strategy, bars);
  constexpr int64_t kShift = 1000 * testing::kDayNs + 17;
  const auto shift = [](Series series) {
    for (int64_t& time : series.times) time += kShift;
    return series;
  };
  EXPECT_EQ(Run(*strategy, shift(bars), shift(extra)), shift(Run(*strategy, bars, extra)));
}

TEST_P(StrategyContract, TreatsEverySymbolByItself) {
  const auto strategy = Make();
  std::map<std::string, Series> forwards, backwards;
  const std::vector<std::string> symbols = {"AAA", "BBB", "CCC"};
  for (auto it = symbols.begin(); it != symbols.end(); ++it) forwards[*it] = Run(*strategy, RandomBars(*it, 300));
  for (auto it = symbols.rbegin(); it != symbols.rend(); ++it) backwards[*it] = Run(*strategy, RandomBars(*it, 300));
  EXPECT_EQ(forwards, backwards);
  EXPECT_NE(forwards["AAA"].columns, forwards["BBB"].columns);
}

TEST_P(StrategyContract, GivesTheSameSignalsEachTimeAndFromAnotherObject) {
  const Series bars = RandomBars("FFF", 700);
  const auto strategy = Make();
  const Series first = Run(*strategy, bars);
  EXPECT_EQ(Run(*strategy, bars), first);
  EXPECT_EQ(Run(*Make(), bars), first);
  EXPECT_EQ(first.ContentHash(), Run(*Make(), bars).ContentHash());
}

TEST_P(StrategyContract, ARangeOnlyCutsTheResult) {
  const auto strategy = Make();
  const Series bars = RandomBars("GGG", 400);
  const Series extra = Extra(*strategy, bars);
  const TimeRange range{bars.times[120], bars.times[222]};
  const Series cut = Run(*strategy, bars, extra, range);
  EXPECT_EQ(cut, Run(*strategy, bars, extra).Slice(range));
  EXPECT_FALSE(cut.empty());
}

TEST_P(StrategyContract, HasNoOpinionOnPricesThatNeverMove) {
  const auto strategy = Make();
  if (!strategy->Needs().extra.empty()) GTEST_SKIP() << "decides by columns of its own";
  const Series signals = Run(*strategy, testing::FlatBars(300, 0.1));
  EXPECT_EQ(signals.size(), 300 - strategy->WarmUp());
  for (const int64_t direction : signals.Ints("direction")) ASSERT_EQ(direction, 0);
  for (const double score : signals.Doubles("score")) ASSERT_EQ(score, 0);
}

TEST_P(StrategyContract, OfTooFewBarsIsEmpty) {
  const auto strategy = Make();
  EXPECT_TRUE(Run(*strategy, RandomBars("HHH", 0)).empty());
  EXPECT_TRUE(Run(*strategy, RandomBars("HHH", strategy->WarmUp())).empty());
}

TEST_P(StrategyContract, RefusesBarsThatAreNotBars) {
  const auto strategy = Make();
  Series bars = RandomBars("III", 100);
  const Series extra = Extra(*strategy, bars);
  bars.columns.pop_back();
  EXPECT_THAT(GenerateSignals(*strategy, bars, &extra, {}), StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
}

TEST_P(StrategyContract, SaysWhichExtraColumnIsMissing) {
  const auto strategy = Make();
  if (strategy->Needs().extra.empty()) GTEST_SKIP() << "needs none";
  EXPECT_THAT(GenerateSignals(*strategy, RandomBars("JJJ", 100), nullptr, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "MISSING_COLUMN"));
}

TEST_P(StrategyContract, StopsWhenCancelled) {
  const auto strategy = Make();
  const Series bars = RandomBars("KKK", 5000);
  const Series extra = Extra(*strategy, bars);
  GenerateOptions options;
  options.cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_THAT(GenerateSignals(*strategy, bars, &extra, options), StatusIs(absl::StatusCode::kCancelled));
}

TEST_P(StrategyContract, RefusesParametersOutOfRangeAllAtOnce) {
  component::RawParams raw = {{"no_such_parameter", int64_t{1}}};
  for (const component::ParamSpec& spec : entry().params) {
    if (spec.type == component::ParamType::kInt) raw[spec.name] = static_cast<int64_t>(*spec.min) - 1;
    if (spec.type == component::ParamType::kDouble) raw[spec.name] = *spec.max * 2 + 1;
  }
  const auto made = MakeStrategy({entry().info.name, raw});
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PARAMS"));
  EXPECT_EQ(base::DetailsOf(made.status()).violations.size(), raw.size());
}

std::vector<const StrategyEntry*> AllStrategies() {
  std::vector<const StrategyEntry*> all;
  for (const StrategyEntry& entry : Strategies().entries()) all.push_back(&entry);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, StrategyContract, ::testing::ValuesIn(AllStrategies()),
                         [](const auto& param_info) { return param_info.param->info.name; });

}  // namespace
}  // namespace breadthflow::quant
