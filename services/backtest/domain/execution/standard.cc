#include <algorithm>
#include <cmath>

#include "services/backtest/domain/execution/execution.h"

namespace breadthflow::backtest::execution {
namespace {

using component::Params;

class StandardEngine final : public ExecutionEngine {
 public:
  explicit StandardEngine(const Params& params)
      : at_close_(params.String("fill_at") == "close"),
        slippage_(params.Double("slippage_bps") * 1e-4),
        per_unit_(params.Double("commission_per_share")),
        per_value_(params.Double("commission_bps") * 1e-4),
        minimum_(params.Double("min_commission")),
        delay_(params.Int("delay_bars")) {}

  Execution Price(double quantity, const quant::Bar& bar) const override {
    const double reference = at_close_ ? bar.close : bar.open;
    return {reference, quantity > 0 ? reference * (1 + slippage_) : reference * (1 - slippage_)};
  }

  double Fee(double quantity, double price) const override {
    const double amount = std::abs(quantity);
    return std::max(minimum_, amount * per_unit_ + amount * price * per_value_);
  }

  int64_t delay_bars() const override { return delay_; }

 private:
  bool at_close_;
  double slippage_;
  double per_unit_;
  double per_value_;
  double minimum_;
  int64_t delay_;
};

}  // namespace

ExecutionEntry Standard() {
  using component::ChoiceParam, component::DoubleParam, component::IntParam;
  return {
      .info = {.kind = "execution_engine",
               .name = "standard",
               .description = "Whole orders at the open of the next bar of their symbol (or, by choice, at its close), "
                              "with proportional slippage and commissions per share, per value and per order."},
      .params = {ChoiceParam("fill_at", "open", {"open", "close"},
                             "price of the next bar at which orders trade: open, or close (market-on-close)"),
                 DoubleParam("slippage_bps", 5, 0, 1000, "bps", "price moved against the order"),
                 DoubleParam("commission_per_share", 0, 0, 1000, "money", "commission for each share"),
                 DoubleParam("commission_bps", 1, 0, 1000, "bps", "commission on the value traded"),
                 DoubleParam("min_commission", 0, 0, 1e6, "money", "least commission of one order"),
                 IntParam("delay_bars", 0, 0, 100, "bars", "further bars of the symbol to let pass before trading")},
      .make = [](const Params& params) -> absl::StatusOr<std::unique_ptr<ExecutionEngine>> {
        return std::make_unique<StandardEngine>(params);
      }};
}

}  // namespace breadthflow::backtest::execution
