#include "services/orchestrator/app/steps/step.h"

namespace breadthflow::orchestrator {

#define STEP(Name) StepEntry Name();
#include "services/orchestrator/app/steps/catalog.inc"
#undef STEP

const component::Catalog<StepEntry>& StepCatalog() {
  static const auto* catalog = new component::Catalog<StepEntry>({
#define STEP(Name) Name(),
#include "services/orchestrator/app/steps/catalog.inc"
#undef STEP
  });
  return *catalog;
}

StepKinds KindsOf(const component::Catalog<StepEntry>& catalog) {
  StepKinds kinds;
  for (const StepEntry& entry : catalog.entries()) kinds[entry.info.name] = entry;
  return kinds;
}

}  // namespace breadthflow::orchestrator
