#include <optional>

#include <nlohmann/json.hpp>

#include "services/cli/bars.h"
#include "services/cli/rows.h"
#include "services/cli/runs.h"
#include "services/cli/signal_runs.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = signal::v1::SignalService::Stub;

absl::Status Generate(Session& session, const Arguments& arguments) {
  base::Violations violations;
  CheckSnapshotFlags(arguments, violations);
  BF_ASSIGN_OR_RETURN(const signal::v1::CreateSignalRunRequest request, SignalRequest(session, arguments, violations));
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  BF_ASSIGN_OR_RETURN(const std::string snapshot, SnapshotFor(session, arguments));
  BF_RETURN_IF_ERROR(SayBarsOf(session, snapshot));
  signal::v1::SignalRun run;
  const absl::Status outcome = GenerateSignals(session, request, snapshot, run);
  if (!run.name().empty()) session.out().Result(run, [&] { DescribeSignals(session.out(), run); });
  return outcome;
}

absl::StatusOr<signal::v1::SignalRun> Get(Session& session, const std::string& text) {
  signal::v1::GetSignalRunRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), SignalRunName(session, text));
  return session.signal().Call(&Stub::GetSignalRun, request, session.scope());
}

absl::Status Show(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun run, Get(session, arguments.argument()));
  session.out().Result(run, [&] { DescribeSignals(session.out(), run); });
  return absl::OkStatus();
}

absl::Status List(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  signal::v1::ListSignalRunsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.signal(), &Stub::ListSignalRuns, signal::v1::ListSignalRunsRequest(),
                               limit, [&](const auto& page) {
                                 all.mutable_signal_runs()->MergeFrom(page.signal_runs());
                                 return page.signal_runs_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"run", "state", "strategy", "symbols", "signals", "created"}};
    for (const signal::v1::SignalRun& run : all.signal_runs()) {
      int64_t signals = 0;
      for (const signal::v1::SignalResult& result : run.results()) signals += result.signal_count();
      table.rows.push_back({run.name(), StateText(run.job()), run.spec().strategy().name(),
                            std::to_string(run.results_size()), Grouped(signals), Instant(run.job().create_time())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Summary(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun run, Get(session, arguments.argument()));
  int64_t signals = 0;
  int64_t longs = 0;
  int64_t shorts = 0;
  for (const signal::v1::SignalResult& result : run.results()) {
    signals += result.signal_count();
    longs += result.long_count();
    shorts += result.short_count();
  }
  const nlohmann::ordered_json summary{{"name", run.name()},
                                       {"strategy", run.spec().strategy().name()},
                                       {"state", StateText(run.job())},
                                       {"symbols", run.results_size()},
                                       {"signals", signals},
                                       {"long", longs},
                                       {"short", shorts}};
  session.out().Result(
      [&] { return summary.dump(1) + "\n"; },
      [&] {
        session.out().Say(fmt::format("{}: {} over {} symbols, {} signals: {} long, {} short, {} flat", run.name(),
                                      run.spec().strategy().name(), run.results_size(), Grouped(signals),
                                      Grouped(longs), Grouped(shorts), Grouped(signals - longs - shorts)));
      });
  return absl::OkStatus();
}

absl::Status Read(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const std::optional<int> limit = ParseRowLimit(arguments, violations);
  signal::v1::ReadSignalsRequest request;
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    request.add_symbols(std::move(symbol));
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), SucceededSignalRunName(session, arguments.argument()));
  RowCollector rows(session.out(), limit, 0);
  return rows.Finish(session.signal().Read(&Stub::ReadSignals, request, session.scope(),
                                           [&](common::v1::SeriesMessage& message) { return rows.Take(message); }));
}

}  // namespace

Command SignalsGenerate() {
  Command command{.group = "signals",
                  .verb = "generate",
                  .summary = "turn bars into signals with a strategy",
                  .flags = {SymbolsFlag(false), TimeframeFlag(),
                            SourceFlag("bars of this source, where several have them"), SnapshotFlag()},
                  .run = Generate};
  for (Flag& flag : SignalFlags()) command.flags.push_back(std::move(flag));
  return command;
}

Command SignalsSummary() {
  return {.group = "signals",
          .verb = "summary",
          .summary = "how often a run is long, short and flat",
          .argument = "RUN",
          .argument_default = "the newest",
          .run = Summary};
}

Command SignalsList() {
  return {.group = "signals", .verb = "list", .summary = "signal runs", .flags = {PageFlag()}, .run = List};
}

Command SignalsShow() {
  return {.group = "signals",
          .verb = "show",
          .summary = "one signal run, symbol by symbol",
          .argument = "RUN",
          .argument_default = "the newest",
          .run = Show};
}

Command SignalsRead() {
  return {.group = "signals",
          .verb = "read",
          .summary = "the signals of a run",
          .argument = "RUN",
          .argument_default = "the newest that succeeded",
          .flags = {SymbolsFlag(false), RowsFlag()},
          .run = Read};
}

}  // namespace breadthflow::cli
