#include <map>

#include "absl/time/civil_time.h"

#include "services/backtest/domain/report/report.h"

namespace breadthflow::backtest::report {

std::vector<SymbolSummary> SummariseSymbols(std::span<const std::string> symbols, std::span<const Trade> trades,
                                            std::span<const NamedFill> fills) {
  std::vector<SymbolSummary> summaries;
  std::map<std::string, size_t> index;
  for (const std::string& symbol : symbols) {
    index[symbol] = summaries.size();
    summaries.push_back({.symbol = symbol});
  }
  std::vector<int64_t> wins(summaries.size());
  for (const Trade& trade : trades) {
    const auto found = index.find(trade.symbol);
    if (found == index.end()) continue;
    SymbolSummary& summary = summaries[found->second];
    summary.pnl += trade.pnl;
    (trade.open ? summary.open_pnl : summary.realized_pnl) += trade.pnl;
    if (trade.open) {
      summary.open_quantity += trade.quantity;
      continue;
    }
    ++summary.trade_count;
    wins[found->second] += trade.pnl > 0;
  }
  for (const NamedFill& named : fills) {
    const auto found = index.find(named.symbol);
    if (found != index.end()) summaries[found->second].costs += named.fill.fee + named.fill.slippage;
  }
  for (size_t i = 0; i < summaries.size(); ++i) {
    if (summaries[i].trade_count > 0)
      summaries[i].win_rate = static_cast<double>(wins[i]) / static_cast<double>(summaries[i].trade_count);
  }
  return summaries;
}

std::vector<MonthlyReturn> MonthlyReturns(std::span<const int64_t> times, std::span<const double> equity,
                                          double capital) {
  std::vector<MonthlyReturn> months;
  double base = capital;
  const auto month_of = [&](size_t i) {
    return absl::ToCivilMonth(absl::FromUnixNanos(times[i]), absl::UTCTimeZone());
  };
  for (size_t i = 0; i < times.size(); ++i) {
    const absl::CivilMonth month = month_of(i);
    if (i + 1 < times.size() && month_of(i + 1) == month) continue;
    months.push_back(
        {.year = static_cast<int>(month.year()), .month = month.month(), .value = base > 0 ? equity[i] / base - 1 : 0});
    base = equity[i];
  }
  return months;
}

}  // namespace breadthflow::backtest::report
