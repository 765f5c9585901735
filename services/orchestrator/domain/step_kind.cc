#include "services/orchestrator/domain/step_kind.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace breadthflow::orchestrator {

component::ComponentRef StepParams::Ref(const std::string& slot) const {
  return {.name = own.String(slot), .params = nested.at(slot)};
}

absl::StatusOr<StepParams> SortParams(const StepKind& kind, const component::RawParams& given) {
  StepParams sorted;
  for (const ComponentSlot& slot : kind.slots) sorted.nested[slot.param];
  base::Violations violations;
  component::RawParams own;
  for (const auto& [name, value] : given) {
    const size_t dot = name.find('.');
    if (dot == std::string::npos) {
      own[name] = value;
      continue;
    }
    const auto slot = sorted.nested.find(name.substr(0, dot));
    const std::string inner = name.substr(dot + 1);
    if (slot == sorted.nested.end() || inner.empty()) {
      std::vector<std::string> prefixes;
      for (const ComponentSlot& known : kind.slots) prefixes.push_back(known.param + ".");
      violations.Add(name, prefixes.empty() ? "unknown parameter; no component is configured here"
                                            : fmt::format("unknown parameter; those with a dot begin with {}",
                                                          fmt::join(prefixes, ", ")));
      continue;
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || !text->empty()) slot->second[inner] = value;
  }
  absl::StatusOr<component::Params> checked = component::Params::Check(kind.params, own);
  violations.Merge("", checked.status());
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid parameters", "INVALID_PARAMS"));
  sorted.own = *std::move(checked);
  return sorted;
}

}  // namespace breadthflow::orchestrator
