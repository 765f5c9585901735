#include "common/quant/indicators/catalog.h"

namespace breadthflow::quant {

#define INDICATOR(Name) IndicatorEntry Name();
#include "common/quant/indicators/catalog.inc"
#undef INDICATOR

const component::Catalog<IndicatorEntry>& Indicators() {
  static const auto* const catalog = new component::Catalog<IndicatorEntry>({
#define INDICATOR(Name) Name(),
#include "common/quant/indicators/catalog.inc"
#undef INDICATOR
  });
  return *catalog;
}

}  // namespace breadthflow::quant
