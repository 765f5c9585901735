#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/cli/bars.h"
#include "services/cli/rehearsal.h"
#include "services/cli/report.h"
#include "services/cli/runs.h"
#include "services/cli/signal_runs.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = backtest::v1::BacktestService::Stub;

// What --signals names, or makes on a new snapshot; `request` is what to make.
absl::StatusOr<signal::v1::SignalRun> SignalsFor(Session& session, const Arguments& arguments,
                                                 const signal::v1::CreateSignalRunRequest& request) {
  signal::v1::SignalRun run;
  if (const std::string& given = arguments.Text("signals"); !given.empty()) {
    signal::v1::GetSignalRunRequest get;
    BF_ASSIGN_OR_RETURN(*get.mutable_name(), SucceededSignalRunName(session, given));
    BF_ASSIGN_OR_RETURN(run,
                        session.signal().Call(&signal::v1::SignalService::Stub::GetSignalRun, get, session.scope()));
    BF_RETURN_IF_ERROR(SayBarsOf(session, run.spec().snapshot()));
    return run;
  }
  BF_ASSIGN_OR_RETURN(const std::string snapshot, SnapshotFor(session, arguments));
  BF_RETURN_IF_ERROR(SayBarsOf(session, snapshot));
  BF_RETURN_IF_ERROR(GenerateSignals(session, request, snapshot, run));
  return run;
}

// A number of a flag for which 0 would mean that it was not given.
double ParseNotZero(const Arguments& arguments, std::string_view flag, base::Violations& violations) {
  const size_t before = violations.list().size();
  const double value = ParseNumber(arguments, flag, violations);
  if (value == 0 && violations.list().size() == before) violations.Add(fmt::format("--{}", flag), "must not be 0");
  return value;
}

struct Requests {
  signal::v1::CreateSignalRunRequest signals;  // without --signals
  backtest::v1::CreateBacktestRunRequest backtest;
};

// Both services are asked what they say of the flags before anything is made.
absl::StatusOr<Requests> ReadRequests(Session& session, const Arguments& arguments) {
  base::Violations violations;
  Requests requests;
  backtest::v1::BacktestSpec& spec = *requests.backtest.mutable_spec();
  spec.set_snapshot("snapshots/-");
  spec.set_signal_run("signalRuns/-");
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    spec.add_symbols(std::move(symbol));
  if (arguments.Has("start") || arguments.Has("end")) *spec.mutable_range() = ParseBarRange(arguments, violations);
  if (arguments.Has("cash")) spec.set_initial_cash(ParseNotZero(arguments, "cash", violations));
  if (arguments.Has("risk-free-rate")) spec.set_risk_free_rate(ParseNumber(arguments, "risk-free-rate", violations));
  spec.mutable_engine()->set_name(arguments.Text("engine"));
  ParseParams(arguments, "engine-param", *spec.mutable_engine(), violations);
  spec.mutable_risk()->set_name(arguments.Text("risk"));
  ParseParams(arguments, "risk-param", *spec.mutable_risk(), violations);
  spec.mutable_sizer()->set_name(arguments.Text("sizer"));
  ParseParams(arguments, "sizer-param", *spec.mutable_sizer(), violations);
  CheckSnapshotFlags(arguments, violations);
  if (arguments.Has("signals")) {
    for (const char* flag : {"strategy", "param", "model", "snapshot", "source", "timeframe"}) {
      if (arguments.Has(flag))
        violations.Add(fmt::format("--{}", flag), "the run that --signals names has its own: leave one of them out");
    }
  }
  BF_RETURN_IF_ERROR(Rehearse(session, session.backtest(), &Stub::CreateBacktestRun, requests.backtest,
                              {{"spec.symbols", "--symbols"},
                               {"spec.range", "--end"},
                               {"spec.initial_cash", "--cash"},
                               {"spec.engine.name", "--engine"},
                               {"spec.engine.params", "--engine-param"},
                               {"spec.risk.name", "--risk"},
                               {"spec.risk.params", "--risk-param"},
                               {"spec.sizer.name", "--sizer"},
                               {"spec.sizer.params", "--sizer-param"},
                               {"spec.risk_free_rate", "--risk-free-rate"}},
                              violations));
  if (!arguments.Has("signals")) {
    base::Violations of_signals;
    BF_ASSIGN_OR_RETURN(requests.signals, SignalRequest(session, arguments, of_signals));
    MergeNew(of_signals, violations);
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return requests;
}

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(Requests requests, ReadRequests(session, arguments));
  BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun signals, SignalsFor(session, arguments, requests.signals));
  backtest::v1::CreateBacktestRunRequest& request = requests.backtest;
  request.mutable_spec()->set_snapshot(signals.spec().snapshot());
  request.mutable_spec()->set_signal_run(signals.name());
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(backtest::v1::BacktestRun run,
                      session.backtest().Call(&Stub::CreateBacktestRun, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) {
    outcome =
        FollowRun(session, session.backtest(), "backtest", &Stub::WatchBacktestRun, &Stub::CancelBacktestRun, run);
  }
  absl::Status shown;
  session.out().Result(run, [&] {
    session.out().Say(fmt::format("{}  {}", run.name(), StateText(run.job())));
    shown = SayWhatWasTested(session, run);
    if (run.metrics_size() > 0) session.out().Show(MetricTable(run, false));
    if (!run.digest().empty()) session.out().Say("result digest " + run.digest());
  });
  return outcome.ok() ? shown : outcome;
}

}  // namespace

Command BacktestRun() {
  Command command{
      .group = "backtest",
      .verb = "run",
      .summary = "simulate what signals would have earned; generates the signals first when none are named",
      .flags = {SymbolsFlag(false),
                TimeframeFlag(),
                SourceFlag("bars of this source, where several have them"),
                SnapshotFlag(),
                {.name = "signals",
                 .value = "RUN",
                 .description = "signal run to use, with its snapshot; latest is the newest that succeeded"}},
      .run = Run};
  for (Flag& flag : SignalFlags()) command.flags.push_back(std::move(flag));
  for (Flag& flag : std::vector<Flag>{
           {.name = "cash", .value = "MONEY", .description = "money at the start; default 100000"},
           {.name = "engine",
           .value = "ENGINE",
           .description = "execution engine",
           .default_value = "standard",
           .component = "execution_engine"},
           {.name = "engine-param", .value = "NAME=VALUE", .description = "parameter of the engine", .repeated = true},
           {.name = "risk",
           .value = "MANAGER",
           .description = "risk manager",
           .default_value = "standard",
           .component = "risk_manager"},
           {.name = "risk-param",
           .value = "NAME=VALUE",
           .description = "parameter of the risk manager",
           .repeated = true},
           {.name = "sizer",
           .value = "SIZER",
           .description = "how positions are sized",
           .default_value = "fixed_fraction",
           .component = "sizer"},
           {.name = "sizer-param", .value = "NAME=VALUE", .description = "parameter of the sizer", .repeated = true},
           {.name = "risk-free-rate", .value = "RATE", .description = "annual, as a fraction; default 0"},
           {.name = "detach", .description = "do not wait for the end"}}) {
    command.flags.push_back(std::move(flag));
  }
  return command;
}

}  // namespace breadthflow::cli
