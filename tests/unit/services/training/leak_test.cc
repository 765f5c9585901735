// The negative control: on a random walk nothing can be foreseen, so an honest evaluation says .50. A random split of
// the same rows says .6 to .7, because neighbouring labels share most of their window.

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "common/quant/model/predictor.h"
#include "services/training/domain/evaluation.h"
#include "services/training/domain/models/catalog.h"
#include "services/training/domain/training.h"
#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::training {
namespace {

constexpr int kWalks = 8;

TrainingSpec Spec() {
  TrainingSpec spec;
  spec.snapshot = "snapshots/walk";
  spec.model = {"random_forest", {{"trees", int64_t{60}}, {"max_depth", int64_t{12}}, {"min_child_weight", 0.25}}};
  const ModelEntry* entry = Models().Find("random_forest").value();
  return Complete(spec, &entry->params, absl::OkStatus()).value();
}

std::unique_ptr<Trainer> Forest(const TrainingSpec& spec) {
  const ModelEntry* entry = Models().Find(spec.model.name).value();
  return entry->make(component::Params::Check(entry->params, spec.model.params).value());
}

double HeldOutAccuracy(const TrainingSpec& spec, const quant::Matrix& rows, const Split& split) {
  const Fitted fitted = Forest(spec)->Fit(rows.Select(split.train), {}).value();
  quant::Artefact artefact;
  artefact.columns = rows.columns;
  artefact.trees = fitted.trees;
  artefact.valid_from_ns = 1;
  const quant::Matrix holdout = rows.Select(split.holdout);
  std::vector<float> margins(holdout.size());
  quant::Predictor::Make(artefact)->Margins(holdout.values, margins);
  std::vector<double> probabilities(margins.size());
  std::transform(margins.begin(), margins.end(), probabilities.begin(), quant::Probability);
  return Accuracy({probabilities, holdout.target, holdout.outcome});
}

Split SplitAtRandom(const quant::Matrix& rows, uint64_t seed) {
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  quant::stats::RandomSequence random(seed, "split");
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  Split split;
  const auto cut = order.begin() + static_cast<ptrdiff_t>(order.size() / 4);
  split.holdout.assign(order.begin(), cut);
  split.train.assign(cut, order.end());
  return split;
}

TEST(RandomWalk, ForeseesNothingWithAPurgedSplitByTimeAndSeemsToWithARandomOne) {
  const TrainingSpec spec = Spec();
  double by_time = 0;
  double at_random = 0;
  for (int walk = 0; walk < kWalks; ++walk) {
    const auto seed = static_cast<uint64_t>(walk + 1);
    BF_ASSERT_OK_AND_ASSIGN(const quant::Matrix rows, MakeRows(spec, {testing::RandomWalk("WALK", 1500, seed)}));
    BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.25, spec.purge_bars));
    by_time += HeldOutAccuracy(spec, rows, split) / kWalks;
    at_random += HeldOutAccuracy(spec, rows, SplitAtRandom(rows, seed)) / kWalks;
  }
  RecordProperty("by_time", std::to_string(by_time));
  RecordProperty("at_random", std::to_string(at_random));
  EXPECT_NEAR(by_time, 0.50, 0.035);
  EXPECT_GT(at_random, 0.60) << "the control no longer shows the leak that the split is there to prevent";
}

}  // namespace
}  // namespace breadthflow::training
