#include <string>
#include <vector>

#include "services/cli/bars.h"
#include "services/cli/report.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = backtest::v1::BacktestService::Stub;

absl::StatusOr<std::string> RunName(Session& session, const std::string& text) {
  return NameOrLatest(session, session.backtest(), "backtestRuns", text, &Stub::ListBacktestRuns,
                      [](const backtest::v1::ListBacktestRunsResponse& page) { return page.backtest_runs(); });
}

std::string MetricOf(const backtest::v1::BacktestRun& run, const std::string& name) {
  for (const backtest::v1::Metric& metric : run.metrics()) {
    if (metric.name() == name)
      return metric.unit() == "fraction" ? Percent(metric.value()) : fmt::format("{:.2f}", metric.value());
  }
  return "-";
}

absl::Status List(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  backtest::v1::ListBacktestRunsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.backtest(), &Stub::ListBacktestRuns,
                               backtest::v1::ListBacktestRunsRequest(), limit, [&](const auto& page) {
                                 all.mutable_backtest_runs()->MergeFrom(page.backtest_runs());
                                 return page.backtest_runs_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"run", "state", "return", "sharpe", "trades", "digest", "created"}};
    for (const backtest::v1::BacktestRun& run : all.backtest_runs()) {
      table.rows.push_back({run.name(), StateText(run.job()), MetricOf(run, "total_return"), MetricOf(run, "sharpe"),
                            Grouped(run.trade_count()), run.digest().substr(0, 16), Instant(run.job().create_time())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Show(Session& session, const Arguments& arguments) {
  backtest::v1::GetBacktestRunRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), RunName(session, arguments.argument()));
  BF_ASSIGN_OR_RETURN(const backtest::v1::BacktestRun run,
                      session.backtest().Call(&Stub::GetBacktestRun, request, session.scope()));
  absl::Status shown;
  session.out().Result(run, [&] {
    session.out().Say(fmt::format("{}  {}  signals {} on {}", run.name(), StateText(run.job()), run.spec().signal_run(),
                                  run.spec().snapshot()));
    shown = SayBarsOf(session, run.spec().snapshot());
    if (shown.ok()) shown = SayWhatWasTested(session, run);
    session.out().Show(MetricTable(run, true));
    session.out().Say(
        fmt::format("{} trades, {} fills, {} refusals", run.trade_count(), run.fill_count(), run.refusal_count()));
    session.out().Say("result digest " + run.digest());
  });
  return shown;
}

// NOT_FOUND with the symbols of the run when `symbol` is none of them.
absl::Status CheckSymbol(Session& session, const std::string& run, const std::string& symbol) {
  backtest::v1::GetReportRequest request;
  request.set_name(run);
  BF_ASSIGN_OR_RETURN(const backtest::v1::Report report,
                      session.backtest().Call(&Stub::GetReport, request, session.scope()));
  std::vector<std::string> symbols;
  for (const backtest::v1::SymbolSummary& summary : report.symbols()) {
    if (summary.symbol() == symbol) return absl::OkStatus();
    symbols.push_back(summary.symbol());
  }
  base::Violations violations;
  violations.Add("--symbol", fmt::format("'{}' is not in {}, which has {}", symbol, run, SomeOf(symbols)));
  return violations.ToStatus("wrong flags", "USAGE");
}

absl::Status Trades(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 10000000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  backtest::v1::ListTradesRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_parent(), RunName(session, arguments.argument()));
  request.set_symbol(arguments.Text("symbol"));
  backtest::v1::ListTradesResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.backtest(), &Stub::ListTrades, request, limit, [&](const auto& page) {
    all.mutable_trades()->MergeFrom(page.trades());
    return page.trades_size();
  }));
  if (all.trades().empty() && arguments.Has("symbol"))
    BF_RETURN_IF_ERROR(CheckSymbol(session, request.parent(), request.symbol()));
  session.out().Result(all, [&] {
    Table table{.columns = {"symbol", "entry", "exit", "units", "entry price", "exit price", "profit", "return", "bars",
                            "why"}};
    for (const backtest::v1::Trade& trade : all.trades()) {
      table.rows.push_back({trade.symbol(), Day(trade.entry_time()), trade.open() ? "open" : Day(trade.exit_time()),
                            fmt::format("{:.6g}", trade.quantity()), Money(trade.entry_price()),
                            Money(trade.exit_price()), Money(trade.pnl()), Percent(trade.return_fraction()),
                            std::to_string(trade.bar_count()), trade.exit_reason()});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Report(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const std::string run, RunName(session, arguments.argument()));
  const std::string& html = arguments.Text("html");
  BF_ASSIGN_OR_RETURN(backtest::v1::Report report, GetReport(session, run, html));
  report.clear_html();
  absl::Status shown;
  session.out().Result(report, [&] { shown = ShowReport(session, report); });
  if (!html.empty()) session.out().Say("report written to " + html);
  return shown;
}

}  // namespace

Command BacktestList() {
  return {.group = "backtest", .verb = "list", .summary = "backtests", .flags = {PageFlag()}, .run = List};
}

Command BacktestShow() {
  return {.group = "backtest",
          .verb = "show",
          .summary = "metrics of one backtest",
          .argument = "RUN",
          .argument_default = "the newest",
          .run = Show};
}

Command BacktestTrades() {
  return {.group = "backtest",
          .verb = "trades",
          .summary = "round trips of a backtest",
          .argument = "RUN",
          .argument_default = "the newest",
          .flags = {{.name = "symbol", .value = "SYMBOL", .description = "only this symbol"},
                    {.name = "limit", .value = "N", .description = "at most this many", .default_value = "50"}},
          .run = Trades};
}

Command BacktestReport() {
  return {.group = "backtest",
          .verb = "report",
          .summary = "quality, model scores, trades by symbol, metrics and digest of a backtest",
          .argument = "RUN",
          .argument_default = "the newest",
          .flags = {{.name = "html", .value = "FILE", .description = "also write one page that needs nothing else"}},
          .run = Report};
}

}  // namespace breadthflow::cli
