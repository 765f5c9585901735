#include "services/backtest/domain/portfolio.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::backtest {
namespace {

constexpr double kRelativeTolerance = 1e-9;
constexpr double kDust = 1e-12;

}  // namespace

Portfolio::Portfolio(double capital, size_t symbols)
    : capital_(capital), cash_(capital), quantities_(symbols), marks_(symbols), costs_(symbols), lots_(symbols) {}

absl::Status Portfolio::Apply(const Fill& fill, std::vector<RoundTrip>& closed) {
  const auto symbol = static_cast<size_t>(fill.symbol);
  cash_ -= fill.quantity * fill.price + fill.fee;
  traded_value_ += std::abs(fill.quantity) * fill.price + fill.fee;

  Lots& lots = lots_[symbol];
  // Quantities are sums of doubles: what is left of a close that was meant to be complete is rounding, not a position.
  const double dust = kDust * std::abs(fill.quantity);
  double left = fill.quantity;
  double fee_left = fill.fee;
  while (left != 0 && lots.first < lots.list.size() && (lots.list[lots.first].quantity < 0) != (left < 0)) {
    Lot& lot = lots.list[lots.first];
    const bool whole = std::abs(lot.quantity) <= std::abs(left) + dust;
    const double quantity = whole ? lot.quantity : -left;
    const double entry_fee = whole ? lot.fee : lot.fee * (quantity / lot.quantity);
    double left_after = left + quantity;
    if (std::abs(left_after) <= dust) left_after = 0;
    // The last part takes what is left of the fee, so that the parts add up to it exactly.
    const double exit_fee = left_after == 0 ? fee_left : fill.fee * (-quantity / fill.quantity);
    const double pnl = quantity * (fill.price - lot.price) - entry_fee - exit_fee;
    closed.push_back({.symbol = fill.symbol,
                      .exit_reason = fill.reason,
                      .quantity = quantity,
                      .entry_price = lot.price,
                      .exit_price = fill.price,
                      .entry_fee = entry_fee,
                      .exit_fee = exit_fee,
                      .pnl = pnl,
                      .entry_ns = lot.time_ns,
                      .exit_ns = fill.time_ns,
                      .entry_fill = lot.fill,
                      .exit_fill = fill.sequence,
                      .bars = fill.bar - lot.bar});
    realized_ += pnl;
    left = left_after;
    fee_left -= exit_fee;
    if (whole) {
      ++lots.first;
    } else {
      lot.quantity -= quantity;
      lot.fee -= entry_fee;
    }
  }
  if (lots.first == lots.list.size()) {
    lots.list.clear();
    lots.first = 0;
  }
  if (left != 0) {
    lots.list.push_back({.quantity = left,
                         .price = fill.price,
                         .fee = fee_left,
                         .time_ns = fill.time_ns,
                         .fill = fill.sequence,
                         .bar = fill.bar});
  }
  // A position that its lots have left is exactly flat, whatever the additions rounded to.
  const double before = quantities_[symbol], mark_before = marks_[symbol];
  const double after = lots.list.empty() ? 0 : before + fill.quantity;
  quantities_[symbol] = after;
  marks_[symbol] = fill.price;
  net_ += after * fill.price - before * mark_before;
  gross_ += std::abs(after) * fill.price - std::abs(before) * mark_before;

  double cost = 0;
  for (const Lot& lot : this->lots(fill.symbol)) cost += lot.quantity * lot.price + lot.fee;
  cost_of_lots_ += cost - costs_[symbol];
  costs_[symbol] = cost;
  return CheckBooks(fill);
}

absl::Status Portfolio::CheckBooks(const Fill& fill) const {
  double held = 0, amount = 0;
  for (const Lot& lot : lots(fill.symbol)) {
    held += lot.quantity;
    amount += std::abs(lot.quantity);
  }
  const double position = quantity(fill.symbol);
  const double quantity_tolerance = kRelativeTolerance * std::max({1.0, amount, std::abs(fill.quantity)});
  // cash + positions = equity in both ledgers; the marks are on both sides, so the costs can be compared directly.
  const double expected_cash = capital_ + realized_ - cost_of_lots_;
  const double cash_tolerance = kRelativeTolerance * std::max({1.0, std::abs(capital_), traded_value_});
  const bool ok = std::isfinite(cash_) && std::abs(held - position) <= quantity_tolerance &&
                  std::abs(cash_ - expected_cash) <= cash_tolerance;
  if (ok) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kInternal, "LEDGER_BROKEN",
      fmt::format("after fill {}: lots hold {}, position is {}; cash is {}, capital + realized - cost of lots is {}",
                  fill.sequence, held, position, cash_, expected_cash));
}

void Portfolio::Revalue() {
  net_ = gross_ = 0;
  for (size_t i = 0; i < quantities_.size(); ++i) {
    const double value = quantities_[i] * marks_[i];
    net_ += value;
    gross_ += std::abs(value);
  }
}

OpenPosition Portfolio::Open(int32_t symbol, std::span<const int64_t> times) const {
  const std::span<const Lot> held = lots(symbol);
  OpenPosition open{.symbol = symbol,
                    .quantity = quantity(symbol),
                    .average_price = AveragePrice(symbol),
                    .last_price = mark(symbol),
                    .value = quantity(symbol) * mark(symbol),
                    .opened_ns = held.front().time_ns,
                    .bars = static_cast<int64_t>(times.size()) - 1 - held.front().bar,
                    .last_ns = times.back()};
  for (const Lot& lot : held) {
    open.fee += lot.fee;
    open.unrealized_pnl += lot.quantity * (open.last_price - lot.price) - lot.fee;
  }
  return open;
}

double Portfolio::AveragePrice(int32_t symbol) const {
  double value = 0, quantity = 0;
  for (const Lot& lot : lots(symbol)) {
    value += lot.quantity * lot.price;
    quantity += lot.quantity;
  }
  return quantity == 0 ? 0 : value / quantity;
}

std::span<const Lot> Portfolio::lots(int32_t symbol) const {
  const Lots& lots = lots_[static_cast<size_t>(symbol)];
  return std::span(lots.list).subspan(lots.first);
}

}  // namespace breadthflow::backtest
