#include "common/quant/model/predictor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/features/matrix.h"
#include "common/quant/stats/elementary.h"

namespace breadthflow::quant {
namespace {

// Rows (or trees) that are walked side by side: their loads do not wait for each other. A block of rows shares the
// nodes that a tree brought into the cache.
constexpr size_t kAbreast = 8;
constexpr size_t kBlock = 64;
constexpr float kEndless = std::numeric_limits<float>::infinity();

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
      steps_.push_back({splits ? node.value : kEndless, splits ? begin + node.left : static_cast<uint32_t>(at),
                        node.feature, static_cast<uint8_t>(node.default_left), splits});
      if (!splits) continue;
      const uint32_t below = depth[at - begin] + 1;
      for (uint32_t child : {node.left, node.left + 1}) depth[child] = std::max(depth[child], below);
      deepest = std::max(deepest, below);
    }
    trees_.push_back({begin, deepest});
  }
}

template <bool kAllFinite>
uint32_t Predictor::Next(uint32_t at, const float* row) const {
  const Step& step = steps_[at];
  const float x = row[step.feature];
  // A leaf's threshold is infinite and it leads to itself: every finite value stays there.
  if constexpr (kAllFinite) return step.left + static_cast<uint32_t>(!(x < step.value));
  const bool left = (x < step.value) | ((x != x) & (step.default_left != 0));
  return step.left + static_cast<uint32_t>(!left & (step.splits != 0));
}

template <bool kAllFinite>
float Predictor::OneMargin(const float* row) const {
  float margin = artefact_.base_margin;
  for (size_t first = 0; first < trees_.size(); first += kAbreast) {
    const size_t abreast = std::min(kAbreast, trees_.size() - first);
    std::array<uint32_t, kAbreast> at{};
    uint32_t depth = 0;
    for (size_t i = 0; i < abreast; ++i) {
      at[i] = trees_[first + i].root;
      depth = std::max(depth, trees_[first + i].depth);
    }
    for (uint32_t level = 0; level < depth; ++level)
      for (size_t i = 0; i < abreast; ++i) at[i] = Next<kAllFinite>(at[i], row);
    for (size_t i = 0; i < abreast; ++i) margin += artefact_.trees.nodes[at[i]].value;
  }
  return margin;
}

template <bool kAllFinite>
void Predictor::MarginsOf(const float* rows, std::span<float> margins) const {
  const size_t width = artefact_.columns.size();
  std::fill(margins.begin(), margins.end(), artefact_.base_margin);
  // Whole groups of rows side by side; what is left over one by one, with trees side by side.
  const size_t grouped = margins.size() / kAbreast * kAbreast;
  for (const Tree& tree : trees_) {
    for (size_t first = 0; first < grouped; first += kAbreast) {
      const float* const row = rows + first * width;
      std::array<uint32_t, kAbreast> at;
      at.fill(tree.root);
      for (uint32_t level = 0; level < tree.depth; ++level)
        for (size_t i = 0; i < kAbreast; ++i) at[i] = Next<kAllFinite>(at[i], row + i * width);
      for (size_t i = 0; i < kAbreast; ++i) margins[first + i] += artefact_.trees.nodes[at[i]].value;
    }
  }
  for (size_t row = grouped; row < margins.size(); ++row) margins[row] = OneMargin<kAllFinite>(rows + row * width);
}

void Predictor::Margins(std::span<const float> rows, std::span<float> margins) const {
  const size_t width = artefact_.columns.size();
  for (size_t block = 0; block < margins.size(); block += kBlock) {
    const size_t count = std::min(kBlock, margins.size() - block);
    const std::span<const float> values = rows.subspan(block * width, count * width);
    if (std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
      MarginsOf<true>(values.data(), margins.subspan(block, count));
    } else {
      MarginsOf<false>(values.data(), margins.subspan(block, count));
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
