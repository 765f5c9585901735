#include "services/backtest/domain/risk/risk.h"

namespace breadthflow::backtest::risk {
namespace {

class NoRiskManager final : public RiskManager {
 public:
  void Review(const Portfolio&, double, std::span<const int32_t>, std::vector<ForcedExit>&) override {}
  size_t Pass(const Portfolio&, std::span<const double> closes) override { return closes.size(); }
  Allowance Allow(const ProposedIncrease& increase) const override { return {.allowed = increase.resulting}; }
};

}  // namespace

RiskEntry None() {
  return {
      .info = {.kind = "risk_manager",
               .name = "none",
               .description = "No limits but what the account can pay for: no borrowed money, shorts fully covered."},
      .params = {},
      .make = [](const component::Params&) -> absl::StatusOr<std::unique_ptr<RiskManager>> {
        return std::make_unique<NoRiskManager>();
      }};
}

}  // namespace breadthflow::backtest::risk
