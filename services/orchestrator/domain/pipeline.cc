#include "services/orchestrator/domain/pipeline.h"

#include <algorithm>
#include <queue>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/hash.h"
#include "common/base/status.h"

namespace breadthflow::orchestrator {
namespace {

bool IsId(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), allowed);
}

void CheckId(const std::string& field, const std::string& id, base::Violations& violations) {
  if (!IsId(id)) violations.Add(field, fmt::format("must be 1 to 63 characters of a-z 0-9 _ -, was '{}'", id));
}

size_t BytesOf(const Pipeline& pipeline) {
  size_t bytes = pipeline.id.size() + pipeline.description.size();
  for (const Step& step : pipeline.steps) {
    bytes += step.id.size() + step.kind.size();
    for (const auto& [name, value] : step.params) bytes += name.size() + component::ToText(value).size();
    for (const auto& [name, from] : step.inputs) bytes += name.size() + from.size();
    for (const std::string& name : step.depends_on) bytes += name.size();
  }
  return bytes;
}

// The rules of one step against its kind and the steps around it.
class StepChecker {
 public:
  StepChecker(const Pipeline& pipeline, const StepKinds& kinds, base::Violations& violations)
      : pipeline_(pipeline), kinds_(kinds), violations_(violations) {
    for (const Step& step : pipeline.steps) by_id_.emplace(step.id, &step);
  }

  void Check(const Step& step, const std::string& field) {
    const auto kind = kinds_.find(step.kind);
    if (kind == kinds_.end()) {
      std::vector<std::string> names;
      for (const auto& [name, known] : kinds_) names.push_back(name);
      violations_.Add(field + ".kind",
                      fmt::format("unknown kind '{}'; known are {}", step.kind, fmt::join(names, ", ")));
    } else {
      CheckParams(step, kind->second, field);
      CheckInputNames(step, kind->second, field);
    }
    for (const auto& [name, from] : step.inputs) CheckSource(step, from, fmt::format("{}.inputs.{}", field, name));
    std::set<std::string> seen;
    for (size_t i = 0; i < step.depends_on.size(); ++i) {
      const std::string& other = step.depends_on[i];
      const std::string other_field = fmt::format("{}.depends_on[{}]", field, i);
      CheckStepName(step, other, other_field);
      if (!seen.insert(other).second) violations_.Add(other_field, fmt::format("'{}' occurs twice", other));
    }
  }

 private:
  void CheckParams(const Step& step, const StepKind& kind, const std::string& field) {
    if (step.params.size() > kMaxStepParams) {
      violations_.Add(field + ".params",
                      fmt::format("must be at most {}, were {}", kMaxStepParams, step.params.size()));
      return;
    }
    const absl::StatusOr<StepParams> sorted = SortParams(kind, step.params);
    violations_.Merge(field + ".params", sorted.status());
    if (!sorted.ok() || !kind.check) return;
    std::set<std::string> inputs;
    for (const auto& [name, from] : step.inputs) inputs.insert(name);
    base::Violations special;
    kind.check(sorted->own, inputs, special);
    violations_.Merge(field + ".params", special.ToStatus(""));
  }

  void CheckInputNames(const Step& step, const StepKind& kind, const std::string& field) {
    const auto has = [](const std::vector<std::string>& names, const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const std::string& name : kind.required_inputs) {
      if (!step.inputs.contains(name)) violations_.Add(fmt::format("{}.inputs.{}", field, name), "is required");
    }
    for (const auto& [name, from] : step.inputs) {
      if (has(kind.required_inputs, name) || has(kind.optional_inputs, name)) continue;
      std::vector<std::string> known = kind.required_inputs;
      known.insert(known.end(), kind.optional_inputs.begin(), kind.optional_inputs.end());
      violations_.Add(fmt::format("{}.inputs.{}", field, name),
                      known.empty() ? fmt::format("unknown input; '{}' takes none", step.kind)
                                    : fmt::format("unknown input; known are {}", fmt::join(known, ", ")));
    }
  }

  void CheckSource(const Step& step, const std::string& from, const std::string& field) {
    const std::optional<OutputRef> ref = ParseOutputRef(from);
    if (!ref) {
      violations_.Add(field, fmt::format("must be STEP.OUTPUT, was '{}'", from));
      return;
    }
    if (!CheckStepName(step, ref->step, field)) return;
    const auto kind = kinds_.find(by_id_.at(ref->step)->kind);
    if (kind == kinds_.end()) return;
    const std::vector<std::string>& outputs = kind->second.outputs;
    if (std::find(outputs.begin(), outputs.end(), ref->output) != outputs.end()) return;
    violations_.Add(field, fmt::format("step '{}' has no output '{}'; its outputs are {}", ref->step, ref->output,
                                       fmt::join(outputs, ", ")));
  }

  bool CheckStepName(const Step& step, const std::string& other, const std::string& field) {
    if (other == step.id) {
      violations_.Add(field, "a step can not depend on itself");
      return false;
    }
    if (by_id_.contains(other)) return true;
    violations_.Add(field, fmt::format("there is no step '{}'", other));
    return false;
  }

  const Pipeline& pipeline_;
  const StepKinds& kinds_;
  base::Violations& violations_;
  std::map<std::string, const Step*> by_id_;
};

}  // namespace

std::optional<OutputRef> ParseOutputRef(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  if (text.find('.', dot + 1) != std::string_view::npos) return std::nullopt;
  return OutputRef{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

absl::Status Validate(const Pipeline& pipeline, const StepKinds& kinds) {
  base::Violations violations;
  CheckId("pipeline.id", pipeline.id, violations);
  if (pipeline.steps.empty() || pipeline.steps.size() > kMaxSteps) {
    violations.Add("pipeline.steps", fmt::format("must be 1 to {}, were {}", kMaxSteps, pipeline.steps.size()));
    return violations.ToStatus("invalid pipeline", "INVALID_PIPELINE");
  }
  if (const size_t bytes = BytesOf(pipeline); bytes > kMaxPipelineBytes) {
    violations.Add("pipeline", fmt::format("must be at most {} bytes, was {}", kMaxPipelineBytes, bytes));
    return violations.ToStatus("invalid pipeline", "INVALID_PIPELINE");
  }
  StepChecker checker(pipeline, kinds, violations);
  std::map<std::string, size_t> first;
  for (size_t i = 0; i < pipeline.steps.size(); ++i) {
    const Step& step = pipeline.steps[i];
    const std::string field = fmt::format("pipeline.steps[{}]", i);
    CheckId(field + ".id", step.id, violations);
    if (const auto [at, added] = first.emplace(step.id, i); !added) {
      violations.Add(field + ".id", fmt::format("'{}' is the id of steps[{}] already", step.id, at->second));
    }
    checker.Check(step, field);
  }
  for (const std::vector<std::string>& cycle : Cycles(pipeline)) {
    violations.Add("pipeline.steps",
                   fmt::format("steps depend on each other in a circle: {}", fmt::join(cycle, " -> ")));
  }
  return violations.ToStatus("invalid pipeline", "INVALID_PIPELINE");
}

std::vector<std::vector<size_t>> Dependencies(const Pipeline& pipeline) {
  std::map<std::string, size_t> position;
  for (size_t i = 0; i < pipeline.steps.size(); ++i) position.emplace(pipeline.steps[i].id, i);
  std::vector<std::vector<size_t>> dependencies;
  for (const Step& step : pipeline.steps) {
    std::set<size_t> before;
    const auto add = [&](const std::string& id) {
      if (const auto found = position.find(id); found != position.end()) before.insert(found->second);
    };
    for (const auto& [name, from] : step.inputs) {
      if (const auto ref = ParseOutputRef(from)) add(ref->step);
    }
    for (const std::string& id : step.depends_on) add(id);
    dependencies.emplace_back(before.begin(), before.end());
  }
  return dependencies;
}

absl::StatusOr<std::vector<size_t>> TopologicalOrder(const Pipeline& pipeline) {
  const std::vector<std::vector<size_t>> dependencies = Dependencies(pipeline);
  std::vector<std::vector<size_t>> dependents(dependencies.size());
  std::vector<size_t> missing(dependencies.size());
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < dependencies.size(); ++i) {
    missing[i] = dependencies[i].size();
    if (missing[i] == 0) ready.push(i);
    for (const size_t before : dependencies[i]) dependents[before].push_back(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const size_t after : dependents[next]) {
      if (--missing[after] == 0) ready.push(after);
    }
  }
  if (order.size() == dependencies.size()) return order;
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "PIPELINE_HAS_CYCLE",
                         "steps of the pipeline depend on each other in a circle");
}

std::vector<std::vector<std::string>> Cycles(const Pipeline& pipeline) {
  const std::vector<std::vector<size_t>> dependencies = Dependencies(pipeline);
  enum class Mark { kNew, kOnPath, kDone };
  std::vector<Mark> marks(dependencies.size(), Mark::kNew);
  std::vector<std::vector<std::string>> cycles;
  // Depth first, with a path of our own: 2,000 steps in a row must not depend on the size of a thread's stack.
  struct Frame {
    size_t step;
    size_t next = 0;
  };
  for (size_t start = 0; start < dependencies.size(); ++start) {
    if (marks[start] != Mark::kNew) continue;
    std::vector<Frame> path{{start}};
    marks[start] = Mark::kOnPath;
    while (!path.empty()) {
      Frame& frame = path.back();
      if (frame.next == dependencies[frame.step].size()) {
        marks[frame.step] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const size_t before = dependencies[frame.step][frame.next++];
      if (marks[before] == Mark::kNew) {
        marks[before] = Mark::kOnPath;
        path.push_back({before});
      } else if (marks[before] == Mark::kOnPath && before != frame.step) {
        std::vector<std::string> cycle{pipeline.steps[before].id};
        for (size_t i = path.size(); path[--i].step != before;) cycle.push_back(pipeline.steps[path[i].step].id);
        cycle.push_back(pipeline.steps[before].id);
        cycles.push_back(std::move(cycle));
      }
    }
  }
  return cycles;
}

std::optional<size_t> FindStep(const Pipeline& pipeline, std::string_view id) {
  for (size_t i = 0; i < pipeline.steps.size(); ++i) {
    if (pipeline.steps[i].id == id) return i;
  }
  return std::nullopt;
}

std::string HashOf(const Pipeline& pipeline) {
  base::Sha256 hash;
  hash.Text(pipeline.id).Text(pipeline.description).Int(static_cast<int64_t>(pipeline.steps.size()));
  for (const Step& step : pipeline.steps) {
    hash.Text(step.id).Text(step.kind).Int(static_cast<int64_t>(step.params.size()));
    for (const auto& [name, value] : step.params) {
      hash.Text(name).Int(static_cast<int64_t>(value.index())).Text(component::ToText(value));
    }
    hash.Int(static_cast<int64_t>(step.inputs.size()));
    for (const auto& [name, from] : step.inputs) hash.Text(name).Text(from);
    hash.Int(static_cast<int64_t>(step.depends_on.size()));
    for (const std::string& id : step.depends_on) hash.Text(id);
  }
  return hash.FinishHex();
}

}  // namespace breadthflow::orchestrator
