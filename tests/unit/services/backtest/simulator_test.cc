#include "services/backtest/domain/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest {
namespace {

using ::breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace testing;  // the folder's own helpers

Market One(const std::vector<DayBar>& days, std::vector<int64_t> directions) {
  Market market{Bars("A", days), {}};
  market.signals = Signals(market.bars, std::move(directions));
  return market;
}

TEST(Simulator, FillsAtTheOpenOfTheBarAfterTheDecision) {
  const auto result = Simulate(Scenario{}, {One({{10, 10}, {11, 12}, {13, 14}, {15, 16}}, {1, 0, -1, 0})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_EQ(result.fills[0].price, 11);
  EXPECT_EQ(result.fills[0].decided_ns, kStart);
  EXPECT_EQ(result.fills[0].time_ns, kStart + kDayNs);
  EXPECT_EQ(result.fills[1].price, 15);
  EXPECT_EQ(result.fills[1].quantity, -result.fills[0].quantity);
  ASSERT_EQ(result.round_trips.size(), 1u);
  EXPECT_EQ(result.round_trips[0].bars, 2);
}

TEST(Simulator, FillsAtTheNextCloseOnlyWhenAsked) {
  Scenario setup;
  setup.engine.params["fill_at"] = std::string("close");
  const auto result = Simulate(setup, {One({{10, 10}, {11, 12}, {13, 14}}, {1})});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].price, 12);
  EXPECT_EQ(result.fills[0].time_ns, kStart + kDayNs);
}

TEST(Simulator, WaitsFurtherBarsWhenAsked) {
  Scenario setup;
  setup.engine.params["delay_bars"] = int64_t{1};
  const auto result = Simulate(setup, {One({{10, 10}, {11, 12}, {13, 14}}, {1})});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].price, 13);
}

TEST(Simulator, SizesFromEquityAndLeavesTheCashBuffer) {
  const auto result = Simulate(Scenario{}, {One({{10, 10}, {10, 10}, {10, 10}}, {1})});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].quantity, 980);  // 98 % of 10,000 at 10
  EXPECT_EQ(result.curve.cash.back(), 200);
  EXPECT_EQ(result.curve.gross_exposure.back(), 9800);
}

TEST(Simulator, MarksEveryBar) {
  const auto result = Simulate(Scenario{}, {One({{100, 100}, {100, 100}, {60, 60}, {30, 30}, {100, 100}}, {1})});
  EXPECT_THAT(result.curve.equity, ElementsAre(10'000, 10'000, 10'000 - 98 * 40, 10'000 - 98 * 70, 10'000));
}

TEST(Simulator, BooksSlippageAndCommission) {
  Scenario setup;
  setup.engine.params = {{"slippage_bps", int64_t{100}}, {"commission_bps", int64_t{10}}, {"min_commission", 1.0}};
  setup.sizer.params = {{"fraction", 0.5}};
  const auto result = Simulate(setup, {One({{10, 10}, {10, 10}, {10, 10}, {10, 10}}, {1, -1})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_DOUBLE_EQ(result.fills[0].price, 10.1);
  EXPECT_NEAR(result.fills[0].slippage, 50, 1e-9);
  EXPECT_NEAR(result.fills[0].fee, 5.05, 1e-9);
  EXPECT_DOUBLE_EQ(result.fills[1].price, 9.9);
  EXPECT_NEAR(result.fills[1].slippage, 50, 1e-9);
  EXPECT_NEAR(result.round_trips[0].pnl, -100 - 5.05 - 4.95, 1e-9);
  EXPECT_NEAR(result.curve.equity.back(), 10'000 + result.round_trips[0].pnl, 1e-9);
}

TEST(Simulator, CutsWhatTheAccountCanNotPayForAndSaysSo) {
  Scenario setup;
  setup.sizer.params = {{"fraction", 1.0}};
  const auto result = Simulate(setup, {One({{10, 10}, {12.5, 12}, {12, 12}}, {1, 1, 1})});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].quantity, 800);
  EXPECT_GE(result.curve.cash.back(), 0);
  ASSERT_EQ(result.refusals.size(), 1u);
  EXPECT_EQ(result.refusals[0].rule, RefusalRule::kBuyingPower);
  EXPECT_EQ(result.refusals[0].requested, 1000);
  EXPECT_EQ(result.refusals[0].allowed, 800);
  EXPECT_EQ(result.refusals[0].limit, 10'000);
  EXPECT_EQ(result.refusals[0].requested_value, 12'500);
}

TEST(Simulator, NeverSpendsMoreThanThereIsEvenWithFees) {
  Scenario setup;
  setup.sizer.params = {{"fraction", 1.0}};
  setup.engine.params = {{"commission_bps", int64_t{50}}, {"min_commission", 20.0}, {"commission_per_share", 0.01}};
  for (const Market& market : {Trend("A", 7, 200), Trend("A", 8, 200)}) {
    const auto result = Simulate(setup, {market});
    EXPECT_GT(result.fills.size(), 10u);
    for (const double cash : result.curve.cash) EXPECT_GE(cash, -1e-6);
  }
}

TEST(Simulator, SaysWhenOneLotIsTooMuch) {
  const auto result = Simulate(Scenario{}, {One({{20'000, 20'000}, {20'000, 20'000}, {20'000, 20'000}}, {1, 1, 1})});
  EXPECT_THAT(result.fills, IsEmpty());
  ASSERT_EQ(result.refusals.size(), 1u);
  EXPECT_EQ(result.refusals[0].rule, RefusalRule::kLotSize);
}

TEST(Simulator, SellSignalsOnlyCloseUnlessShortsAreAllowed) {
  const Market market = One({{10, 10}, {10, 10}, {10, 9}, {9, 8}}, {-1, -1, -1, 1});
  EXPECT_THAT(Simulate(Scenario{}, {market}).fills, IsEmpty());
  Scenario setup;
  setup.sizer.params = {{"allow_short", true}};
  const auto result = Simulate(setup, {market});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].quantity, -980);
  EXPECT_EQ(result.curve.equity.back(), 10'000 + 2 * 980);
  ASSERT_EQ(result.open_positions.size(), 1u);
  EXPECT_EQ(result.open_positions[0].unrealized_pnl, 2 * 980);
}

TEST(Simulator, ReversesInOneOrder) {
  Scenario setup;
  setup.sizer.params = {{"allow_short", true}, {"fraction", 0.5}};
  const auto result = Simulate(setup, {One({{10, 10}, {10, 10}, {10, 10}}, {1, -1})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_EQ(result.fills[1].quantity, -1000);
  EXPECT_EQ(result.round_trips.size(), 1u);
  EXPECT_EQ(result.open_positions[0].quantity, -500);
}

TEST(Simulator, ReportsOpenPositionsApartAndOrdersThatNeverTraded) {
  const auto result = Simulate(Scenario{}, {One({{10, 10}, {10, 10}, {10, 12}}, {1, 0, -1})});
  EXPECT_THAT(result.round_trips, IsEmpty());
  ASSERT_EQ(result.open_positions.size(), 1u);
  EXPECT_EQ(result.open_positions[0].last_price, 12);
  EXPECT_EQ(result.open_positions[0].unrealized_pnl, 2 * 980);
  EXPECT_EQ(result.open_positions[0].opened_ns, kStart + kDayNs);
  ASSERT_EQ(result.unfilled.size(), 1u);
  EXPECT_EQ(result.unfilled[0].quantity, -980);
}

TEST(Simulator, SymbolsWithoutABarWaitForTheirNextOne) {
  Market a = One({{10, 10}, {10, 10}, {10, 10}, {10, 10}}, {});
  Market b{Bars("B", {{5, 5}, {7, 8}}, 0, 3), {}};  // days 0 and 3
  b.signals = Signals(b.bars, {1});
  const auto result = Simulate(Scenario{}, {a, b});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].symbol, 1);
  EXPECT_EQ(result.fills[0].price, 7);
  EXPECT_EQ(result.fills[0].time_ns, kStart + 3 * kDayNs);
  EXPECT_EQ(result.curve.size(), 4u);
  EXPECT_EQ(result.bar_steps, 6);
}

TEST(Simulator, ExitsTradeBeforeEntriesOfTheSameTime) {
  Scenario setup;
  setup.sizer.params = {{"fraction", 1.0}};
  const std::vector<DayBar> flat(5, {10, 10});
  Market a{Bars("A", flat), {}}, b{Bars("B", flat), {}};
  a.signals = Signals(a.bars, {0, 1});
  a.signals = Signals(a.bars, {0, 0, 1});
  b.signals = Signals(b.bars, {1, 0, -1});
  const auto result = Simulate(setup, {a, b});
  ASSERT_EQ(result.fills.size(), 3u);
  EXPECT_EQ(result.fills[1].symbol, 1);  // B sells first, although A was decided first
  EXPECT_EQ(result.fills[1].quantity, -1000);
  EXPECT_EQ(result.fills[2].symbol, 0);
  EXPECT_EQ(result.fills[2].quantity, 1000);
  EXPECT_THAT(result.refusals, IsEmpty());
}

TEST(Risk, LimitsTheResultingPositionAndRecordsTheNumbers) {
  Scenario setup;
  setup.risk = {"standard", {{"max_position_share", 0.1}}};
  const auto result = Simulate(setup, {One(std::vector<DayBar>(6, {10, 10}), {1, 1, 1, 1, 1, 1})});
  ASSERT_EQ(result.fills.size(), 1u);
  EXPECT_EQ(result.fills[0].quantity, 100);
  ASSERT_EQ(result.refusals.size(), 1u);
  EXPECT_EQ(result.refusals[0].rule, RefusalRule::kPositionShare);
  EXPECT_EQ(result.refusals[0].limit, 0.1);
  EXPECT_DOUBLE_EQ(result.refusals[0].requested_value, 0.98);
  EXPECT_EQ(result.refusals[0].requested, 980);
  EXPECT_EQ(result.refusals[0].allowed, 100);
}

TEST(Risk, LimitsAllPositionsTogetherWithOrdersStillWaiting) {
  Scenario setup;
  setup.risk = {"standard", {{"max_gross_exposure", 0.6}}};
  const std::vector<DayBar> flat(3, {10, 10});
  std::vector<Market> markets;
  for (const char* symbol : {"A", "B", "C"}) {
    markets.push_back({Bars(symbol, flat), {}});
    markets.back().signals = Signals(markets.back().bars, {1});
  }
  setup.sizer.params = {{"fraction", 0.25}};
  const auto result = Simulate(setup, markets);
  ASSERT_EQ(result.fills.size(), 3u);
  EXPECT_EQ(result.fills[2].quantity, 100);  // 25 % + 25 % + 10 %
  ASSERT_EQ(result.refusals.size(), 1u);
  EXPECT_EQ(result.refusals[0].rule, RefusalRule::kGrossExposure);
}

TEST(Risk, NeverRefusesToSellAWinner) {
  Scenario setup;
  setup.risk = {"standard", {{"max_position_share", 0.1}, {"max_trade_value", 1000.0}, {"min_trade_value", 500.0}}};
  const auto result = Simulate(setup, {One({{10, 10}, {10, 10}, {100, 100}, {100, 100}}, {1, 0, -1})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_EQ(result.fills[1].quantity, -100);
}

TEST(Risk, TradeValueLimitsCutAndRefuse) {
  Scenario setup;
  setup.risk = {"standard", {{"max_trade_value", 1000.0}}};
  const Market market = One(std::vector<DayBar>(4, {10, 10}), {1, 1, 1});
  EXPECT_EQ(Simulate(setup, {market}).fills[0].quantity, 100);
  setup.risk = {"standard", {{"min_trade_value", 20'000.0}}};
  const auto refused = Simulate(setup, {market});
  EXPECT_THAT(refused.fills, IsEmpty());
  ASSERT_EQ(refused.refusals.size(), 1u);  // once, not for every bar of the same signal
  EXPECT_EQ(refused.refusals[0].rule, RefusalRule::kMinTradeValue);
}

TEST(Risk, StopLossFiresAndTheSignalMustChangeBeforeTheNextEntry) {
  Scenario setup;
  setup.risk = {"standard", {{"stop_loss", 0.1}}};
  const auto result =
      Simulate(setup, {One({{10, 10}, {10, 10}, {9, 8.9}, {8.5, 9}, {9, 9}, {9, 9}, {9, 9}}, {1, 1, 1, 1, 0, 1})});
  ASSERT_EQ(result.fills.size(), 3u);
  EXPECT_EQ(result.fills[1].reason, OrderReason::kStopLoss);
  EXPECT_EQ(result.fills[1].price, 8.5);
  EXPECT_EQ(result.fills[2].reason, OrderReason::kSignal);
  EXPECT_EQ(result.fills[2].time_ns, kStart + 6 * kDayNs);
}

TEST(Risk, TakeProfitFiresForShortsToo) {
  Scenario setup;
  setup.risk = {"standard", {{"take_profit", 0.2}}};
  setup.sizer.params = {{"allow_short", true}};
  const auto result = Simulate(setup, {One({{10, 10}, {10, 10}, {9, 7.9}, {7.5, 7.5}}, {-1, -1, -1})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_EQ(result.fills[1].reason, OrderReason::kTakeProfit);
  EXPECT_EQ(result.fills[1].price, 7.5);
}

TEST(Risk, DrawdownHaltClosesEverythingAndEndsTrading) {
  Scenario setup;
  setup.risk = {"standard", {{"max_drawdown", 0.2}}};
  const auto result =
      Simulate(setup, {One({{10, 10}, {10, 10}, {8, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}}, {1, 1, 1, 0, 1, 1})});
  ASSERT_EQ(result.fills.size(), 2u);
  EXPECT_EQ(result.fills[1].reason, OrderReason::kDrawdownHalt);
  ASSERT_EQ(result.refusals.size(), 1u);
  EXPECT_EQ(result.refusals[0].rule, RefusalRule::kDrawdownHalt);
  EXPECT_THAT(result.open_positions, IsEmpty());
}

TEST(Inputs, SignalsMustHaveABarAndPricesMustBePositive) {
  const quant::Series bars = Bars("A", {{10, 10}, {10, 10}});
  const quant::Series other = Bars("A", {{10, 10}, {10, 10}}, 5);
  EXPECT_THAT(MakeSymbolInput(bars, Signals(other, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, "SIGNAL_WITHOUT_BAR"));
  const quant::Series zero = Bars("A", {{10, 10}, {10, 0}});
  EXPECT_THAT(MakeSymbolInput(zero, Signals(zero, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, "PRICE_NOT_POSITIVE"));
}

TEST(Inputs, EveryFaultIsNamed) {
  const Market market = Trend("A", 1, 10);
  Scenario setup;
  setup.capital = -5;
  const absl::Status status = TrySimulate(setup, {market, market}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 2u);
  EXPECT_THAT(TrySimulate(Scenario{}, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Simulator, StopsWhenAsked) {
  const Market market = Trend("A", 1, 10);
  const auto engine = *MakeExecutionEngine({"standard", {}});
  const auto sizer = *MakeSizer({"fixed_fraction", {}});
  const auto risk = *MakeRiskManager({"none", {}});
  base::CancelToken cancel;
  cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_THAT(Simulator(1000, *engine, *sizer, *risk).Run({*MakeSymbolInput(market.bars, market.signals)}, cancel),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(Components, UnknownNamesAndWrongParametersAreRefused) {
  EXPECT_THAT(MakeExecutionEngine({"magic", {}}), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_COMPONENT"));
  EXPECT_THAT(MakeRiskManager({"magic", {}}), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_COMPONENT"));
  const absl::Status status =
      MakeRiskManager({"standard", {{"stop_loss", 2.0}, {"max_drawdwon", 0.1}, {"take_profit", true}}}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 3u);
}

}  // namespace
}  // namespace breadthflow::backtest
