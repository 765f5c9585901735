#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace breadthflow::quant {

enum class Objective : uint8_t { kBinaryLogistic = 1 };

// One node of a tree. Both children are neighbours: the right one is at left + 1. `left` is relative to the tree's
// first node and always greater than the node's own position, so that every walk ends; 0 marks a leaf.
struct TreeNode {
  float value = 0;  // split threshold (go left when feature < value), or the leaf's contribution to the margin
  uint32_t left = 0;
  uint16_t feature = 0;       // column
  uint16_t default_left = 0;  // 1: a missing feature (NaN) goes left
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

// An additive ensemble: margin = base_margin + tree[0](x) + tree[1](x) + ..., summed in that order in float.
struct Trees {
  std::vector<uint32_t> first;  // index in `nodes` of each tree's root
  std::vector<TreeNode> nodes;
  friend bool operator==(const Trees&, const Trees&) = default;
};

// A trained model as bytes that any process can check and run without the library that trained it.
struct Artefact {
  std::string model_type;   // "random_forest"
  std::string feature_set;  // "technical_v1"
  std::string schema_hash;  // of that feature set, at training
  std::vector<std::string> columns;
  Objective objective = Objective::kBinaryLogistic;
  float base_margin = 0;
  Trees trees;
  int64_t cut_off_ns = 0;     // no price after this instant was seen in training, labels included
  int64_t valid_from_ns = 0;  // first decision time for which the model may be asked: later than the cut-off
  std::map<std::string, std::string> metadata;  // free: library version, parameters, seed, scores
  friend bool operator==(const Artefact&, const Artefact&) = default;
};

// OK when the trees are well formed (children inside their tree and after their parent, features below the column
// count, finite values), the objective is known and valid_from_ns is after cut_off_ns; else DATA_LOSS `BAD_ARTEFACT`.
absl::Status CheckArtefact(const Artefact& artefact);

// Format version 1, little-endian: magic "BFMODEL\n", version, the fields in the order above (texts and lists with
// their length first), then the SHA-256 of everything before. The same artefact always gives the same bytes.
std::string EncodeArtefact(const Artefact& artefact);

// Checks magic, hash, every length before it allocates, and CheckArtefact. DATA_LOSS `BAD_ARTEFACT` otherwise, whatever
// the bytes are; UNIMPLEMENTED `ARTEFACT_VERSION` for another format version.
absl::StatusOr<Artefact> DecodeArtefact(std::string_view bytes);

}  // namespace breadthflow::quant
