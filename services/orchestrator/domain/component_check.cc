#include "services/orchestrator/domain/component_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace breadthflow::orchestrator {

void CheckComponents(const Pipeline& pipeline, const StepKinds& kinds, const KnownComponents& known,
                     base::Violations& violations) {
  for (size_t i = 0; i < pipeline.steps.size(); ++i) {
    const auto kind = kinds.find(pipeline.steps[i].kind);
    if (kind == kinds.end()) continue;
    const absl::StatusOr<StepParams> params = SortParams(kind->second, pipeline.steps[i].params);
    if (!params.ok()) continue;
    for (const ComponentSlot& slot : kind->second.slots) {
      const auto catalogue = known.find(slot.component_kind);
      if (catalogue == known.end()) continue;
      const component::ComponentRef ref = params->Ref(slot.param);
      const std::string field = fmt::format("pipeline.steps[{}].params.{}", i, slot.param);
      const auto found = catalogue->second.find(ref.name);
      if (found == catalogue->second.end()) {
        std::vector<std::string> names;
        for (const auto& [name, specs] : catalogue->second) names.push_back(name);
        violations.Add(
            field, fmt::format("unknown {} '{}'; known are {}", slot.component_kind, ref.name, fmt::join(names, ", ")));
        continue;
      }
      violations.Merge(field, component::Params::Check(found->second, ref.params).status());
    }
  }
}

}  // namespace breadthflow::orchestrator
