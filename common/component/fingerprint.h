#pragma once

#include "common/base/hash.h"
#include "common/component/catalog.h"

namespace breadthflow::component {

// Adds a component's name and its values, with their types and in the order of their names, to `hash`: what
// fingerprints of specs are made of. 1 and 1.0 differ, as they do for Params::Check.
void Append(const ComponentRef& ref, base::Sha256& hash);

}  // namespace breadthflow::component
