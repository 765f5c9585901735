#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/component/params.h"
#include "common/quant/bar.h"

namespace breadthflow::backtest {

// What one order gets in one bar, for all of its quantity.
struct Execution {
  double reference_price = 0;  // of the bar
  double price = 0;            // after slippage
};

// Decides at what price and cost an order trades in the first bar after its decision. Pure and immutable: one engine
// may serve many runs at once.
class ExecutionEngine {
 public:
  virtual ~ExecutionEngine() = default;

  // The price at which `quantity` (signed, not 0) trades in `bar`, which is later than the decision.
  virtual Execution Price(double quantity, const quant::Bar& bar) const = 0;

  // Commission of trading `quantity` (signed) at `price`: money >= 0, not falling as the amount grows.
  virtual double Fee(double quantity, double price) const = 0;

  // Bars to let pass before trading, beside the one that is always between a decision and its fill.
  virtual int64_t delay_bars() const { return 0; }
};

struct ExecutionEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::function<absl::StatusOr<std::unique_ptr<ExecutionEngine>>(const component::Params&)> make;
};

// Every engine of catalog.inc. Immutable; thread-safe.
const component::Catalog<ExecutionEntry>& ExecutionEngines();

// Finds, checks and makes in one go: NOT_FOUND for an unknown name, INVALID_ARGUMENT with every wrong parameter.
absl::StatusOr<std::unique_ptr<ExecutionEngine>> MakeExecutionEngine(const component::ComponentRef& ref);

}  // namespace breadthflow::backtest
