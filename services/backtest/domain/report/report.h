#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/backtest/domain/order.h"
#include "services/backtest/domain/outcome.h"

// What people look at after a run: the model that the RPC answers and that render.h turns into a page. Pure.
namespace breadthflow::backtest::report {

// A fill or a refusal with the name of its symbol (their own `symbol` is not used here).
struct NamedFill {
  std::string symbol;
  Fill fill;
};
struct NamedRefusal {
  std::string symbol;
  Refusal refusal;
};

struct SymbolSummary {
  std::string symbol;
  int64_t trade_count = 0;         // round trips
  std::optional<double> win_rate;  // of them
  double pnl = 0;                  // of round trips and of what is still held, after costs
  double realized_pnl = 0;         // the part of `pnl` from round trips
  double open_pnl = 0;             // the part from what is still held, at the last price
  double costs = 0;                // commissions and slippage of all fills
  double open_quantity = 0;
};

struct MonthlyReturn {
  int year = 0;
  int month = 0;  // 1-12
  double value = 0;
};

// One for each of `symbols`, in their order, also for those that never traded.
std::vector<SymbolSummary> SummariseSymbols(std::span<const std::string> symbols, std::span<const Trade> trades,
                                            std::span<const NamedFill> fills);

// From the last equity of one UTC month to the last of the next; the first month starts from `capital`. 0 after ruin.
std::vector<MonthlyReturn> MonthlyReturns(std::span<const int64_t> times, std::span<const double> equity,
                                          double capital);

struct MetricRow {
  std::string name;  // "max_drawdown"
  std::string unit;
  double value = 0;
  std::string description;
};

// A table of another service: data quality, model scores. Cells are text for people.
struct Section {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

struct LineageRow {
  std::string what;   // "Snapshot"
  std::string value;  // "snapshots/0190..."
};

// Closes of one symbol, for its chart.
struct PriceHistory {
  std::string symbol;
  std::vector<int64_t> times;
  std::vector<double> close;
};

struct Report {
  std::string title;
  std::string subtitle;
  std::vector<std::string> badges;  // what a reader must not miss: "simulated data"
  double capital = 0;
  std::string digest;
  std::vector<MetricRow> metrics;
  std::vector<int64_t> times;  // of the curves, Unix nanoseconds
  std::vector<double> equity, benchmark, drawdown, exposure;
  std::vector<MonthlyReturn> monthly;
  std::vector<SymbolSummary> symbols;
  std::vector<PriceHistory> prices;  // in the order of `symbols`; may be empty
  std::vector<Trade> trades;
  std::vector<NamedFill> fills;
  std::vector<NamedRefusal> refusals;
  std::vector<Section> sections;
  std::vector<LineageRow> lineage;
  std::vector<std::string> notes;  // what the numbers do and do not say
};

}  // namespace breadthflow::backtest::report
