#include "services/backtest/domain/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/backtest/domain/outcome.h"
#include "services/backtest/domain/report/format.h"
#include "services/backtest/domain/report/render.h"
#include "services/backtest/domain/report/svg_chart.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace backtest::testing;  // simulations

TEST(Format, WritesNumbersForPeople) {
  EXPECT_EQ(Decimal(1234567.891, 2), "1,234,567.89");
  EXPECT_EQ(Decimal(-999.5, 1), "\u2212999.5");
  EXPECT_EQ(Decimal(-0.001, 2), "0.00");
  EXPECT_EQ(SignedPercent(0.1234, 1), "+12.3\u202f%");
  EXPECT_EQ(SignedPercent(0, 1), "0.0\u202f%");
  EXPECT_EQ(Money(145854.2), "145,854");
  EXPECT_EQ(Price(0.01234), "0.01234");
  EXPECT_EQ(Quantity(12.5), "12.5");
  EXPECT_EQ(Quantity(1200), "1,200");
  EXPECT_EQ(Day(kStart), "2024-01-01");
}

TEST(Format, EscapesWhatHtmlWouldRead) {
  EXPECT_EQ(Escape("<script>\"a\" & 'b'</script>"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
}

TEST(Summary, MonthlyReturnsCompoundToTheTotalReturn) {
  const Market market = Trend("A", 3, 200);
  const SimulationResult result = Simulate(Scenario{}, {market});
  const auto months = MonthlyReturns(result.curve.times, result.curve.equity, result.capital);
  EXPECT_EQ(months.size(), 7u);
  EXPECT_EQ(months[0].year, 2024);
  EXPECT_EQ(months[0].month, 1);
  double growth = 1;
  for (const MonthlyReturn& month : months) growth *= 1 + month.value;
  EXPECT_NEAR(growth, result.curve.equity.back() / result.capital, 1e-12);
}

TEST(Summary, SymbolsAddUpToTheRunAndIdleOnesAreListed) {
  const SimulationResult result =
      Simulate(Scenario{.engine = {"standard", {}}}, {Trend("A", 3, 200), Trend("B", 4, 200)});
  std::vector<NamedFill> fills;
  for (const Fill& fill : result.fills) fills.push_back({result.symbols[static_cast<size_t>(fill.symbol)], fill});
  const std::vector<std::string> symbols = {"A", "B", "IDLE"};
  const auto trades = TradesOf(result);
  const auto summaries = SummariseSymbols(symbols, trades, fills);
  ASSERT_EQ(summaries.size(), 3u);
  EXPECT_NEAR(summaries[0].pnl + summaries[1].pnl, result.curve.equity.back() - result.capital, 1e-6);
  EXPECT_EQ(summaries[0].trade_count + summaries[1].trade_count, static_cast<int64_t>(result.round_trips.size()));
  for (const SymbolSummary& summary : summaries)
    EXPECT_DOUBLE_EQ(summary.pnl, summary.realized_pnl + summary.open_pnl) << summary.symbol;
  EXPECT_GT(summaries[0].costs, 0);
  EXPECT_EQ(summaries[2].trade_count, 0);
  EXPECT_FALSE(summaries[2].win_rate.has_value());
}

TEST(Summary, WhatIsStillHeldIsNoRealisedProfit) {
  std::vector<Trade> trades(2);
  for (Trade& trade : trades) trade.symbol = "A";
  trades[0].quantity = 2;
  trades[0].pnl = 5;
  trades[1].quantity = 3;
  trades[1].pnl = -7;
  trades[1].open = true;
  const std::vector<std::string> symbols = {"A"};
  const SymbolSummary summary = SummariseSymbols(symbols, trades, {}).front();
  EXPECT_EQ(summary.realized_pnl, 5);
  EXPECT_EQ(summary.open_pnl, -7);
  EXPECT_EQ(summary.pnl, -2);
  EXPECT_EQ(summary.open_quantity, 3);
  EXPECT_EQ(summary.trade_count, 1);
}

TEST(Summary, TradesAreRoundTripsThenOpenPositions) {
  const SimulationResult result = Simulate(Scenario{}, {Trend("A", 3, 61)});
  const auto trades = TradesOf(result);
  ASSERT_EQ(trades.size(), result.round_trips.size() + result.open_positions.size());
  for (size_t i = 0; i < trades.size(); ++i) {
    EXPECT_EQ(trades[i].sequence, static_cast<int64_t>(i));
    EXPECT_EQ(trades[i].open, i >= result.round_trips.size());
  }
}

TEST(Chart, KeepsEveryExtremeWhateverItsSize) {
  std::vector<int64_t> times;
  std::vector<double> values;
  for (int64_t i = 0; i < 200'000; ++i) {
    times.push_back(kStart + i * 60'000'000'000);
    values.push_back(1);
  }
  values[123'456] = 7;
  Chart chart{
      .description = "spike", .lines = {{"close", "", times, values}}, .markers = {}, .format = [](double value) {
        return Decimal(value, 0);
      }};
  const std::string svg = RenderChart(chart);
  EXPECT_LT(svg.size(), 60'000u);
  EXPECT_THAT(svg, HasSubstr(" 14.0L"));  // the spike reaches the top of the frame
}

TEST(Chart, ShowsNothingWithoutPointsAndALineForOnePoint) {
  EXPECT_EQ(RenderChart({.description = "", .lines = {}, .markers = {}, .format = {}}), "");
  const std::vector<int64_t> times = {kStart};
  const std::vector<double> values = {5};
  EXPECT_THAT(RenderChart({.description = "one",
                           .lines = {{"close", "", times, values}},
                           .markers = {},
                           .format = [](double value) { return Decimal(value, 2); }}),
              HasSubstr("<path class=\"line close\""));
}

Report SmallReport() {
  const Market market = Trend("A", 3, 200);
  const std::vector<quant::Series> bars = {market.bars}, signals = {market.signals};
  const Outcome outcome = *RunBacktest({}, bars, signals, {});
  Report report{.title = "Backtest <report>", .subtitle = "A & B", .capital = 100'000, .digest = outcome.digest};
  for (const StoredMetric& metric : outcome.metrics)
    report.metrics.push_back({metric.name, metric.unit, metric.value, ""});
  report.times = outcome.result.curve.times;
  report.equity = outcome.result.curve.equity;
  report.benchmark = outcome.benchmark;
  report.drawdown.assign(report.times.size(), 0.1);
  report.exposure.assign(report.times.size(), 0.5);
  report.monthly = MonthlyReturns(report.times, report.equity, report.capital);
  report.trades = TradesOf(outcome.result);
  for (const Fill& fill : outcome.result.fills) report.fills.push_back({"A", fill});
  report.symbols = SummariseSymbols(outcome.result.symbols, report.trades, report.fills);
  const auto close = market.bars.Doubles("close");
  report.prices.push_back({"A", market.bars.times, {close.begin(), close.end()}});
  report.sections.push_back({"Model <scores>", {"Score", "Value"}, {{"<AUC>", "0.53"}}});
  report.lineage.push_back({"Snapshot", "snapshots/1"});
  report.refusals.push_back({"A", {.time_ns = kStart, .requested = 10, .limit = 0.1, .requested_value = 0.2}});
  return report;
}

TEST(Page, NeedsNothingElse) {
  const std::string html = RenderHtml(SmallReport());
  for (const char* forbidden : {"http:", "https:", "<script", "<link", "src=", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
  EXPECT_EQ(html, RenderHtml(SmallReport()));
}

TEST(Page, ShowsEveryPart) {
  const Report report = SmallReport();
  const std::string html = RenderHtml(report);
  for (const char* part : {"Equity against buy and hold", "Drawdown", "Monthly returns", "Metrics", "Symbols", "Trades",
                           "Model &lt;scores&gt;", "Orders cut or refused", "snapshots/1", "class=\"buy\""})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, HasSubstr(report.digest));
}

TEST(Page, SaysInItsHeaderWhatMustNotBeMissed) {
  Report report = SmallReport();
  EXPECT_THAT(RenderHtml(report), Not(HasSubstr("simulated data")));
  report.badges = {"simulated data"};
  const std::string html = RenderHtml(report);
  const size_t at = html.find("simulated data");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(at, html.find("</header>"));
}

TEST(Page, EscapesTextFromOutside) {
  const std::string html = RenderHtml(SmallReport());
  EXPECT_THAT(html, HasSubstr("Backtest &lt;report&gt;"));
  EXPECT_THAT(html, HasSubstr("&lt;AUC&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<AUC>")));
}

TEST(Page, StaysSmallForLongRuns) {
  Report report = SmallReport();
  const Trade trade = report.trades.front();
  const NamedFill fill = report.fills.front();
  for (int i = 0; i < 100'000; ++i) {
    report.trades.push_back(trade);
    report.fills.push_back(fill);
    report.refusals.push_back(report.refusals.front());
  }
  const std::string html = RenderHtml(report);
  EXPECT_LT(html.size(), 3u << 20);
  EXPECT_THAT(html, HasSubstr("The first 250 of"));
}

TEST(Page, AnEmptyReportIsStillAPage) { EXPECT_THAT(RenderHtml({}), HasSubstr("</html>")); }

TEST(Outcome, NamesEverySymbolThatCanNotBeUsed) {
  const Market a = Trend("A", 1, 50), b = Trend("B", 2, 50);
  quant::Series weekly = b.bars;
  weekly.key.timeframe = quant::Timeframe::kWeek;
  const std::vector<quant::Series> bars = {a.bars, weekly}, signals = {a.signals.Rows(0, 0), b.signals};
  const absl::Status status = RunBacktest({}, bars, signals, {}).status();
  EXPECT_THAT(status, ::breadthflow::testing::StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 2u);
}

TEST(Outcome, BeginsAtTheFirstSignalUnlessTheRangeSaysOtherwise) {
  const Market market = Trend("A", 1, 50);
  const std::vector<quant::Series> bars = {market.bars}, signals = {market.signals.Rows(10, 50)};
  EXPECT_EQ(RunBacktest({}, bars, signals, {})->result.curve.times.front(), market.bars.times[10]);
  BacktestSpec spec;
  spec.range.start_ns = market.bars.times[5];
  spec.range.end_ns = market.bars.times[40];
  const Outcome outcome = *RunBacktest(spec, bars, signals, {});
  EXPECT_EQ(outcome.result.curve.times.front(), market.bars.times[5]);
  EXPECT_EQ(outcome.result.curve.times.back(), market.bars.times[39]);
}

TEST(Spec, EveryFaultIsNamedWithItsField) {
  BacktestSpec spec{.snapshot = "snapshot/1", .signal_run = "", .symbols = {"A", "A", ""}, .initial_cash = -1};
  spec.range = {10, 10};
  spec.engine = {"magic", {}};
  spec.risk = {"standard", {{"stop_loss", 7.0}, {"nonsense", int64_t{1}}}};
  spec.sizer = {"", {}};
  spec.risk_free_rate = 5;
  base::Violations violations;
  CheckSpec(spec, violations);
  std::vector<std::string> fields;
  for (const auto& violation : violations.list()) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("spec.snapshot", "spec.signal_run", "spec.symbols[1]", "spec.symbols[2]",
                                  "spec.range", "spec.initial_cash", "spec.risk_free_rate", "spec.engine.name",
                                  "spec.risk.params.stop_loss", "spec.risk.params.nonsense", "spec.sizer.name"));
}

}  // namespace
}  // namespace breadthflow::backtest::report
