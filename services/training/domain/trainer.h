#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "common/component/catalog.h"
#include "common/quant/features/matrix.h"
#include "common/quant/model/artefact.h"

namespace breadthflow::training {

struct FitOptions {
  base::CancelToken cancel;
  std::function<void(double)> progress;  // share done, 0..1, ascending; may be empty
};

// What a fit gives: everything of an artefact that depends on the rows.
struct Fitted {
  quant::Objective objective = quant::Objective::kBinaryLogistic;
  float base_margin = 0;
  quant::Trees trees;
  std::vector<double> gain;  // per column: total gain of its splits, not negative
};

// A kind of model with its parameters, ready to learn. Immutable and thread-safe: fits of one trainer may run side by
// side. The same rows give the same bits whatever the thread count and the CPU.
class Trainer {
 public:
  virtual ~Trainer() = default;
  // Learns the class of every row. The matrix is not empty and has both classes. Errors: the token's status when
  // cancelled, RESOURCE_EXHAUSTED when the rows do not fit in memory, INTERNAL `MODEL_LIBRARY` with the library's
  // words.
  virtual absl::StatusOr<Fitted> Fit(const quant::Matrix& rows, const FitOptions& options) const = 0;
};

// A catalogue entry of kind "model". `make` takes checked parameters of `params`.
struct ModelEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::function<std::unique_ptr<Trainer>(const component::Params&)> make;
};

}  // namespace breadthflow::training
