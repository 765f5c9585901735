#include "services/backtest/domain/simulator.h"

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "services/backtest/domain/bar_cursor.h"
#include "services/backtest/domain/portfolio.h"

namespace breadthflow::backtest {
namespace {

constexpr size_t kCancelStride = 65'536;
constexpr double kRuin = 1e-9;      // of the capital
constexpr double kRounding = 1e-9;  // relative; what two ways of computing one amount may differ by

// An order and how many bars of its symbol it still has to wait for.
struct QueuedOrder {
  Order order;
  int64_t bars_to_wait = 1;
};

// The state of one run; a step is one time of the union.
class Run {
 public:
  Run(double capital, const ExecutionEngine& engine, const Sizer& sizer, RiskManager& risk,
      const std::vector<SymbolInput>& inputs, SimulationResult& result)
      : engine_(engine),
        sizer_(sizer),
        risk_(risk),
        inputs_(inputs),
        result_(result),
        portfolio_(capital, inputs.size()),
        cursor_(inputs, result.curve.times.size()),
        queued_quantity_(inputs.size()),
        blocked_(inputs.size()),
        delay_(engine.delay_bars()) {
    exits_.reserve(inputs.size());
    queue_.reserve(inputs.size());
  }

  // Runs of one symbol: goes through the bars from `step` on in which nothing can happen but that the position is
  // marked, exactly as Step would. Returns how many those are.
  size_t Quiet(size_t step) {
    if (inputs_.size() > 1 || !queue_.empty()) return 0;
    const std::vector<int8_t>& direction = inputs_[0].direction;
    const double quantity = portfolio_.quantity(0), cash = portfolio_.cash();
    const bool acts[] = {Acts(-1, quantity), Acts(0, quantity), Acts(1, quantity)};
    size_t end = step;
    while (end < direction.size() && !acts[direction[end] + 1]) ++end;
    const std::span<const double> coming = inputs_[0].bars.close.subspan(step, end - step);
    const size_t count = risk_.Pass(portfolio_, coming);
    if (count == 0) return 0;

    EquityCurve& curve = result_.curve;
    curve.equity.resize(step + count);
    curve.cash.resize(step + count, cash);
    curve.gross_exposure.resize(step + count);
    for (size_t i = 0; i < count; ++i) {
      const double value = quantity * coming[i];
      curve.equity[step + i] = cash + value;
      curve.gross_exposure[step + i] = std::abs(value);
    }
    portfolio_.Mark(0, coming[count - 1]);
    portfolio_.Revalue();
    cursor_.Skip(count);
    result_.bar_steps += static_cast<int64_t>(count);
    return count;
  }

  absl::Status Step(size_t step) {
    const int64_t now = result_.curve.times[step];
    cursor_.Begin(now);
    if (!queue_.empty()) BF_RETURN_IF_ERROR(FillQueued(now));
    for (const int32_t symbol : cursor_.fresh()) portfolio_.Mark(symbol, bars(symbol).close[cursor_.row(symbol)]);
    portfolio_.Revalue();
    equity_ = portfolio_.equity();

    exits_.clear();
    risk_.Review(portfolio_, equity_, cursor_.fresh(), exits_);
    exposure_after_orders_ = queue_.empty() ? portfolio_.gross_exposure() : ExposureAfterOrders();
    for (const ForcedExit& exit : exits_) QueueExit(exit, now);
    for (const int32_t symbol : cursor_.fresh()) TakeSignal(symbol, now);

    result_.curve.equity.push_back(equity_);
    result_.curve.cash.push_back(portfolio_.cash());
    result_.curve.gross_exposure.push_back(portfolio_.gross_exposure());
    result_.bar_steps += static_cast<int64_t>(cursor_.fresh().size());
    cursor_.End();
    return absl::OkStatus();
  }

  void Finish() {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const auto symbol = static_cast<int32_t>(i);
      if (portfolio_.quantity(symbol) == 0) continue;
      result_.open_positions.push_back(portfolio_.Open(symbol, inputs_[i].bars.times));
    }
    for (const QueuedOrder& queued : queue_) result_.unfilled.push_back(queued.order);
  }

 private:
  const quant::BarColumns& bars(int32_t symbol) const { return inputs_[static_cast<size_t>(symbol)].bars; }

  absl::Status FillQueued(int64_t now) {
    for (QueuedOrder& queued : queue_)
      if (cursor_.IsFresh(queued.order.symbol)) --queued.bars_to_wait;
    for (const bool reducing : {true, false}) {
      for (const QueuedOrder& queued : queue_) {
        if (queued.bars_to_wait > 0 || queued_quantity_[static_cast<size_t>(queued.order.symbol)] == 0) continue;
        if (Reduces(queued.order) == reducing) BF_RETURN_IF_ERROR(Fill(queued.order, now));
      }
    }
    std::erase_if(queue_, [](const QueuedOrder& queued) { return queued.bars_to_wait <= 0; });
    return absl::OkStatus();
  }

  bool Reduces(const Order& order) const {
    const double position = portfolio_.quantity(order.symbol);
    return position * order.quantity < 0 && std::abs(order.quantity) <= std::abs(position);
  }

  absl::Status Fill(const Order& order, int64_t now) {
    const auto symbol = static_cast<size_t>(order.symbol);
    const quant::Bar bar = bars(order.symbol)[cursor_.row(order.symbol)];
    const Execution execution = engine_.Price(order.quantity, bar);
    const double quantity = Affordable(order, execution.price, now);
    queued_quantity_[symbol] = 0;
    if (quantity == 0) return absl::OkStatus();
    const backtest::Fill fill{.sequence = static_cast<int64_t>(result_.fills.size()) + 1,
                              .order_sequence = order.sequence,
                              .symbol = order.symbol,
                              .reason = order.reason,
                              .quantity = quantity,
                              .reference_price = execution.reference_price,
                              .price = execution.price,
                              .slippage = quantity * (execution.price - execution.reference_price),
                              .fee = engine_.Fee(quantity, execution.price),
                              .decided_ns = order.decided_ns,
                              .time_ns = now,
                              .bar = static_cast<int64_t>(cursor_.row(order.symbol))};
    result_.fills.push_back(fill);
    return portfolio_.Apply(fill, result_.round_trips);
  }

  // The quantity of `order` that the account can pay for at `price`. What reduces the position always goes.
  double Affordable(const Order& order, double price, int64_t now) {
    if (Reduces(order)) return order.quantity;
    const double position = portfolio_.quantity(order.symbol);
    const double resulting = position + order.quantity;
    const double kept = position * order.quantity < 0 ? 0 : position;  // what is left of the position before it grows
    const double fee = engine_.Fee(order.quantity, price);
    const double mark = portfolio_.mark(order.symbol);
    const double others = portfolio_.gross_exposure() - std::abs(position) * mark;
    const double budget = portfolio_.equity() + position * (price - mark) - others;
    const double wanted = std::abs(resulting) * price + fee;
    if (wanted <= budget + kRounding * std::abs(budget)) return order.quantity;
    const double most = sizer_.RoundDown(std::max(0.0, (budget - fee) / price - std::abs(kept)));
    const double allowed = (kept - position) + (resulting > 0 ? most : -most);
    if (most == 0) blocked_[static_cast<size_t>(order.symbol)] = resulting > 0 ? 1 : -1;
    Refuse(order.symbol, order.sequence, order.quantity,
           {allowed, RefusalRule::kBuyingPower, budget, std::abs(kept) * price, wanted}, allowed, now);
    return allowed;
  }

  void Queue(int32_t symbol, double quantity, OrderReason reason, int64_t sequence, int64_t now) {
    const double position = portfolio_.quantity(symbol);
    exposure_after_orders_ += (std::abs(position + quantity) - std::abs(position)) * portfolio_.mark(symbol);
    queued_quantity_[static_cast<size_t>(symbol)] = quantity;
    queue_.push_back(
        {{.sequence = sequence, .symbol = symbol, .reason = reason, .quantity = quantity, .decided_ns = now},
         1 + delay_});
  }

  // Whether a bar with this signal may change anything, for the only symbol of a run.
  bool Acts(int8_t direction, double position) const {
    if (blocked_[0] != 0) return direction != blocked_[0];
    return direction != 0 && (position == 0 ? sizer_.Opens(direction) : direction * position < 0);
  }

  void QueueExit(const ForcedExit& exit, int64_t now) {
    const auto symbol = static_cast<size_t>(exit.symbol);
    const double position = portfolio_.quantity(exit.symbol);
    blocked_[symbol] = position > 0 ? 1 : -1;
    if (queued_quantity_[symbol] * position < 0) return;  // an order that closes it is waiting already
    Queue(exit.symbol, -position, exit.reason, ++orders_, now);
  }

  void TakeSignal(int32_t symbol, int64_t now) {
    const auto i = static_cast<size_t>(symbol);
    const int8_t direction = inputs_[i].direction[cursor_.row(symbol)];
    if (blocked_[i] != direction) blocked_[i] = 0;
    const double position = portfolio_.quantity(symbol);
    if (direction == 0 || direction * position > 0 || blocked_[i] != 0 || queued_quantity_[i] != 0) return;
    const double price = portfolio_.mark(symbol);
    if (position == 0 && !sizer_.Opens(direction)) return;
    const bool ruined = equity_ <= kRuin * portfolio_.capital();
    const double target = ruined ? 0 : sizer_.Target(direction, equity_, price, inputs_.size());
    if (target == 0 && position == 0) return;
    PlaceOrder(symbol, position, target, price, now);
  }

  // From a position that is flat or on the other side to `target`.
  void PlaceOrder(int32_t symbol, double position, double target, double price, int64_t now) {
    const int64_t sequence = ++orders_;
    const double sign = target > 0 ? 1 : -1;
    double amount = sizer_.RoundDown(std::abs(target));
    if (target != 0 && amount == 0) {
      Refuse(symbol, sequence, target - position, {0, RefusalRule::kLotSize, 0, 0, target}, -position, now);
    } else if (target != 0) {
      const Allowance allowance = risk_.Allow({.symbol = symbol,
                                               .current = 0,
                                               .resulting = sign * amount,
                                               .price = price,
                                               .other_exposure = exposure_after_orders_ - std::abs(position) * price,
                                               .equity = equity_});
      if (std::abs(allowance.allowed) < amount) {
        const double requested = sign * amount - position;
        amount = sizer_.RoundDown(std::abs(allowance.allowed));
        Refuse(symbol, sequence, requested, allowance, sign * amount - position, now);
      }
    }
    if (target != 0 && amount == 0) blocked_[static_cast<size_t>(symbol)] = target > 0 ? 1 : -1;
    const double quantity = sign * amount - position;
    if (quantity != 0) Queue(symbol, quantity, OrderReason::kSignal, sequence, now);
  }

  void Refuse(int32_t symbol, int64_t sequence, double requested, const Allowance& allowance, double allowed,
              int64_t now) {
    result_.refusals.push_back({.time_ns = now,
                                .order_sequence = sequence,
                                .symbol = symbol,
                                .rule = allowance.rule,
                                .requested = requested,
                                .allowed = allowed,
                                .limit = allowance.limit,
                                .before = allowance.before,
                                .requested_value = allowance.requested_value});
  }

  // Gross value of all symbols at their marks once the queued orders have traded.
  double ExposureAfterOrders() const {
    double value = 0;
    for (size_t i = 0; i < inputs_.size(); ++i)
      value += std::abs(portfolio_.quantities()[i] + queued_quantity_[i]) * portfolio_.marks()[i];
    return value;
  }

  const ExecutionEngine& engine_;
  const Sizer& sizer_;
  RiskManager& risk_;
  const std::vector<SymbolInput>& inputs_;
  SimulationResult& result_;
  Portfolio portfolio_;
  BarCursor cursor_;
  std::vector<double> queued_quantity_;  // of the order that waits, 0 without one: at most one for a symbol
  std::vector<int8_t> blocked_;          // direction that is not traded until the signal has changed
  std::vector<ForcedExit> exits_;
  std::vector<QueuedOrder> queue_;
  double exposure_after_orders_ = 0;
  int64_t delay_;
  int64_t orders_ = 0;
  double equity_ = 0;
};

}  // namespace

absl::StatusOr<SimulationResult> Simulator::Run(std::vector<SymbolInput> inputs, const base::CancelToken& cancel) {
  std::sort(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) { return a.symbol < b.symbol; });
  BF_RETURN_IF_ERROR(CheckInputs(capital_, inputs));
  SimulationResult result{.capital = capital_};
  for (const SymbolInput& input : inputs) result.symbols.push_back(input.symbol);
  EquityCurve& curve = result.curve;
  curve.times = UnionOfTimes(inputs);
  for (std::vector<double>* column : {&curve.equity, &curve.cash, &curve.gross_exposure})
    column->reserve(curve.times.size());

  class Run run(capital_, engine_, sizer_, risk_, inputs, result);
  size_t next_check = 0;
  for (size_t step = 0; step < curve.times.size();) {
    if (step >= next_check) {
      BF_RETURN_IF_ERROR(cancel.Check());
      next_check = step + kCancelStride;
    }
    const size_t quiet = run.Quiet(step);
    step += quiet;
    if (quiet > 0) continue;
    BF_RETURN_IF_ERROR(run.Step(step));
    ++step;
  }
  run.Finish();
  return result;
}

}  // namespace breadthflow::backtest
