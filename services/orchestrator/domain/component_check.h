#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/component/params.h"
#include "services/orchestrator/domain/pipeline.h"

namespace breadthflow::orchestrator {

// Parameters of the components that are known, by kind and name.
using KnownComponents = std::map<std::string, std::map<std::string, std::vector<component::ParamSpec>>>;

// Adds what is wrong with the components that steps name, under the fields of the request: unknown names, and values
// that the component refuses ("pipeline.steps[3].params.strategy.buy_above"). Steps whose own parameters are wrong are
// left out, and so are components of kinds of which nothing is known.
void CheckComponents(const Pipeline& pipeline, const StepKinds& kinds, const KnownComponents& known,
                     base::Violations& violations);

}  // namespace breadthflow::orchestrator
