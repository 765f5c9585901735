#include <algorithm>
#include <cmath>

#include "services/backtest/domain/risk/risk.h"

namespace breadthflow::backtest::risk {
namespace {

using component::Params;

class StandardRiskManager final : public RiskManager {
 public:
  explicit StandardRiskManager(const Params& params)
      : max_position_(params.Double("max_position_share")),
        max_gross_(params.Double("max_gross_exposure")),
        min_trade_(params.Double("min_trade_value")),
        max_trade_(params.Double("max_trade_value")),
        max_drawdown_(params.Double("max_drawdown")),
        stop_loss_(params.Double("stop_loss")),
        take_profit_(params.Double("take_profit")) {}

  void Review(const Portfolio& portfolio, double equity, std::span<const int32_t> fresh,
              std::vector<ForcedExit>& exits) override {
    Watch(equity);
    if (!halted_ && stop_loss_ == 0 && take_profit_ == 0) return;
    for (const int32_t symbol : fresh) {
      const double quantity = portfolio.quantity(symbol);
      if (quantity == 0) continue;
      // Once halted, every step and every symbol that could trade: a position whose bars pause is closed when they come
      // back.
      if (halted_)
        exits.push_back({symbol, OrderReason::kDrawdownHalt});
      else if (const std::optional<OrderReason> reason =
                   ExitAt(portfolio.mark(symbol), portfolio.AveragePrice(symbol), quantity))
        exits.push_back({symbol, *reason});
    }
  }

  size_t Pass(const Portfolio& portfolio, std::span<const double> closes) override {
    const double quantity = portfolio.quantity(0), cash = portfolio.cash();
    if (quantity == 0) {
      if (!closes.empty()) Watch(cash);
      return closes.size();
    }
    if (halted_) return 0;
    const bool stops = stop_loss_ > 0 || take_profit_ > 0;
    const double entry = portfolio.AveragePrice(0);
    double peak = peak_;
    size_t passed = 0;
    for (; passed < closes.size(); ++passed) {
      const double equity = cash + quantity * closes[passed];
      const double higher = std::max(peak, equity);
      if (equity <= higher * (1 - max_drawdown_) || (stops && ExitAt(closes[passed], entry, quantity))) break;
      peak = higher;
    }
    peak_ = peak;
    return passed;
  }

  Allowance Allow(const ProposedIncrease& in) const override {
    if (halted_) return {in.current, RefusalRule::kDrawdownHalt, max_drawdown_, drawdown_, drawdown_};
    Allowance out{.allowed = in.resulting};
    const double sign = in.resulting > 0 ? 1 : -1;
    const double current = std::abs(in.current) * in.price, wanted = std::abs(in.resulting) * in.price;
    double value = wanted;
    const auto cap = [&](double most, RefusalRule rule, double limit, double before, double requested) {
      if (most >= value) return;
      value = std::max(most, current);
      out = {sign * value / in.price, rule, limit, before, requested};
    };
    cap(max_position_ * in.equity, RefusalRule::kPositionShare, max_position_, current / in.equity, wanted / in.equity);
    cap(max_gross_ * in.equity - in.other_exposure, RefusalRule::kGrossExposure, max_gross_,
        (in.other_exposure + current) / in.equity, (in.other_exposure + wanted) / in.equity);
    if (max_trade_ > 0) cap(current + max_trade_, RefusalRule::kMaxTradeValue, max_trade_, 0, wanted - current);
    if (value - current < min_trade_) return {in.current, RefusalRule::kMinTradeValue, min_trade_, 0, value - current};
    return out;
  }

 private:
  // Moves the highest point and halts when equity has fallen too far below it.
  void Watch(double equity) {
    peak_ = std::max(peak_, equity);
    if (halted_ || equity > peak_ * (1 - max_drawdown_)) return;
    halted_ = true;
    drawdown_ = 1 - equity / peak_;
  }

  std::optional<OrderReason> ExitAt(double price, double entry, double quantity) const {
    const double gain = (price - entry) / entry * (quantity > 0 ? 1 : -1);
    if (stop_loss_ > 0 && gain <= -stop_loss_) return OrderReason::kStopLoss;
    if (take_profit_ > 0 && gain >= take_profit_) return OrderReason::kTakeProfit;
    return std::nullopt;
  }

  double max_position_, max_gross_, min_trade_, max_trade_, max_drawdown_, stop_loss_, take_profit_;
  double peak_ = 0;
  double drawdown_ = 0;
  bool halted_ = false;
};

}  // namespace

RiskEntry Standard() {
  using component::DoubleParam;
  return {
      .info = {.kind = "risk_manager",
               .name = "standard",
               .description = "Limits on the resulting position and on all positions together, trade size limits, stop "
                              "loss and take profit at bar closes, and a drawdown at which trading stops for good."},
      .params = {DoubleParam("max_position_share", 1, 0.0001, 10, "fraction",
                             "largest position as a share of equity, counted after the order"),
                 DoubleParam("max_gross_exposure", 1, 0.0001, 10, "fraction",
                             "largest sum of all positions, shorts included, as a share of equity"),
                 DoubleParam("min_trade_value", 0, 0, 1e12, "money", "smaller increases are not placed"),
                 DoubleParam("max_trade_value", 0, 0, 1e12, "money", "larger increases are cut; 0 is no limit"),
                 DoubleParam("max_drawdown", 1, 0.001, 1, "fraction",
                             "fall of equity from its highest point that closes everything and ends trading"),
                 DoubleParam(
                     "stop_loss", 0, 0, 1, "fraction",
                     "loss against the average entry price, at a bar's close, that closes a position; 0 is off"),
                 DoubleParam(
                     "take_profit", 0, 0, 100, "fraction",
                     "gain against the average entry price, at a bar's close, that closes a position; 0 is off")},
      .make = [](const Params& params) -> absl::StatusOr<std::unique_ptr<RiskManager>> {
        return std::make_unique<StandardRiskManager>(params);
      }};
}

}  // namespace breadthflow::backtest::risk
