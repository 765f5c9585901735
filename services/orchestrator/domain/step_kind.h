#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/component/params.h"

namespace breadthflow::orchestrator {

// A parameter of a step whose value names a component of another catalogue. The component's own parameters are given
// beside it, prefixed: "strategy" = "technical_analysis", "strategy.buy_threshold" = 0.6.
struct ComponentSlot {
  std::string param;           // "strategy"
  std::string component_kind;  // "strategy", "execution_engine" ... as in the registry
};

// The parameters of one step, sorted out.
struct StepParams {
  component::Params own;                               // complete and checked
  std::map<std::string, component::RawParams> nested;  // by slot; every slot is there

  // The component that a slot names, with what was given for it.
  component::ComponentRef Ref(const std::string& slot) const;
};

// What is known of a kind of step without being able to run it.
struct StepKind {
  component::ComponentInfo info;  // kind "pipeline_step"
  std::vector<component::ParamSpec> params;
  std::vector<ComponentSlot> slots;
  std::vector<std::string> required_inputs;
  std::vector<std::string> optional_inputs;
  std::vector<std::string> outputs;
  // Optional: what the specifications can not say, such as dates and parameters that depend on each other or on which
  // inputs are connected. Fields are names of parameters or inputs.
  std::function<void(const component::Params& params, const std::set<std::string>& inputs, base::Violations&)> check;
};

// By name.
using StepKinds = std::map<std::string, StepKind, std::less<>>;

// Separates the kind's own parameters from those of its components, and checks the former. An empty text for a nested
// parameter counts as not given, so that a placeholder without a value leaves it out. INVALID_ARGUMENT with every
// violation.
absl::StatusOr<StepParams> SortParams(const StepKind& kind, const component::RawParams& given);

}  // namespace breadthflow::orchestrator
