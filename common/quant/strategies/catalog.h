#pragma once

#include "common/component/catalog.h"
#include "common/quant/strategies/strategy.h"

namespace breadthflow::quant {

// Every strategy of catalog.inc. Immutable; thread-safe.
const component::Catalog<StrategyEntry>& Strategies();

}  // namespace breadthflow::quant
