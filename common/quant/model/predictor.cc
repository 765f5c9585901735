#include "common/quant/model/predictor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/features/matrix.h"
#include "common/quant/stats/elementary.h"

namespace breadthflow::quant {
namespace {

// Rows that walk a tree side by side: their loads do not wait for each other. A block of rows shares the nodes that a
// tree brought into the cache.
constexpr size_t kAbreast = 8;
constexpr size_t kBlock = 64;

}  // namespace

double Probability(float margin) {
  const double x = margin;
  const double e = stats::Exp(-std::fabs(x));
  return x >= 0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

absl::StatusOr<Predictor> Predictor::Load(std::string_view bytes) {
  BF_ASSIGN_OR_RETURN(Artefact artefact, DecodeArtefact(bytes));
  return Predictor(std::move(artefact));
}

absl::StatusOr<Predictor> Predictor::Make(Artefact artefact) {
  BF_RETURN_IF_ERROR(CheckArtefact(artefact));
  return Predictor(std::move(artefact));
}

Predictor::Predictor(Artefact artefact) : artefact_(std::move(artefact)) {
  const Trees& trees = artefact_.trees;
  steps_.reserve(trees.nodes.size());
  std::vector<uint32_t> depth;
  for (size_t i = 0; i < trees.first.size(); ++i) {
    const uint32_t begin = trees.first[i];
    const size_t end = i + 1 < trees.first.size() ? trees.first[i + 1] : trees.nodes.size();
    depth.assign(end - begin, 0);
    uint32_t deepest = 0;
    for (size_t at = begin; at < end; ++at) {
      const TreeNode& node = trees.nodes[at];
      const bool splits = node.left != 0;
      steps_.push_back({node.value, splits ? begin + node.left : static_cast<uint32_t>(at), node.feature,
                        static_cast<uint8_t>(node.default_left), splits});
      if (!splits) continue;
      const uint32_t below = depth[at - begin] + 1;
      for (uint32_t child : {node.left, node.left + 1}) depth[child] = std::max(depth[child], below);
      deepest = std::max(deepest, below);
    }
    trees_.push_back({begin, deepest});
  }
}

void Predictor::Margins(std::span<const float> rows, std::span<float> margins) const {
  const size_t width = artefact_.columns.size();
  const Step* const steps = steps_.data();
  std::fill(margins.begin(), margins.end(), artefact_.base_margin);
  for (size_t block = 0; block < margins.size(); block += kBlock) {
    const size_t block_end = std::min(block + kBlock, margins.size());
    for (const Tree& tree : trees_) {
      for (size_t first = block; first < block_end; first += kAbreast) {
        const size_t abreast = std::min(kAbreast, block_end - first);
        std::array<uint32_t, kAbreast> at;
        at.fill(tree.root);
        for (uint32_t level = 0; level < tree.depth; ++level) {
          for (size_t i = 0; i < abreast; ++i) {
            const Step& step = steps[at[i]];
            const float x = rows[(first + i) * width + step.feature];
            const bool left = (x < step.value) | ((x != x) & (step.default_left != 0));
            at[i] = step.left + static_cast<uint32_t>(!left & (step.splits != 0));
          }
        }
        for (size_t i = 0; i < abreast; ++i) margins[first + i] += steps[at[i]].value;
      }
    }
  }
}

absl::StatusOr<Series> Predictor::PredictBars(const Series& bars, std::string_view variant) const {
  BF_ASSIGN_OR_RETURN(const FeatureSet* features, FindFeatureSet(artefact_.feature_set));
  if (features->schema_hash() != artefact_.schema_hash || features->ColumnNames() != artefact_.columns)
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH",
                           fmt::format("the model was trained on another definition of feature set {}: {}, here {}",
                                       artefact_.feature_set, artefact_.schema_hash, features->schema_hash()));
  BF_ASSIGN_OR_RETURN(const Series computed, features->Compute(bars));
  const auto valid = std::lower_bound(computed.times.begin(), computed.times.end(), artefact_.valid_from_ns);
  const size_t end = computed.size();
  const size_t begin = std::min(end, std::max(features->WarmUp(), static_cast<size_t>(valid - computed.times.begin())));

  std::vector<float> margins(end - begin);
  Margins(ToRows(computed, begin, end), margins);
  std::vector<double> probabilities(margins.size());
  std::transform(margins.begin(), margins.end(), probabilities.begin(), Probability);

  Series prediction;
  prediction.key = bars.key;
  prediction.key.resource = "prediction";
  prediction.key.variant = std::string(variant);
  prediction.times.assign(computed.times.begin() + static_cast<ptrdiff_t>(begin), computed.times.end());
  prediction.Add("probability", std::move(probabilities));
  return prediction;
}

}  // namespace breadthflow::quant
