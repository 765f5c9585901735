#include "services/backtest/app/reporter.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/clients/bars.h"

namespace breadthflow::backtest {
namespace {

constexpr int kMaxRefusals = 1000;
constexpr std::string_view kSimulated = "simulated";  // the source whose bars are made up

std::string Day(int64_t nanos) { return absl::FormatTime("%Y-%m-%d", quant::FromNanos(nanos), absl::UTCTimeZone()); }

std::string Text(const component::ComponentRef& ref) {
  std::vector<std::string> values;
  for (const auto& [name, value] : ref.params) values.push_back(fmt::format("{}={}", name, component::ToText(value)));
  return values.empty() ? ref.name : fmt::format("{} ({})", ref.name, fmt::join(values, ", "));
}

std::vector<double> Column(const quant::Series& series, std::string_view name) {
  const std::span<const double> values = series.Doubles(name);
  return {values.begin(), values.end()};
}

std::string_view BasisNote(quant::PriceBasis basis) {
  switch (basis) {
    case quant::PriceBasis::kRaw:
      return "Prices are as traded: splits and dividends are not accounted for.";
    case quant::PriceBasis::kSplitAdjusted:
      return "Prices are adjusted for splits; dividends are not paid out to the account or to the benchmark.";
    case quant::PriceBasis::kSplitAndDividendAdjusted:
      return "Prices are adjusted for splits and dividends: dividends count as reinvested, share counts are notional.";
    case quant::PriceBasis::kNotPrices:
      break;
  }
  return "The price basis is not known.";
}

std::vector<std::string> Notes(const BacktestRun& run) {
  return {std::string(BasisNote(run.basis)),
          "Signals decided at the close of a bar trade in the next bar of their symbol; fills are complete, whatever "
          "the volume of the bar.",
          "Statistics are those of session closes; the benchmark buys all symbols in equal parts at their first close, "
          "without costs, and holds them.",
          "Past results on chosen symbols say little about the future: the more runs were tried, the less the best "
          "one means."};
}

}  // namespace

absl::StatusOr<report::Report> Reporter::Summary(const BacktestRun& run, const clients::CallScope& scope) const {
  report::Report report;
  report.capital = run.spec.initial_cash;
  report.digest = run.digest;
  for (const StoredMetric& metric : run.metrics) {
    const auto entry = Metrics().Find(metric.name);
    report.metrics.push_back(
        {metric.name, metric.unit, metric.value, entry.ok() ? (*entry)->info.description : std::string()});
  }
  BF_ASSIGN_OR_RETURN(quant::Series curve, store_.ReadCurve(run, scope.deadline));
  report.equity = Column(curve, "equity");
  report.benchmark = Column(curve, "benchmark");
  report.drawdown = Column(curve, "drawdown");
  report.exposure = Column(curve, "exposure");
  report.times = std::move(curve.times);
  report.monthly = report::MonthlyReturns(report.times, report.equity, report.capital);
  BF_ASSIGN_OR_RETURN(report.trades, store_.Trades(run.id, {}, scope.deadline));
  BF_ASSIGN_OR_RETURN(report.fills, store_.Fills(run.id, scope.deadline));
  BF_ASSIGN_OR_RETURN(report.refusals, store_.Refusals(run.id, kMaxRefusals, scope.deadline));
  report.symbols = report::SummariseSymbols(run.symbols, report.trades, report.fills);
  return report;
}

absl::StatusOr<std::vector<report::PriceHistory>> Reporter::Prices(const BacktestRun& run, const report::Report& report,
                                                                   const clients::CallScope& scope) const {
  clients::ReadQuery query;
  query.snapshot = run.spec.snapshot;
  query.symbols = run.symbols;
  query.range = {report.times.front(), report.times.back() + 1};
  query.fields = {"close"};
  BF_ASSIGN_OR_RETURN(std::vector<quant::Series> bars, clients::ReadBars(data_, query, scope));
  std::vector<report::PriceHistory> prices;
  for (quant::Series& series : bars)
    prices.push_back({series.key.symbol, std::move(series.times), Column(series, "close")});
  return prices;
}

absl::Status Reporter::AddLineage(const BacktestRun& run, report::Report& report,
                                  const clients::CallScope& scope) const {
  BF_ASSIGN_OR_RETURN(const clients::SnapshotInfo snapshot, data_.GetSnapshot(run.spec.snapshot, scope));
  BF_ASSIGN_OR_RETURN(const clients::SignalRun signals, signals_.GetSignalRun(run.spec.signal_run, scope));
  const auto add = [&](std::string what, std::string value) {
    if (!value.empty()) report.lineage.push_back({std::move(what), std::move(value)});
  };
  add("Run", fmt::format("{}/{}", kCollection, run.id));
  add("Snapshot", run.spec.snapshot);
  add("Content hash", snapshot.content_hash);
  add("Source", fmt::format("{}", fmt::join(snapshot.sources, ", ")));
  if (std::any_of(snapshot.sources.begin(), snapshot.sources.end(), [](const std::string& source) {
        return source == kSimulated || source.starts_with(fmt::format("{}:", kSimulated));  // another market of it
      }))
    report.badges.emplace_back("simulated data");
  if (snapshot.sources.size() > 1) report.badges.emplace_back("mixed sources");
  add("Price basis", std::string(quant::ToText(run.basis)));
  add("Signal run", run.spec.signal_run);
  add("Strategy",
      Text(signals.spec.strategy) + (signals.strategy_version.empty() ? "" : ", version " + signals.strategy_version));
  add("Model", signals.spec.model);
  add("Execution", Text(run.spec.engine));
  add("Risk", Text(run.spec.risk));
  add("Sizing", Text(run.spec.sizer));
  add("Capital", fmt::format("{}", run.spec.initial_cash));
  add("Risk-free rate", fmt::format("{}", run.spec.risk_free_rate));
  add("Code version", run.code_version);
  return absl::OkStatus();
}

absl::StatusOr<report::Report> Reporter::Full(const BacktestRun& run, std::vector<report::Section> sections,
                                              const clients::CallScope& scope) const {
  BF_ASSIGN_OR_RETURN(report::Report report, Summary(run, scope));
  BF_ASSIGN_OR_RETURN(report.prices, Prices(run, report, scope));
  BF_RETURN_IF_ERROR(AddLineage(run, report, scope));
  report.sections = std::move(sections);
  report.notes = Notes(run);
  report.title = "Backtest report";
  report.subtitle = fmt::format("{} \u00b7 {} bars \u00b7 {} to {}", fmt::join(run.symbols, ", "),
                                quant::ToText(run.timeframe), Day(report.times.front()), Day(report.times.back()));
  return report;
}

}  // namespace breadthflow::backtest
