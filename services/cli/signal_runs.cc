#include "services/cli/signal_runs.h"

#include <utility>

#include <fmt/format.h>

#include "services/cli/models.h"
#include "services/cli/rehearsal.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

using Stub = signal::v1::SignalService::Stub;

namespace {

// Stands for the snapshot that is made once everything else is known to be right.
constexpr char kAnySnapshot[] = "snapshots/-";

const auto& Runs(const signal::v1::ListSignalRunsResponse& page) { return page.signal_runs(); }

}  // namespace

std::vector<Flag> SignalFlags() {
  return {{.name = "strategy",
           .value = "STRATEGY",
           .description = "see components list --kind strategy",
           .default_value = "technical_analysis",
           .component = "strategy"},
          ParamFlag("strategy"),
          {.name = "model",
           .value = "MODEL",
           .description = "for strategies that read predictions: NAME, NAME/VERSION, an id, or latest"},
          StartFlag("", "with signals; earlier bars only warm up"),
          EndFlag("", "with signals")};
}

absl::StatusOr<signal::v1::CreateSignalRunRequest> SignalRequest(Session& session, const Arguments& arguments,
                                                                 base::Violations& violations) {
  signal::v1::CreateSignalRunRequest request;
  signal::v1::SignalSpec& spec = *request.mutable_spec();
  spec.set_snapshot(kAnySnapshot);
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    spec.add_symbols(std::move(symbol));
  spec.mutable_strategy()->set_name(arguments.Text("strategy"));
  ParseParams(arguments, "param", *spec.mutable_strategy(), violations);
  if (arguments.Has("start") || arguments.Has("end")) *spec.mutable_range() = ParseBarRange(arguments, violations);
  if (const std::string& model = arguments.Text("model"); !model.empty()) {
    const absl::StatusOr<std::string> name = ModelName(session, model);
    if (name.ok()) {
      spec.set_model(*name);
    } else if (absl::IsNotFound(name.status()) || absl::IsInvalidArgument(name.status())) {
      violations.Add("--model", base::Message(name.status()));
    } else {
      return name.status();
    }
  }
  BF_RETURN_IF_ERROR(Rehearse(session, session.signal(), &Stub::CreateSignalRun, request,
                              {{"spec.symbols", "--symbols"},
                               {"spec.strategy.name", "--strategy"},
                               {"spec.strategy.params", "--param"},
                               {"spec.model", "--model"},
                               {"spec.range", "--end"}},
                              violations));
  return request;
}

absl::Status GenerateSignals(Session& session, signal::v1::CreateSignalRunRequest request, const std::string& snapshot,
                             signal::v1::SignalRun& run) {
  request.mutable_spec()->set_snapshot(snapshot);
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(run, session.signal().Call(&Stub::CreateSignalRun, request, session.scope()));
  return FollowRun(session, session.signal(), "signals", &Stub::WatchSignalRun, &Stub::CancelSignalRun, run);
}

absl::StatusOr<std::string> SignalRunName(Session& session, const std::string& text) {
  return NameOrLatest(session, session.signal(), "signalRuns", text, &Stub::ListSignalRuns, Runs);
}

absl::StatusOr<std::string> SucceededSignalRunName(Session& session, const std::string& text) {
  return NameOrLatest(
      session, session.signal(), "signalRuns", text, &Stub::ListSignalRuns, Runs,
      [](const signal::v1::SignalRun& run) { return run.job().state() == common::v1::JobStatus::STATE_SUCCEEDED; });
}

void DescribeSignals(Printer& out, const signal::v1::SignalRun& run) {
  Table table{.title = fmt::format("{}  {}  {} {} of {}", run.name(), StateText(run.job()),
                                   run.spec().strategy().name(), run.strategy_version(), run.spec().snapshot()),
              .columns = {"symbol", "signals", "long", "short", "flat", "warm-up bars", "content"}};
  for (const signal::v1::SignalResult& result : run.results()) {
    table.rows.push_back({result.symbol(), Grouped(result.signal_count()), Grouped(result.long_count()),
                          Grouped(result.short_count()),
                          Grouped(result.signal_count() - result.long_count() - result.short_count()),
                          Grouped(result.warm_up_bar_count()), result.content_sha256().substr(0, 16)});
  }
  out.Show(table);
  if (!run.spec().model().empty() && run.has_valid_from_time()) {
    out.Say(fmt::format("  {} acts from {}", run.spec().model(), Instant(run.valid_from_time())));
  }
}

}  // namespace breadthflow::cli
