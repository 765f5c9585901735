#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/component/params.h"
#include "services/orchestrator/domain/step_kind.h"

// Pipelines: steps and what they depend on, a directed graph without cycles.
namespace breadthflow::orchestrator {

struct Step {
  std::string id;
  std::string kind;
  component::RawParams params;                // nested ones as "strategy.buy_threshold"
  std::map<std::string, std::string> inputs;  // of the kind, each from "step.output"
  std::vector<std::string> depends_on;        // besides the steps named by inputs
};

struct Pipeline {
  std::string id;
  std::string description;
  std::vector<Step> steps;
};

// "check.snapshot": the output of a step. nullopt unless there is text on both sides of the one dot.
struct OutputRef {
  std::string step;
  std::string output;
};
std::optional<OutputRef> ParseOutputRef(std::string_view text);

constexpr size_t kMaxSteps = 2'000;
constexpr size_t kMaxStepParams = 500;
constexpr size_t kMaxPipelineBytes = 2 << 20;  // names and values together

// Everything that is wrong with a pipeline, at once: INVALID_ARGUMENT INVALID_PIPELINE, fields as in the request
// ("pipeline.steps[2].params.symbols"). Ids, sizes, kinds, parameters, inputs and the outputs they name, dependencies,
// cycles (each with its path).
absl::Status Validate(const Pipeline& pipeline, const StepKinds& kinds);

// For each step, in its order, the positions of the steps that must have succeeded first; ascending, without
// duplicates. Names that do not exist are left out.
std::vector<std::vector<size_t>> Dependencies(const Pipeline& pipeline);

// Positions in an order in which every step comes after those it depends on; among those that could come next, the one
// that stands first in the pipeline. FAILED_PRECONDITION PIPELINE_HAS_CYCLE.
absl::StatusOr<std::vector<size_t>> TopologicalOrder(const Pipeline& pipeline);

// Ways around in a circle, {"a", "b", "a"}: each dependency that closes one is in exactly one of them. Empty when there
// is none. A step that names itself does not count.
std::vector<std::vector<std::string>> Cycles(const Pipeline& pipeline);

// Position of the step, or nullopt.
std::optional<size_t> FindStep(const Pipeline& pipeline, std::string_view id);

// SHA-256 over everything in it, 64 hexadecimal digits.
std::string HashOf(const Pipeline& pipeline);

}  // namespace breadthflow::orchestrator
