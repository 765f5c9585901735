#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/step_values.h"

namespace breadthflow::orchestrator {
namespace {

class SignalsRunner final : public StepRunner {
 public:
  explicit SignalsRunner(clients::SignalClient& signal) : signal_(signal) {}

  absl::StatusOr<std::string> Submit(const StepCall& call) override {
    const component::Params& params = call.params.own;
    clients::SignalSpec spec;
    spec.snapshot = call.inputs.at("snapshot");
    spec.symbols = SymbolsOf(params);
    spec.strategy = call.params.Ref("strategy");
    if (const auto model = call.inputs.find("model"); model != call.inputs.end()) spec.model = model->second;
    spec.range = RangeOf(params).value_or(spec.range);
    return signal_.CreateSignalRun(spec, call.request_id, call.scope);
  }

  absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope& scope) override {
    BF_ASSIGN_OR_RETURN(clients::SignalRun run, signal_.GetSignalRun(resource, scope));
    return run.status;
  }

  absl::Status Cancel(const std::string& resource, const clients::CallScope& scope) override {
    return signal_.CancelSignalRun(resource, scope);
  }

  absl::StatusOr<Outputs> Collect(const StepCall&, const std::string& resource) override {
    return Outputs{{"signal_run", resource}};
  }

 private:
  clients::SignalClient& signal_;
};

}  // namespace

// Generates the signals of a strategy.
StepEntry Signals() {
  using namespace component;  // NOLINT: the vocabulary of parameters
  StepEntry entry;
  entry.info = {.kind = "pipeline_step",
                .name = "signals",
                .description = "Generates the signals of a strategy on the bars of a snapshot."};
  entry.params = {StringParam("strategy", "technical_analysis", "Strategy; its parameters are given as strategy.NAME."),
                  SymbolsParam("Symbols, separated by commas; default all of the snapshot."), StartParam(), EndParam()};
  entry.slots = {{.param = "strategy", .component_kind = "strategy"}};
  entry.required_inputs = {"snapshot"};
  entry.optional_inputs = {"model"};
  entry.outputs = {"signal_run"};
  entry.check = [](const Params& params, const std::set<std::string>&, base::Violations& violations) {
    CheckValues(params, violations);
  };
  entry.make = [](const Services& services) -> std::unique_ptr<StepRunner> {
    return std::make_unique<SignalsRunner>(services.signal);
  };
  return entry;
}

}  // namespace breadthflow::orchestrator
