#include "services/signal/app/predictions.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/features/matrix.h"
#include "common/quant/signal.h"

namespace breadthflow::signal {
namespace {

// Rows of one Predict call are bounded by the client; this only bounds the memory used here.
constexpr size_t kRowsPerBatch = 8192;

absl::Status SchemaMismatch(const clients::ModelInfo& model, const quant::FeatureSet& features) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH",
                         fmt::format("{} was trained with feature schema {}, this build computes {} as {}", model.name,
                                     model.schema_hash, features.name(), features.schema_hash()));
}

// As floats, a feature that is not known yet is missing; after the warm-up there is none.
quant::Series PredictionSeries(const quant::Series& bars, const std::string& variant) {
  quant::Series series{.key = bars.key, .basis = quant::PriceBasis::kNotPrices, .times = {}, .columns = {}};
  series.key.resource = std::string(quant::kPrediction);
  series.key.variant = variant;
  return series;
}

}  // namespace

Predictions::Predictions(clients::TrainingClient& training, clients::ModelInfo model)
    : training_(&training), model_(std::move(model)), valid_from_(model_.valid_from) {}

absl::StatusOr<Predictions> Predictions::Load(clients::TrainingClient& training, const std::string& model,
                                              const clients::CallScope& scope) {
  BF_ASSIGN_OR_RETURN(clients::ModelInfo info, training.GetModel(model, /*with_artefact=*/true, scope));
  const std::string artefact = std::exchange(info.artefact, {});
  Predictions predictions(training, std::move(info));
  const clients::ModelInfo& kept = predictions.model_;
  BF_ASSIGN_OR_RETURN(predictions.features_, quant::FindFeatureSet(kept.spec.feature_set));
  if (predictions.features_->schema_hash() != kept.schema_hash) return SchemaMismatch(kept, *predictions.features_);
  // A format that only a newer build or another library can run is no error: the training service can.
  absl::StatusOr<quant::Predictor> predictor =
      artefact.empty() ? absl::UnimplementedError("no artefact") : quant::Predictor::Load(artefact);
  if (predictor.ok()) {
    predictions.predictor_ = *std::move(predictor);
    predictions.valid_from_ =
        std::max(predictions.valid_from_, absl::FromUnixNanos(predictions.predictor_->artefact().valid_from_ns));
  } else if (!absl::IsUnimplemented(predictor.status())) {
    return predictor.status();
  }
  return predictions;
}

absl::StatusOr<quant::Series> Predictions::For(const quant::Series& bars, const clients::CallScope& scope) const {
  if (!predictor_) return Ask(bars, scope);
  BF_ASSIGN_OR_RETURN(const quant::Series predicted, predictor_->PredictBars(bars, model_.name));
  return predicted.Slice({quant::ToNanos(valid_from_), INT64_MAX});
}

absl::StatusOr<quant::Series> Predictions::Ask(const quant::Series& bars, const clients::CallScope& scope) const {
  quant::Series series = PredictionSeries(bars, model_.name);
  const auto first = std::lower_bound(bars.times.begin(), bars.times.end(), quant::ToNanos(valid_from_));
  const size_t begin = std::max(features_->WarmUp(), static_cast<size_t>(first - bars.times.begin()));
  std::vector<double> probabilities;
  if (begin < bars.size()) {
    BF_ASSIGN_OR_RETURN(const quant::Series features, features_->Compute(bars));
    for (size_t row = begin; row < bars.size(); row += kRowsPerBatch) {
      const size_t end = std::min(row + kRowsPerBatch, bars.size());
      const std::vector<float> values = quant::ToRows(features, row, end);
      BF_ASSIGN_OR_RETURN(const std::vector<double> answer,
                          training_->Predict(model_.name, model_.schema_hash,
                                             std::vector<double>(values.begin(), values.end()), scope));
      if (answer.size() != end - row) {
        return base::MakeError(absl::StatusCode::kInternal, "PREDICTIONS_MISSING",
                               fmt::format("{} answered {} of {} rows", model_.name, answer.size(), end - row));
      }
      probabilities.insert(probabilities.end(), answer.begin(), answer.end());
    }
    series.times.assign(bars.times.begin() + static_cast<std::ptrdiff_t>(begin), bars.times.end());
  }
  series.Add("probability", std::move(probabilities));
  return series;
}

}  // namespace breadthflow::signal
