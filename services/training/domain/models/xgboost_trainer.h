#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/params.h"
#include "services/training/domain/trainer.h"

namespace breadthflow::training {

// How trees are grown one after another by XGBoost 1.7.
struct BoostingPlan {
  int64_t trees = 100;
  int64_t threads = 1;
  // Each tree learns from what is still wrong (boosting), or all from the same gradients at the base margin (forest).
  bool additive = true;
  // Names and values as XGBoost knows them: max_depth, learning_rate, seed ...
  std::vector<std::pair<std::string, std::string>> params;
};

// Grows the trees for the logistic loss; the model as XGBoost saves it in UBJSON. The gradients are computed here, from
// quant::Probability: XGBoost would take them from the C library's expf, which does not promise the same bits on every
// CPU. Everything else in XGBoost is sums, products and its own generator seeded per booster, so the trees are the same
// on every CPU, and `hist` and `exact` give the same bits with any number of threads. A forest is grown tree by tree,
// so that it can be cancelled, with a learning rate of 1 / trees. Thread-safe. Errors as Trainer::Fit.
absl::StatusOr<std::string> GrowModel(const BoostingPlan& plan, const quant::Matrix& rows, const FitOptions& options);

// The same, converted.
absl::StatusOr<Fitted> Boost(const BoostingPlan& plan, const quant::Matrix& rows, const FitOptions& options);

// Parameters that every XGBoost model has: seed, threads, tree_method, max_bins.
std::vector<component::ParamSpec> CommonParams();

// A trainer of trees: what CommonParams say, the parameters trees and max_depth, and for each of `names`, XGBoost's and
// ours, the number of that parameter.
std::unique_ptr<Trainer> MakeTreeTrainer(const component::Params& params, bool additive,
                                         const std::vector<std::pair<const char*, const char*>>& names);

}  // namespace breadthflow::training
