#include "services/cli/signal_runs.h"

#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

using Stub = signal::v1::SignalService::Stub;

std::vector<Flag> SignalFlags() {
  return {
      {.name = "strategy",
       .value = "STRATEGY",
       .description = "see components list --kind strategy",
       .default_value = "technical_analysis"},
      ParamFlag("strategy"),
      {.name = "model", .value = "MODEL", .description = "for strategies that read predictions; latest is the newest"},
      StartFlag("", "with signals; earlier bars only warm up"),
      EndFlag("", "with signals")};
}

absl::Status GenerateSignals(Session& session, const Arguments& arguments, const std::string& snapshot,
                             signal::v1::SignalRun& run) {
  base::Violations violations;
  signal::v1::CreateSignalRunRequest request;
  signal::v1::SignalSpec& spec = *request.mutable_spec();
  spec.set_snapshot(snapshot);
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    spec.add_symbols(std::move(symbol));
  spec.mutable_strategy()->set_name(arguments.Text("strategy"));
  ParseParams(arguments, "param", *spec.mutable_strategy(), violations);
  if (arguments.Has("start") || arguments.Has("end")) *spec.mutable_range() = ParseRange(arguments, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (const std::string& model = arguments.Text("model"); !model.empty()) {
    BF_ASSIGN_OR_RETURN(
        *spec.mutable_model(),
        NameOrLatest(session, session.training(), "models", model, &training::v1::TrainingService::Stub::ListModels,
                     [](const training::v1::ListModelsResponse& page) { return page.models(); }));
  }
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(run, session.signal().Call(&Stub::CreateSignalRun, request, session.scope()));
  return FollowRun(session, session.signal(), "signals", &Stub::WatchSignalRun, &Stub::CancelSignalRun, run);
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
  if (!run.spec().model().empty()) {
    out.Say(fmt::format("  {} acts from {}", run.spec().model(), Instant(run.valid_from_time())));
  }
}

}  // namespace breadthflow::cli
