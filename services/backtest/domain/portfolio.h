#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"

#include "services/backtest/domain/order.h"

namespace breadthflow::backtest {

// A quantity bought (or sold short) by one fill and not closed yet. `fee` is what is left of the entry's fee: exits
// take their share of it in proportion to the quantity that they close.
struct Lot {
  double quantity = 0;
  double price = 0;
  double fee = 0;
  int64_t time_ns = 0;
  int64_t fill = 0;
  int64_t bar = 0;
};

// Cash, positions and the lots behind them, in double precision. Lots are closed first in, first out.
//
// After each fill the books must agree: the cash ledger (capital + all cash flows) and the lot ledger (capital +
// realized results - cost of the lots held) are kept apart and compared, and the lots of a symbol must add up to its
// position. Not thread-safe.
class Portfolio {
 public:
  Portfolio(double capital, size_t symbols);

  // Books a fill and appends the round trips that it closes. INTERNAL LEDGER_BROKEN when the books disagree afterwards.
  absl::Status Apply(const Fill& fill, std::vector<RoundTrip>& closed);

  // The price at which the position counts from now on. Does nothing to cash.
  void Mark(int32_t symbol, double price) { marks_[static_cast<size_t>(symbol)] = price; }

  double capital() const { return capital_; }
  double cash() const { return cash_; }
  double quantity(int32_t symbol) const { return quantities_[static_cast<size_t>(symbol)]; }
  double mark(int32_t symbol) const { return marks_[static_cast<size_t>(symbol)]; }
  size_t symbols() const { return quantities_.size(); }
  std::span<const double> quantities() const { return quantities_; }
  std::span<const double> marks() const { return marks_; }

  // Adds up all positions at their marks: to be called after marking and before asking for the values below, which
  // fills then keep current.
  void Revalue();

  // Value of all positions (shorts count negative), and of their amounts.
  double gross_exposure() const { return gross_; }
  double equity() const { return cash_ + net_; }

  // What is held of a symbol at its mark; there must be a position. `times` are those of all the symbol's bars.
  OpenPosition Open(int32_t symbol, std::span<const int64_t> times) const;

  // Mean price of the lots held, fees left out; 0 without a position.
  double AveragePrice(int32_t symbol) const;
  std::span<const Lot> lots(int32_t symbol) const;
  double realized_pnl() const { return realized_; }

 private:
  struct Lots {
    std::vector<Lot> list;
    size_t first = 0;  // the lots before it are closed
  };
  absl::Status CheckBooks(const Fill& fill) const;

  double capital_;
  double cash_;
  double realized_ = 0;
  double net_ = 0;
  double gross_ = 0;
  double cost_of_lots_ = 0;  // sum of costs_
  double traded_value_ = 0;  // scale of the rounding that the books may have collected
  std::vector<double> quantities_;
  std::vector<double> marks_;
  std::vector<double> costs_;  // quantity * price + fee over the lots held
  std::vector<Lots> lots_;
};

}  // namespace breadthflow::backtest
