#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/clients/run.h"
#include "common/component/catalog.h"
#include "common/quant/features/labels.h"
#include "common/quant/series.h"

namespace breadthflow::clients {

// What a training run is asked to do. Empty or zero means the service's default where the comment says so.
struct TrainingSpec {
  std::string model_id;          // the model family whose next version this makes: [a-z][a-z0-9-]{0,62}
  component::ComponentRef type;  // "random_forest" or "gradient_boosting", with parameters
  std::string feature_set;       // default "technical_v1"
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;  // bars used for training and evaluation; half-open
  std::string snapshot;    // "snapshots/{id}"; empty: what is known when the run starts, recorded in the run
  quant::LabelSpec label;
  double test_fraction = 0.25;  // of the distinct dates, the latest; in [0.05, 0.5]
  int purge_sessions = 0;       // 0: the label's look-ahead; may not be less than it
  int embargo_sessions = 0;
  int64_t seed = 1;
  int threads = 1;  // in [1, 16]; part of the recorded spec
};

// A trained model, one version of a family.
struct ModelInfo {
  std::string name;  // "models/{model_id}/versions/{version}"
  std::string model_id;
  int64_t version = 0;
  std::string type;
  std::string state;  // "TRAINED", "DEPLOYED" or "RETIRED"
  std::string feature_set;
  std::string schema_hash;
  std::string artefact_hash;  // SHA-256, hexadecimal
  absl::Time training_cutoff;
  absl::Time usable_from;  // first decision time for which it may be asked
  std::string training_run;
  std::map<std::string, double> scores;  // "test.auc", "test.log_loss" ...
  std::string artefact;                  // bytes of quant::DecodeArtefact; only when asked for
};

// The training service as its callers see it. Implementations are thread-safe. Errors are those of the service,
// details included; UNAVAILABLE when it can not be reached.
class TrainingClient {
 public:
  virtual ~TrainingClient() = default;

  // The name of the run; the same request_id gives the same run.
  virtual absl::StatusOr<std::string> CreateTrainingRun(const TrainingSpec& spec, const std::string& request_id,
                                                        const CallScope& scope) = 0;
  // `result` is the name of the model version.
  virtual absl::StatusOr<RunStatus> GetTrainingRun(const std::string& name, const CallScope& scope) = 0;
  virtual absl::Status CancelTrainingRun(const std::string& name, const CallScope& scope) = 0;

  // By "models/{id}/versions/{n}", or "models/{id}" for the deployed version, else the latest one.
  virtual absl::StatusOr<ModelInfo> GetModel(const std::string& name, bool with_artefact, const CallScope& scope) = 0;

  // One prediction series (column `probability`) per symbol, in the order asked; times from the model's usable_from on.
  virtual absl::StatusOr<std::vector<quant::Series>> Predict(const std::string& model,
                                                             const std::vector<std::string>& symbols,
                                                             quant::TimeRange range, const std::string& snapshot,
                                                             const CallScope& scope) = 0;
};

}  // namespace breadthflow::clients
