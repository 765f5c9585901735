#include "services/cli/report.h"
#include "services/cli/runs.h"
#include "services/cli/signal_runs.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = backtest::v1::BacktestService::Stub;

absl::StatusOr<std::string> RunName(Session& session, const std::string& text) {
  return NameOrLatest(session, session.backtest(), "backtestRuns", text, &Stub::ListBacktestRuns,
                      [](const backtest::v1::ListBacktestRunsResponse& page) { return page.backtest_runs(); });
}

absl::StatusOr<signal::v1::SignalRun> SignalsFor(Session& session, const Arguments& arguments) {
  signal::v1::SignalRun run;
  if (const std::string& given = arguments.Text("signals"); !given.empty()) {
    using SignalStub = signal::v1::SignalService::Stub;
    signal::v1::GetSignalRunRequest request;
    BF_ASSIGN_OR_RETURN(
        *request.mutable_name(),
        NameOrLatest(session, session.signal(), "signalRuns", given, &SignalStub::ListSignalRuns,
                     [](const signal::v1::ListSignalRunsResponse& page) { return page.signal_runs(); }));
    return session.signal().Call(&SignalStub::GetSignalRun, request, session.scope());
  }
  BF_ASSIGN_OR_RETURN(const std::string snapshot, SnapshotFor(session, arguments));
  BF_RETURN_IF_ERROR(GenerateSignals(session, arguments, snapshot, run));
  return run;
}

absl::Status Run(Session& session, const Arguments& arguments) {
  base::Violations violations;
  backtest::v1::CreateBacktestRunRequest request;
  backtest::v1::BacktestSpec& spec = *request.mutable_spec();
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    spec.add_symbols(std::move(symbol));
  if (arguments.Has("start") || arguments.Has("end")) *spec.mutable_range() = ParseRange(arguments, violations);
  if (arguments.Has("cash")) spec.set_initial_cash(ParseNumber(arguments, "cash", violations));
  if (arguments.Has("cash") && spec.initial_cash() <= 0) violations.Add("--cash", "must be greater than 0");
  if (arguments.Has("risk-free-rate")) spec.set_risk_free_rate(ParseNumber(arguments, "risk-free-rate", violations));
  spec.mutable_engine()->set_name(arguments.Text("engine"));
  ParseParams(arguments, "engine-param", *spec.mutable_engine(), violations);
  spec.mutable_risk()->set_name(arguments.Text("risk"));
  ParseParams(arguments, "risk-param", *spec.mutable_risk(), violations);
  spec.mutable_sizer()->set_name(arguments.Text("sizer"));
  ParseParams(arguments, "sizer-param", *spec.mutable_sizer(), violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));

  BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun signals, SignalsFor(session, arguments));
  spec.set_snapshot(signals.spec().snapshot());
  spec.set_signal_run(signals.name());
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(backtest::v1::BacktestRun run,
                      session.backtest().Call(&Stub::CreateBacktestRun, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) {
    outcome =
        FollowRun(session, session.backtest(), "backtest", &Stub::WatchBacktestRun, &Stub::CancelBacktestRun, run);
  }
  session.out().Result(run, [&] {
    session.out().Say(fmt::format("{}  {}", run.name(), StateText(run.job())));
    if (run.metrics_size() > 0) session.out().Show(MetricTable(run, false));
    if (!run.digest().empty()) session.out().Say("result digest " + run.digest());
  });
  return outcome;
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
  session.out().Result(run, [&] {
    session.out().Say(fmt::format("{}  {}  signals {} on {}", run.name(), StateText(run.job()), run.spec().signal_run(),
                                  run.spec().snapshot()));
    session.out().Show(MetricTable(run, true));
    session.out().Say(
        fmt::format("{} trades, {} fills, {} refusals", run.trade_count(), run.fill_count(), run.refusal_count()));
    session.out().Say("result digest " + run.digest());
  });
  return absl::OkStatus();
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

Command BacktestRun() {
  Command command{
      .group = "backtest",
      .verb = "run",
      .summary = "simulate what signals would have earned; generates the signals first when none are named",
      .flags = {SymbolsFlag(false),
                TimeframeFlag(),
                SnapshotFlag(),
                {.name = "signals", .value = "RUN", .description = "signal run to use; latest is the newest"}},
      .run = Run};
  for (Flag& flag : SignalFlags()) command.flags.push_back(std::move(flag));
  for (Flag& flag : std::vector<Flag>{
           {.name = "cash", .value = "MONEY", .description = "money at the start; default 100000"},
           {.name = "engine", .value = "ENGINE", .description = "execution engine", .default_value = "standard"},
           {.name = "engine-param", .value = "NAME=VALUE", .description = "parameter of the engine", .repeated = true},
           {.name = "risk", .value = "MANAGER", .description = "risk manager", .default_value = "standard"},
           {.name = "risk-param",
           .value = "NAME=VALUE",
           .description = "parameter of the risk manager",
           .repeated = true},
           {.name = "sizer",
           .value = "SIZER",
           .description = "how positions are sized",
           .default_value = "fixed_fraction"},
           {.name = "sizer-param", .value = "NAME=VALUE", .description = "parameter of the sizer", .repeated = true},
           {.name = "risk-free-rate", .value = "RATE", .description = "annual, as a fraction; default 0"},
           {.name = "detach", .description = "do not wait for the end"}}) {
    command.flags.push_back(std::move(flag));
  }
  return command;
}

Command BacktestList() {
  return {.group = "backtest", .verb = "list", .summary = "backtests", .flags = {PageFlag()}, .run = List};
}

Command BacktestShow() {
  return {.group = "backtest", .verb = "show", .summary = "metrics of one backtest", .argument = "RUN", .run = Show};
}

Command BacktestTrades() {
  return {.group = "backtest",
          .verb = "trades",
          .summary = "round trips of a backtest",
          .argument = "RUN",
          .flags = {{.name = "symbol", .value = "SYMBOL", .description = "only this symbol"},
                    {.name = "limit", .value = "N", .description = "at most this many", .default_value = "50"}},
          .run = Trades};
}

Command BacktestReport() {
  return {.group = "backtest",
          .verb = "report",
          .summary = "quality, model scores, trades by symbol, metrics and digest of a backtest",
          .argument = "RUN",
          .flags = {{.name = "html", .value = "FILE", .description = "also write one page that needs nothing else"}},
          .run = Report};
}

}  // namespace breadthflow::cli
