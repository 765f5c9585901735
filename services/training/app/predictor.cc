#include "services/training/app/predictor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::training {
namespace {

constexpr size_t kMaxNamed = 100;

absl::Status CheckRows(std::span<const double> values, size_t width) {
  base::Violations violations;
  const size_t rows = values.size() / width;
  if (values.empty() || rows > ModelPredictor::kMaxRows)
    violations.Add("values", fmt::format("must be 1 to {} rows, were {}", ModelPredictor::kMaxRows, rows));
  if (values.size() % width != 0)
    violations.Add("values", fmt::format("must be {} for each row, {} are left over", width, values.size() % width));
  for (size_t i = 0; i < values.size() && violations.list().size() < kMaxNamed; ++i) {
    // What a float can not hold would reach the model as infinite.
    if (!std::isfinite(static_cast<float>(values[i])))
      violations.Add(fmt::format("values[{}]", i), fmt::format("must be finite as a float, was {}", values[i]));
  }
  return violations.ToStatus("rows to predict", "INVALID_ROWS");
}

}  // namespace

absl::StatusOr<ModelPredictor::Shared> ModelPredictor::Load(const std::string& model_id, absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found =
        std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == model_id; });
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
      return found->second;
    }
  }
  BF_ASSIGN_OR_RETURN(const Model model, store_.GetModel(model_id, true, deadline));
  BF_ASSIGN_OR_RETURN(quant::Predictor loaded, quant::Predictor::Load(model.artefact));
  auto predictor = std::make_shared<const quant::Predictor>(std::move(loaded));
  absl::MutexLock lock(&mutex_);
  recent_.emplace_front(model_id, predictor);
  if (recent_.size() > kept_) recent_.pop_back();
  return predictor;
}

absl::StatusOr<std::vector<double>> ModelPredictor::Predict(const std::string& model_id, const std::string& schema_hash,
                                                            std::span<const double> values, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const Shared predictor, Load(model_id, deadline));
  const quant::Artefact& artefact = predictor->artefact();
  if (schema_hash != artefact.schema_hash)
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH",
                           fmt::format("the rows must be of feature schema {}, were of {}", artefact.schema_hash,
                                       schema_hash.empty() ? "none" : schema_hash));
  BF_RETURN_IF_ERROR(CheckRows(values, artefact.columns.size()));
  std::vector<float> rows(values.begin(), values.end());
  std::vector<float> margins(values.size() / artefact.columns.size());
  predictor->Margins(rows, margins);
  std::vector<double> probabilities(margins.size());
  std::transform(margins.begin(), margins.end(), probabilities.begin(), quant::Probability);
  return probabilities;
}

}  // namespace breadthflow::training
