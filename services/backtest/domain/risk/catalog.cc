#include "common/base/status.h"
#include "services/backtest/domain/risk/risk.h"

namespace breadthflow::backtest {
namespace risk {

#define RISK_MANAGER(Name) RiskEntry Name();
#include "services/backtest/domain/risk/catalog.inc"
#undef RISK_MANAGER

}  // namespace risk

const component::Catalog<RiskEntry>& RiskManagers() {
  static const auto* catalog = new component::Catalog<RiskEntry>({
#define RISK_MANAGER(Name) risk::Name(),
#include "services/backtest/domain/risk/catalog.inc"
#undef RISK_MANAGER
  });
  return *catalog;
}

absl::StatusOr<std::unique_ptr<RiskManager>> MakeRiskManager(const component::ComponentRef& ref) {
  BF_ASSIGN_OR_RETURN(const RiskEntry* entry, RiskManagers().Find(ref.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, ref.params));
  return entry->make(params);
}

}  // namespace breadthflow::backtest
