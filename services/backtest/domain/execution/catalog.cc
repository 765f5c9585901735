#include "common/base/status.h"
#include "services/backtest/domain/execution/execution.h"

namespace breadthflow::backtest {
namespace execution {

#define EXECUTION_ENGINE(Name) ExecutionEntry Name();
#include "services/backtest/domain/execution/catalog.inc"
#undef EXECUTION_ENGINE

}  // namespace execution

const component::Catalog<ExecutionEntry>& ExecutionEngines() {
  static const auto* catalog = new component::Catalog<ExecutionEntry>({
#define EXECUTION_ENGINE(Name) execution::Name(),
#include "services/backtest/domain/execution/catalog.inc"
#undef EXECUTION_ENGINE
  });
  return *catalog;
}

absl::StatusOr<std::unique_ptr<ExecutionEngine>> MakeExecutionEngine(const component::ComponentRef& ref) {
  BF_ASSIGN_OR_RETURN(const ExecutionEntry* entry, ExecutionEngines().Find(ref.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, ref.params));
  return entry->make(params);
}

}  // namespace breadthflow::backtest
