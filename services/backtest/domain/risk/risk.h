#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/component/params.h"
#include "services/backtest/domain/order.h"
#include "services/backtest/domain/portfolio.h"

namespace breadthflow::backtest {

struct ForcedExit {
  int32_t symbol = 0;
  OrderReason reason = OrderReason::kStopLoss;
};

// An order that increases a position, as the risk manager sees it before it is queued.
struct ProposedIncrease {
  int32_t symbol = 0;
  double current = 0;         // position now, or 0 when the order crosses zero
  double resulting = 0;       // position with all of the order
  double price = 0;           // at the decision
  double other_exposure = 0;  // gross value of all other symbols once their queued orders have traded
  double equity = 0;
};

// How much of an increase may go on. `allowed` is the resulting position, between `current` and `resulting`; the rest
// explains itself when that is less than asked for.
struct Allowance {
  double allowed = 0;
  RefusalRule rule = RefusalRule::kPositionShare;
  double limit = 0;
  double before = 0;
  double requested_value = 0;
};

// Watches one run. It may cut or refuse what increases a position and may force positions out; it never sees, and so
// can never refuse, an order that reduces one. Holds the state of its run: one instance per run, not thread-safe.
class RiskManager {
 public:
  virtual ~RiskManager() = default;

  // Called once for each step after all positions are marked. `fresh` lists the symbols that have a bar at this step.
  // Appends the positions to close; the simulator closes them at the next bar whatever the signals say.
  virtual void Review(const Portfolio& portfolio, double equity, std::span<const int32_t> fresh,
                      std::vector<ForcedExit>& exits) = 0;

  // Runs of one symbol: how many of its coming closes Review would let pass without an exit, while the portfolio trades
  // nothing. Counts as having reviewed those, and no others. The positions must not change in between.
  virtual size_t Pass(const Portfolio& portfolio, std::span<const double> closes) = 0;

  virtual Allowance Allow(const ProposedIncrease& increase) const = 0;
};

struct RiskEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::function<absl::StatusOr<std::unique_ptr<RiskManager>>(const component::Params&)> make;
};

// Every risk manager of catalog.inc. Immutable; thread-safe.
const component::Catalog<RiskEntry>& RiskManagers();

// Finds, checks and makes in one go: NOT_FOUND for an unknown name, INVALID_ARGUMENT with every wrong parameter.
absl::StatusOr<std::unique_ptr<RiskManager>> MakeRiskManager(const component::ComponentRef& ref);

}  // namespace breadthflow::backtest
