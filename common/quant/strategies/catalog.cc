#include "common/quant/strategies/catalog.h"

namespace breadthflow::quant {

#define STRATEGY(Name) StrategyEntry Name();
#include "common/quant/strategies/catalog.inc"
#undef STRATEGY

const component::Catalog<StrategyEntry>& Strategies() {
  static const auto* const catalog = new component::Catalog<StrategyEntry>({
#define STRATEGY(Name) Name(),
#include "common/quant/strategies/catalog.inc"
#undef STRATEGY
  });
  return *catalog;
}

absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(const component::ComponentRef& ref) {
  BF_ASSIGN_OR_RETURN(const StrategyEntry* entry, Strategies().Find(ref.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, ref.params));
  return entry->make(params);
}

}  // namespace breadthflow::quant
