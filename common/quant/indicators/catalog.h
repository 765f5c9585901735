#pragma once

#include "common/component/catalog.h"
#include "common/quant/indicators/indicator.h"

namespace breadthflow::quant {

// Every indicator of catalog.inc. Immutable; thread-safe.
const component::Catalog<IndicatorEntry>& Indicators();

}  // namespace breadthflow::quant
