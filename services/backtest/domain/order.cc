#include "services/backtest/domain/order.h"

namespace breadthflow::backtest {

std::string_view ToText(OrderReason reason) {
  switch (reason) {
    case OrderReason::kSignal:
      return "signal";
    case OrderReason::kStopLoss:
      return "stop_loss";
    case OrderReason::kTakeProfit:
      return "take_profit";
    case OrderReason::kDrawdownHalt:
      return "drawdown_halt";
  }
  return "unknown";
}

std::string_view ToText(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kPositionShare:
      return "max_position_share";
    case RefusalRule::kGrossExposure:
      return "max_gross_exposure";
    case RefusalRule::kMinTradeValue:
      return "min_trade_value";
    case RefusalRule::kMaxTradeValue:
      return "max_trade_value";
    case RefusalRule::kDrawdownHalt:
      return "max_drawdown";
    case RefusalRule::kBuyingPower:
      return "buying_power";
    case RefusalRule::kLotSize:
      return "lot_size";
  }
  return "unknown";
}

}  // namespace breadthflow::backtest
