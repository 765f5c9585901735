#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/base/status.h"
#include "common/clients/training_client.h"
#include "common/quant/features/feature_set.h"
#include "common/quant/model/artefact.h"
#include "common/quant/model/predictor.h"

namespace breadthflow::testing {

// A training service that knows one model, "models/one": a stump on the first feature.
class FakeTrainingClient final : public clients::TrainingClient {
 public:
  explicit FakeTrainingClient(absl::Time valid_from)
      : valid_from_(valid_from), artefact_(MakeArtefact(absl::ToUnixNanos(valid_from))) {}

  // What the next answers are like.
  bool newer_format = false;  // the artefact is of a format that only the service can run
  bool damaged = false;
  std::string schema_hash = quant::TechnicalV1().schema_hash();
  int predict_calls = 0;

  absl::StatusOr<clients::ModelInfo> GetModel(const std::string& name, bool with_artefact,
                                              const clients::CallScope&) override {
    if (name != "models/one") return base::MakeError(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", "no " + name);
    clients::ModelInfo info;
    info.name = name;
    info.spec.feature_set = quant::TechnicalV1().name();
    info.schema_hash = schema_hash;
    info.features = quant::TechnicalV1().ColumnNames();
    info.cut_off = valid_from_ - absl::Hours(24 * 7);
    info.valid_from = valid_from_;
    if (!with_artefact) return info;
    info.artefact = quant::EncodeArtefact(artefact_);
    if (newer_format) info.artefact.clear();
    if (damaged) info.artefact[info.artefact.size() / 2] ^= 1;
    return info;
  }

  absl::StatusOr<std::vector<double>> Predict(const std::string&, const std::string&, std::span<const double> rows,
                                              const clients::CallScope&) override {
    ++predict_calls;
    const std::vector<float> values(rows.begin(), rows.end());
    std::vector<float> margins(values.size() / artefact_.columns.size());
    BF_ASSIGN_OR_RETURN(const quant::Predictor predictor, quant::Predictor::Make(artefact_));
    predictor.Margins(values, margins);
    std::vector<double> probabilities;
    for (const float margin : margins) probabilities.push_back(quant::Probability(margin));
    return probabilities;
  }

  absl::StatusOr<std::string> CreateTrainingRun(const clients::TrainingSpec&, const std::string&,
                                                const clients::CallScope&) override {
    return absl::UnimplementedError("not part of this fake");
  }
  absl::StatusOr<clients::RunStatus> GetTrainingRun(const std::string&, const clients::CallScope&) override {
    return absl::UnimplementedError("not part of this fake");
  }
  absl::Status CancelTrainingRun(const std::string&, const clients::CallScope&) override {
    return absl::UnimplementedError("not part of this fake");
  }

 private:
  static quant::Artefact MakeArtefact(int64_t valid_from_ns) {
    quant::Artefact artefact;
    artefact.model_type = "random_forest";
    artefact.feature_set = quant::TechnicalV1().name();
    artefact.schema_hash = quant::TechnicalV1().schema_hash();
    artefact.columns = quant::TechnicalV1().ColumnNames();
    artefact.trees.first = {0};
    artefact.trees.nodes = {{.value = 0.0f, .left = 1, .feature = 0}, {.value = -0.9f}, {.value = 0.9f}};
    artefact.cut_off_ns = valid_from_ns - 7 * 86'400'000'000'000;
    artefact.valid_from_ns = valid_from_ns;
    return artefact;
  }

  const absl::Time valid_from_;
  const quant::Artefact artefact_;
};

}  // namespace breadthflow::testing
