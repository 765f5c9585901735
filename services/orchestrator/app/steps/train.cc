#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/step_values.h"

namespace breadthflow::orchestrator {
namespace {

class TrainRunner final : public StepRunner {
 public:
  explicit TrainRunner(clients::TrainingClient& training) : training_(training) {}

  absl::StatusOr<std::string> Submit(const StepCall& call) override {
    const component::Params& params = call.params.own;
    clients::TrainingSpec spec;
    spec.snapshot = call.inputs.at("snapshot");
    spec.symbols = SymbolsOf(params);
    spec.range = RangeOf(params);
    spec.model = call.params.Ref("model");
    spec.feature_set = params.String("feature_set");
    spec.horizon_bars = static_cast<int>(params.Int("horizon_bars"));
    spec.holdout_share = params.Double("holdout_share");
    spec.purge_bars = static_cast<int>(params.Int("purge_bars"));
    spec.model_name = params.String("model_name");
    return training_.CreateTrainingRun(spec, call.request_id, call.scope);
  }

  absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope& scope) override {
    return training_.GetTrainingRun(resource, scope);
  }

  absl::Status Cancel(const std::string& resource, const clients::CallScope& scope) override {
    return training_.CancelTrainingRun(resource, scope);
  }

  absl::StatusOr<Outputs> Collect(const StepCall& call, const std::string& resource) override {
    BF_ASSIGN_OR_RETURN(const clients::RunStatus status, training_.GetTrainingRun(resource, call.scope));
    return Outputs{{"training_run", resource}, {"model", status.result}};
  }

 private:
  clients::TrainingClient& training_;
};

}  // namespace

// Trains a model on a snapshot.
StepEntry Train() {
  using namespace component;  // NOLINT: the vocabulary of parameters
  StepEntry entry;
  entry.info = {.kind = "pipeline_step", .name = "train", .description = "Trains a model on the series of a snapshot."};
  entry.params = {
      StringParam("model", "random_forest", "Kind of model; its parameters are given as model.NAME."),
      StringParam("model_name", "", "Name under which versions are counted; default the kind of model."),
      SymbolsParam("Symbols, separated by commas; default all of the snapshot."),
      StartParam(),
      EndParam(),
      StringParam("feature_set", "technical_v1", "Set of features."),
      IntParam("horizon_bars", 5, 1, 250, "bars", "From the entry to the exit of the label."),
      DoubleParam("holdout_share", 0.25, 0.05, 0.5, "fraction", "Last part of the range, held out for scores."),
      IntParam("purge_bars", 0, 0, 1000, "bars", "Left out before the held-out part; 0: the horizon plus one.")};
  entry.slots = {{.param = "model", .component_kind = "model"}};
  entry.required_inputs = {"snapshot"};
  entry.outputs = {"model", "training_run"};
  entry.check = [](const Params& params, const std::set<std::string>&, base::Violations& violations) {
    CheckValues(params, violations);
    const int64_t purge = params.Int("purge_bars"), least = params.Int("horizon_bars") + 1;
    if (purge != 0 && purge < least) violations.Add("purge_bars", "must be 0 or more than horizon_bars");
  };
  entry.make = [](const Services& services) -> std::unique_ptr<StepRunner> {
    return std::make_unique<TrainRunner>(services.training);
  };
  return entry;
}

}  // namespace breadthflow::orchestrator
