#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/quant/features/feature_set.h"
#include "common/quant/model/artefact.h"
#include "common/quant/series.h"

namespace breadthflow::quant {

// 1 / (1 + exp(-margin)) in double, from additions, multiplications and divisions only: the same bits on every CPU,
// which the C library's expf does not promise (it picks another routine where there is fused multiply-add). Within one
// float ulp of XGBoost's own probability. Margin NaN gives NaN.
double Probability(float margin);

// Runs an artefact. Margins are the bits that XGBoost 1.7.4 predicts with output_margin: float sums, tree by tree,
// beginning with the base margin. Immutable and thread-safe; cheap to move.
class Predictor {
 public:
  // Fails as DecodeArtefact does.
  static absl::StatusOr<Predictor> Load(std::string_view bytes);
  // Fails as CheckArtefact does.
  static absl::StatusOr<Predictor> Make(Artefact artefact);

  const Artefact& artefact() const { return artefact_; }

  // One margin per row of `rows` (row-major, artefact().columns.size() wide; NaN is missing). The sizes must agree.
  void Margins(std::span<const float> rows, std::span<float> margins) const;

  // What the model thinks of each bar: resource "prediction", one column `probability` in (0, 1), for bars after the
  // feature warm-up with a time of at least valid_from_ns; possibly no row. `variant` goes into the key (the model's
  // name). FAILED_PRECONDITION `FEATURE_SCHEMA_MISMATCH` if this build computes the feature set otherwise than the
  // model was trained with, else the errors of FeatureSet::Compute.
  absl::StatusOr<Series> PredictBars(const Series& bars, std::string_view variant) const;

 private:
  // A node made ready to run: leaves lead to themselves, so that rows of unequal depth can walk in step.
  struct Step {
    float value;
    uint32_t left;  // index in steps_
    uint16_t feature;
    uint8_t default_left;
    uint8_t splits;
  };
  struct Tree {
    uint32_t root;
    uint32_t depth;
  };

  explicit Predictor(Artefact artefact);
  // The step after `at` for a row; a leaf stays where it is.
  template <bool kAllFinite>
  uint32_t Next(uint32_t at, const float* row) const;
  template <bool kAllFinite>
  float OneMargin(const float* row) const;
  template <bool kAllFinite>
  void MarginsOf(const float* rows, std::span<float> margins) const;

  Artefact artefact_;
  std::vector<Step> steps_;
  std::vector<Tree> trees_;
};

}  // namespace breadthflow::quant
