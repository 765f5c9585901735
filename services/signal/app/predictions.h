#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/training_client.h"
#include "common/quant/features/feature_set.h"
#include "common/quant/model/predictor.h"
#include "common/quant/series.h"

namespace breadthflow::signal {

// What a model thinks of bars, as the series that strategies read (resource "prediction", column `probability`). An
// artefact that this build can run is run here; any other model is asked at the training service. Both give rows for
// the bars after the feature warm-up whose time is at least valid_from(), and no others.
class Predictions {
 public:
  // Fetches the model. Errors: those of the training service; FAILED_PRECONDITION FEATURE_SCHEMA_MISMATCH when this
  // build computes the model's features otherwise; DATA_LOSS when the artefact is damaged.
  // `training` must outlive the object.
  static absl::StatusOr<Predictions> Load(clients::TrainingClient& training, const std::string& model,
                                          const clients::CallScope& scope);

  // First decision time for which the model may be asked: its training cut-off plus purge.
  absl::Time valid_from() const { return valid_from_; }
  bool local() const { return predictor_.has_value(); }

  // INVALID_ARGUMENT when the bars are not what the features need.
  absl::StatusOr<quant::Series> For(const quant::Series& bars, const clients::CallScope& scope) const;

 private:
  Predictions(clients::TrainingClient& training, clients::ModelInfo model);
  absl::StatusOr<quant::Series> Ask(const quant::Series& bars, const clients::CallScope& scope) const;

  clients::TrainingClient* training_;
  clients::ModelInfo model_;  // without the artefact
  absl::Time valid_from_;
  std::optional<quant::Predictor> predictor_;
  const quant::FeatureSet* features_ = nullptr;
};

}  // namespace breadthflow::signal
