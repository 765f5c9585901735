#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/clients/run.h"
#include "common/component/catalog.h"
#include "common/quant/series.h"

namespace breadthflow::rpc {
class Channels;
}

namespace breadthflow::clients {

// What a training run is asked to do; what is left empty or zero is the service's default.
struct TrainingSpec {
  std::string snapshot;              // "snapshots/{id}": the bars
  std::vector<std::string> symbols;  // default all of the snapshot
  std::optional<quant::TimeRange> range;
  component::ComponentRef model;  // "random_forest" or "gradient_boosting"; `seed` and `threads` are parameters
  std::string feature_set;        // "technical_v1"
  int horizon_bars = 0;           // 5
  double holdout_share = 0;       // 0.25
  int purge_bars = 0;             // the horizon plus one
  std::string model_name;         // the kind of model
};

struct ModelScore {
  std::string name;  // "auc", "log_loss", "accuracy" ...
  double train = 0;
  double holdout = 0;
  std::optional<double> baseline;
  std::string description;
};

struct ModelInfo {
  std::string name;        // "models/{id}"
  std::string model_name;  // versions are counted by it
  int64_t version = 0;     // from 1
  std::string training_run;
  TrainingSpec spec;      // with the defaults filled in
  absl::Time cut_off;     // latest instant that training saw, labels included
  absl::Time valid_from;  // first decision time for which it may be asked
  std::vector<std::string> features;
  std::string schema_hash;    // of the feature set, 64 hexadecimal digits
  std::string artefact_hash;  // SHA-256 of the artefact, 64 hexadecimal digits
  std::vector<ModelScore> scores;
  std::vector<std::pair<std::string, double>> importances;  // share of the gain, largest first
  int64_t rows = 0;                                         // the kept model was fitted on
  std::string artefact;  // bytes for quant::Predictor::Load; only when asked for, and then its hash was checked
};

// The training service as other services see it. Thread-safe. Errors are those of the service, with their details;
// UNAVAILABLE is retried within the deadline where that is safe.
class TrainingClient {
 public:
  virtual ~TrainingClient() = default;

  // The same request_id (a UUID) gives the same run. Returns its name, "trainingRuns/{id}".
  virtual absl::StatusOr<std::string> CreateTrainingRun(const TrainingSpec& spec, const std::string& request_id,
                                                        const CallScope& scope) = 0;
  // `result` is the name of the model.
  virtual absl::StatusOr<RunStatus> GetTrainingRun(const std::string& name, const CallScope& scope) = 0;
  virtual absl::Status CancelTrainingRun(const std::string& name, const CallScope& scope) = 0;

  // DATA_LOSS if an artefact arrives that does not have its hash.
  virtual absl::StatusOr<ModelInfo> GetModel(const std::string& name, bool with_artefact, const CallScope& scope) = 0;

  // One probability per row. `rows` is row-major with one value per feature of the model; NaN is refused. Long inputs
  // are sent in several calls. FAILED_PRECONDITION if `schema_hash` is not the model's.
  virtual absl::StatusOr<std::vector<double>> Predict(const std::string& model, const std::string& schema_hash,
                                                      std::span<const double> rows, const CallScope& scope) = 0;
};

// Calls go through the channel "training" of `channels`, which must outlive the client.
std::unique_ptr<TrainingClient> MakeTrainingClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
