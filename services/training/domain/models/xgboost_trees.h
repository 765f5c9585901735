#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/model/artefact.h"

namespace breadthflow::training {

struct ConvertedTrees {
  quant::Trees trees;
  std::vector<double> gain;  // per column: total gain of the splits on it
};

// The trees of a model as XGBoost 1.7 saves it in UBJSON, with every float kept to the bit (its JSON goes through
// decimal). INTERNAL `MODEL_LIBRARY` if the bytes are not such a model: other columns, categories, several targets.
absl::StatusOr<ConvertedTrees> ConvertTrees(std::string_view ubjson, size_t columns);

}  // namespace breadthflow::training
