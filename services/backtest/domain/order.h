#pragma once

#include <cstdint>
#include <string_view>

// The rows that a simulation writes. Quantities are signed (+ buys or is long, - sells or is short) and in units of the
// instrument; prices and money are in its currency; times are Unix nanoseconds, UTC. `symbol` is the position of the
// symbol in SimulationResult::symbols.
namespace breadthflow::backtest {

enum class OrderReason { kSignal = 1, kStopLoss = 2, kTakeProfit = 3, kDrawdownHalt = 4 };
std::string_view ToText(OrderReason reason);  // "signal", "stop_loss", "take_profit", "drawdown_halt"

// Decided at the close of the bar at `decided_ns`, waiting for the symbol's next bar.
struct Order {
  int64_t sequence = 0;  // of the decision, from 1, over the whole run
  int32_t symbol = 0;
  OrderReason reason = OrderReason::kSignal;
  double quantity = 0;
  int64_t decided_ns = 0;
  friend bool operator==(const Order&, const Order&) = default;
};

// What became of an order. `time_ns` is the time of the bar that it traded in, later than `decided_ns`.
struct Fill {
  int64_t sequence = 0;        // of the fill, from 1, over the whole run
  int64_t order_sequence = 0;  // of the order
  int32_t symbol = 0;
  OrderReason reason = OrderReason::kSignal;
  double quantity = 0;
  double reference_price = 0;  // of the bar, before slippage
  double price = 0;            // paid or received
  double slippage = 0;         // money lost against the reference price, >= 0; part of the price, not a fee
  double fee = 0;              // commission, >= 0
  int64_t decided_ns = 0;
  int64_t time_ns = 0;
  int64_t bar = 0;  // row of the bar in the symbol's own bars
  friend bool operator==(const Fill&, const Fill&) = default;
};

// A quantity that was opened by one fill and closed by another (first in, first out).
struct RoundTrip {
  int32_t symbol = 0;
  OrderReason exit_reason = OrderReason::kSignal;
  double quantity = 0;  // + was long, - was short
  double entry_price = 0;
  double exit_price = 0;
  double entry_fee = 0;  // the part of the entry's fee that belongs to this quantity
  double exit_fee = 0;   // the same of the exit
  double pnl = 0;        // quantity * (exit_price - entry_price) - entry_fee - exit_fee
  int64_t entry_ns = 0;
  int64_t exit_ns = 0;
  int64_t entry_fill = 0;  // Fill::sequence
  int64_t exit_fill = 0;
  int64_t bars = 0;  // from entry to exit, in bars of the symbol

  // pnl as a fraction of the money that was at stake at the entry.
  double Return() const {
    const double stake = (quantity < 0 ? -quantity : quantity) * entry_price;
    return stake > 0 ? pnl / stake : 0;
  }
  friend bool operator==(const RoundTrip&, const RoundTrip&) = default;
};

// Why an order was cut or not placed at all.
enum class RefusalRule {
  kPositionShare = 1,  // the resulting position as a share of equity
  kGrossExposure = 2,  // all positions together as a share of equity
  kMinTradeValue = 3,  // the trade is too small to be worth it
  kMaxTradeValue = 4,  // the trade is too large
  kDrawdownHalt = 5,   // trading stopped after the drawdown limit
  kBuyingPower = 6,    // the account can not pay for it, fees included
  kLotSize = 7,        // less than one lot
};
// The parameter that set the limit where there is one: "max_position_share" ... "buying_power", "lot_size".
std::string_view ToText(RefusalRule rule);

// A refusal with its numbers. `requested` and `allowed` are order quantities; `limit` is the rule's limit, `before` and
// `requested_value` the measured value before the order and as it would have been with all of it, in the rule's unit
// (fraction of equity, or money).
struct Refusal {
  int64_t time_ns = 0;
  int64_t order_sequence = 0;
  int32_t symbol = 0;
  RefusalRule rule = RefusalRule::kPositionShare;
  double requested = 0;
  double allowed = 0;
  double limit = 0;
  double before = 0;
  double requested_value = 0;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// What is still held when the bars end: marked at the last price, never counted as a round trip.
struct OpenPosition {
  int32_t symbol = 0;
  double quantity = 0;
  double average_price = 0;  // of the lots held, fees left out
  double last_price = 0;
  double value = 0;           // quantity * last_price
  double fee = 0;             // entry fees that no exit has taken yet
  double unrealized_pnl = 0;  // against the lots' prices, less `fee`
  int64_t opened_ns = 0;      // of the oldest lot
  int64_t bars = 0;           // from the oldest lot to the last bar, in bars of the symbol
  int64_t last_ns = 0;        // of the bar that gave last_price
  friend bool operator==(const OpenPosition&, const OpenPosition&) = default;
};

}  // namespace breadthflow::backtest
