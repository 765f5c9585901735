#include "services/training/domain/models/xgboost_trees.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::training {
namespace {

using nlohmann::json;

absl::Status Bad(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInternal, "MODEL_LIBRARY", fmt::format("XGBoost model: {}", what));
}

// Appends one tree; throws json::exception when a field is absent or of another type.
absl::Status AppendTree(const json& tree, size_t columns, ConvertedTrees& out) {
  const json& left = tree.at("left_children");
  const json& right = tree.at("right_children");
  const json& feature = tree.at("split_indices");
  const json& value = tree.at("split_conditions");
  const json& default_left = tree.at("default_left");
  const json& gain = tree.at("loss_changes");
  const size_t size = left.size();
  for (const json* list : {&right, &feature, &value, &default_left, &gain})
    if (list->size() != size) return Bad("lists of a tree have different lengths");
  if (!tree.at("categories").empty()) return Bad("a tree splits on categories");

  out.trees.first.push_back(static_cast<uint32_t>(out.trees.nodes.size()));
  for (size_t i = 0; i < size; ++i) {
    quant::TreeNode node;
    // XGBoost keeps a leaf's contribution where a split has its threshold.
    node.value = value[i].get<float>();
    if (const auto child = left[i].get<int64_t>(); child >= 0) {
      const auto column = feature[i].get<int64_t>();
      if (right[i].get<int64_t>() != child + 1) return Bad("the children of a node are not neighbours");
      if (column < 0 || static_cast<size_t>(column) >= columns) return Bad("a split on an unknown column");
      node.left = static_cast<uint32_t>(child);
      node.feature = static_cast<uint16_t>(column);
      node.default_left = default_left[i].get<int>() != 0 ? 1 : 0;
      out.gain[static_cast<size_t>(column)] += gain[i].get<double>();
    }
    out.trees.nodes.push_back(node);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConvertedTrees> ConvertTrees(std::string_view ubjson, size_t columns) {
  try {
    const json model = json::from_ubjson(ubjson.begin(), ubjson.end());
    const json& learner = model.at("learner");
    if (learner.at("gradient_booster").at("name") != "gbtree") return Bad("not a tree model");
    const json& booster = learner.at("gradient_booster").at("model");
    ConvertedTrees out;
    out.gain.assign(columns, 0.0);
    for (const json& target : booster.at("tree_info"))
      if (target.get<int>() != 0) return Bad("a tree for another target");
    for (const json& tree : booster.at("trees")) BF_RETURN_IF_ERROR(AppendTree(tree, columns, out));
    return out;
  } catch (const json::exception& error) {
    return Bad(error.what());
  }
}

}  // namespace breadthflow::training
