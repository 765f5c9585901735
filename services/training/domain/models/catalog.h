#pragma once

#include "common/component/catalog.h"
#include "services/training/domain/trainer.h"

namespace breadthflow::training {

// Every kind of model of catalog.inc. Immutable; thread-safe.
const component::Catalog<ModelEntry>& Models();

}  // namespace breadthflow::training
