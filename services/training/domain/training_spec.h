#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/quant/features/labels.h"
#include "common/quant/series.h"

namespace breadthflow::training {

// What to train. After Complete() every field has its final value: it is what is stored and what a model names.
struct TrainingSpec {
  std::string snapshot;                   // "snapshots/{id}"
  std::vector<std::string> symbols;       // empty: all of the snapshot
  std::optional<quant::TimeRange> range;  // of bars, half-open; absent: all of the snapshot
  component::ComponentRef model;          // kind of model with its parameters
  std::string feature_set;                // default "technical_v1"
  int horizon_bars = 0;                   // default 5; in [1, 250]
  double holdout_share = 0;               // of the dates, the latest; default 0.25; in [0.05, 0.5]
  int purge_bars = 0;                     // default and least: the label's look-ahead, horizon_bars + 1; at most 500
  std::string model_name;                 // default the kind of model; 1 to 63 characters of a-z 0-9 _ -

  quant::LabelSpec Label() const { return {.horizon = horizon_bars}; }
};

// Fills in the defaults (those of the model's parameters too, from `params` of its kind) and checks everything that can
// be known without the data. `params` is nullptr when the kind of model is unknown; `unknown_model` is then the
// violation. `violations` are those that are already known. INVALID_ARGUMENT `INVALID_TRAINING_SPEC` with every
// violation, fields named as in the proto.
absl::StatusOr<TrainingSpec> Complete(TrainingSpec spec, const std::vector<component::ParamSpec>* params,
                                      const absl::Status& unknown_model, base::Violations violations = {});

// Two requests with one fingerprint ask for the same thing: of the spec as its sender wrote it, before Complete().
std::string Fingerprint(const TrainingSpec& spec);

}  // namespace breadthflow::training
