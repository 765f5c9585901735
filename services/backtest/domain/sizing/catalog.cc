#include "common/base/status.h"
#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest {
namespace sizing {

#define SIZER(Name) SizerEntry Name();
#include "services/backtest/domain/sizing/catalog.inc"
#undef SIZER

}  // namespace sizing

const component::Catalog<SizerEntry>& Sizers() {
  static const auto* catalog = new component::Catalog<SizerEntry>({
#define SIZER(Name) sizing::Name(),
#include "services/backtest/domain/sizing/catalog.inc"
#undef SIZER
  });
  return *catalog;
}

absl::StatusOr<std::unique_ptr<Sizer>> MakeSizer(const component::ComponentRef& ref) {
  BF_ASSIGN_OR_RETURN(const SizerEntry* entry, Sizers().Find(ref.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, ref.params));
  return entry->make(params);
}

}  // namespace breadthflow::backtest
