#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/step_values.h"

namespace breadthflow::orchestrator {
namespace {

class BacktestRunner final : public StepRunner {
 public:
  explicit BacktestRunner(clients::BacktestClient& backtest) : backtest_(backtest) {}

  absl::StatusOr<std::string> Submit(const StepCall& call) override {
    const component::Params& params = call.params.own;
    clients::BacktestSpec spec;
    spec.snapshot = call.inputs.at("snapshot");
    spec.signal_run = call.inputs.at("signal_run");
    spec.symbols = SymbolsOf(params);
    spec.range = RangeOf(params).value_or(spec.range);
    spec.initial_cash = params.Double("initial_cash");
    spec.engine = call.params.Ref("engine");
    spec.risk = call.params.Ref("risk");
    spec.sizer = call.params.Ref("sizer");
    spec.risk_free_rate = params.Double("risk_free_rate");
    return backtest_.CreateBacktestRun(spec, call.request_id, call.scope);
  }

  absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope& scope) override {
    BF_ASSIGN_OR_RETURN(clients::BacktestRun run, backtest_.GetBacktestRun(resource, scope));
    return run.status;
  }

  absl::Status Cancel(const std::string& resource, const clients::CallScope& scope) override {
    return backtest_.CancelBacktestRun(resource, scope);
  }

  absl::StatusOr<Outputs> Collect(const StepCall& call, const std::string& resource) override {
    BF_ASSIGN_OR_RETURN(const clients::BacktestRun run, backtest_.GetBacktestRun(resource, call.scope));
    return Outputs{{"backtest_run", resource}, {"digest", run.digest}};
  }

 private:
  clients::BacktestClient& backtest_;
};

}  // namespace

// Simulates what signals would have earned.
StepEntry Backtest() {
  using namespace component;  // NOLINT: the vocabulary of parameters
  StepEntry entry;
  entry.info = {.kind = "pipeline_step",
                .name = "backtest",
                .description = "Simulates trading a signal run on the bars of a snapshot."};
  entry.params = {SymbolsParam("Symbols, separated by commas; default all of the signal run."),
                  StartParam(),
                  EndParam(),
                  DoubleParam("initial_cash", 100'000, 1, 1e12, "money", "Money at the start."),
                  StringParam("engine", "standard", "Execution engine; its parameters are given as engine.NAME."),
                  StringParam("risk", "standard", "Risk manager; its parameters are given as risk.NAME."),
                  StringParam("sizer", "fixed_fraction", "Position sizer; its parameters are given as sizer.NAME."),
                  DoubleParam("risk_free_rate", 0, -0.1, 1, "fraction", "Annual risk-free rate.")};
  entry.slots = {{.param = "engine", .component_kind = "execution_engine"},
                 {.param = "risk", .component_kind = "risk_manager"},
                 {.param = "sizer", .component_kind = "sizer"}};
  entry.required_inputs = {"snapshot", "signal_run"};
  entry.outputs = {"backtest_run", "digest"};
  entry.check = [](const Params& params, const std::set<std::string>&, base::Violations& violations) {
    CheckValues(params, violations);
  };
  entry.make = [](const Services& services) -> std::unique_ptr<StepRunner> {
    return std::make_unique<BacktestRunner>(services.backtest);
  };
  return entry;
}

}  // namespace breadthflow::orchestrator
