#include "services/backtest/store/result_rows.h"

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::backtest {
namespace {

using postgres::IntArray;
using postgres::TextArray;

constexpr char kInsertMetrics[] = R"sql(
INSERT INTO backtest_metric (run_id, position, name, unit, value)
SELECT $1, * FROM unnest($2::integer[], $3::text[], $4::text[], $5::double precision[]))sql";

constexpr char kInsertFills[] = R"sql(
INSERT INTO backtest_fill (run_id, sequence, order_sequence, symbol, reason, quantity, reference_price, price, slippage,
  fee, decided_ns, time_ns)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::smallint[], $6::double precision[],
  $7::double precision[], $8::double precision[], $9::double precision[], $10::double precision[], $11::bigint[],
  $12::bigint[]))sql";

constexpr char kSelectFills[] = R"sql(
SELECT symbol, sequence, order_sequence, reason, quantity, reference_price, price, slippage, fee, decided_ns, time_ns
FROM backtest_fill WHERE run_id = $1 ORDER BY sequence)sql";

constexpr char kInsertTrades[] = R"sql(
INSERT INTO backtest_trade (run_id, sequence, symbol, is_open, exit_reason, quantity, entry_price, exit_price, fee, pnl,
  entry_ns, exit_ns, bar_count)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::boolean[], $5::smallint[], $6::double precision[],
  $7::double precision[], $8::double precision[], $9::double precision[], $10::double precision[], $11::bigint[],
  $12::bigint[], $13::bigint[]))sql";

constexpr char kSelectTrades[] = R"sql(
SELECT sequence, symbol, is_open, exit_reason, quantity, entry_price, exit_price, fee, pnl, entry_ns, exit_ns, bar_count
FROM backtest_trade WHERE run_id = $1 AND ($2 = '' OR symbol = $2) AND sequence > $3 ORDER BY sequence LIMIT $4)sql";

constexpr char kInsertRefusals[] = R"sql(
INSERT INTO backtest_refusal (run_id, sequence, order_sequence, symbol, rule, requested, allowed, limit_value,
  value_before, requested_value, time_ns)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::smallint[], $6::double precision[],
  $7::double precision[], $8::double precision[], $9::double precision[], $10::double precision[], $11::bigint[]))sql";

constexpr char kSelectRefusals[] = R"sql(
SELECT symbol, order_sequence, rule, requested, allowed, limit_value, value_before, requested_value, time_ns
FROM backtest_refusal WHERE run_id = $1 ORDER BY sequence LIMIT $2)sql";

// A column of doubles as text: the shortest form that reads back as the same bits.
class DoubleArray {
 public:
  void Add(double value) { values_.push_back(fmt::format("{}", value)); }
  std::string Text() const { return TextArray(values_); }

 private:
  std::vector<std::string> values_;
};

}  // namespace

absl::Status InsertMetrics(postgres::Transaction& tx, const std::string& run_id,
                           const std::vector<StoredMetric>& metrics) {
  std::vector<int64_t> positions;
  std::vector<std::string> names, units;
  DoubleArray values;
  for (const StoredMetric& metric : metrics) {
    positions.push_back(static_cast<int64_t>(positions.size()));
    names.push_back(metric.name);
    units.push_back(metric.unit);
    values.Add(metric.value);
  }
  return tx.Execute(kInsertMetrics, {run_id, IntArray(positions), TextArray(names), TextArray(units), values.Text()})
      .status();
}

absl::Status InsertFills(postgres::Transaction& tx, const std::string& run_id, const SimulationResult& result) {
  std::vector<int64_t> sequences, orders, reasons, decided, times;
  std::vector<std::string> symbols;
  DoubleArray quantities, references, prices, slippages, fees;
  for (const Fill& fill : result.fills) {
    sequences.push_back(fill.sequence);
    orders.push_back(fill.order_sequence);
    symbols.push_back(result.symbols[static_cast<size_t>(fill.symbol)]);
    reasons.push_back(static_cast<int64_t>(fill.reason));
    quantities.Add(fill.quantity);
    references.Add(fill.reference_price);
    prices.Add(fill.price);
    slippages.Add(fill.slippage);
    fees.Add(fill.fee);
    decided.push_back(fill.decided_ns);
    times.push_back(fill.time_ns);
  }
  return tx
      .Execute(kInsertFills,
               {run_id, IntArray(sequences), IntArray(orders), TextArray(symbols), IntArray(reasons), quantities.Text(),
                references.Text(), prices.Text(), slippages.Text(), fees.Text(), IntArray(decided), IntArray(times)})
      .status();
}

absl::StatusOr<std::vector<report::NamedFill>> SelectFills(postgres::Transaction& tx, const std::string& run_id) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kSelectFills, {run_id}));
  std::vector<report::NamedFill> fills;
  for (const postgres::Row& row : rows) {
    fills.push_back({.symbol = row.Text(0),
                     .fill = {.sequence = row.Int(1),
                              .order_sequence = row.Int(2),
                              .reason = static_cast<OrderReason>(row.Int(3)),
                              .quantity = row.Double(4),
                              .reference_price = row.Double(5),
                              .price = row.Double(6),
                              .slippage = row.Double(7),
                              .fee = row.Double(8),
                              .decided_ns = row.Int(9),
                              .time_ns = row.Int(10)}});
  }
  return fills;
}

absl::Status InsertTrades(postgres::Transaction& tx, const std::string& run_id, const std::vector<Trade>& trades) {
  std::vector<int64_t> sequences, reasons, entries, exits, bars;
  std::vector<std::string> symbols, open;
  DoubleArray quantities, entry_prices, exit_prices, fees, pnls;
  for (const Trade& trade : trades) {
    sequences.push_back(trade.sequence);
    symbols.push_back(trade.symbol);
    open.push_back(trade.open ? "t" : "f");
    reasons.push_back(trade.open ? 0 : static_cast<int64_t>(trade.exit_reason));
    quantities.Add(trade.quantity);
    entry_prices.Add(trade.entry_price);
    exit_prices.Add(trade.exit_price);
    fees.Add(trade.fee);
    pnls.Add(trade.pnl);
    entries.push_back(trade.entry_ns);
    exits.push_back(trade.exit_ns);
    bars.push_back(trade.bars);
  }
  return tx
      .Execute(kInsertTrades, {run_id, IntArray(sequences), TextArray(symbols), TextArray(open), IntArray(reasons),
                               quantities.Text(), entry_prices.Text(), exit_prices.Text(), fees.Text(), pnls.Text(),
                               IntArray(entries), IntArray(exits), IntArray(bars)})
      .status();
}

absl::StatusOr<std::vector<Trade>> SelectTrades(postgres::Transaction& tx, const std::string& run_id,
                                                const std::string& symbol, int64_t after, int64_t limit) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kSelectTrades, {run_id, symbol, after, limit}));
  std::vector<Trade> trades;
  for (const postgres::Row& row : rows) {
    const bool open = row.Bool(2);
    trades.push_back({.sequence = row.Int(0),
                      .symbol = row.Text(1),
                      .open = open,
                      .exit_reason = open ? OrderReason::kSignal : static_cast<OrderReason>(row.Int(3)),
                      .quantity = row.Double(4),
                      .entry_price = row.Double(5),
                      .exit_price = row.Double(6),
                      .fee = row.Double(7),
                      .pnl = row.Double(8),
                      .entry_ns = row.Int(9),
                      .exit_ns = row.Int(10),
                      .bars = row.Int(11)});
  }
  return trades;
}

absl::Status InsertRefusals(postgres::Transaction& tx, const std::string& run_id, const SimulationResult& result) {
  std::vector<int64_t> sequences, orders, rules, times;
  std::vector<std::string> symbols;
  DoubleArray requested, allowed, limits, before, values;
  for (const Refusal& refusal : result.refusals) {
    sequences.push_back(static_cast<int64_t>(sequences.size()));
    orders.push_back(refusal.order_sequence);
    symbols.push_back(result.symbols[static_cast<size_t>(refusal.symbol)]);
    rules.push_back(static_cast<int64_t>(refusal.rule));
    requested.Add(refusal.requested);
    allowed.Add(refusal.allowed);
    limits.Add(refusal.limit);
    before.Add(refusal.before);
    values.Add(refusal.requested_value);
    times.push_back(refusal.time_ns);
  }
  return tx
      .Execute(kInsertRefusals,
               {run_id, IntArray(sequences), IntArray(orders), TextArray(symbols), IntArray(rules), requested.Text(),
                allowed.Text(), limits.Text(), before.Text(), values.Text(), IntArray(times)})
      .status();
}

absl::StatusOr<std::vector<report::NamedRefusal>> SelectRefusals(postgres::Transaction& tx, const std::string& run_id,
                                                                 int limit) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kSelectRefusals, {run_id, static_cast<int64_t>(limit)}));
  std::vector<report::NamedRefusal> refusals;
  for (const postgres::Row& row : rows) {
    refusals.push_back({.symbol = row.Text(0),
                        .refusal = {.time_ns = row.Int(8),
                                    .order_sequence = row.Int(1),
                                    .rule = static_cast<RefusalRule>(row.Int(2)),
                                    .requested = row.Double(3),
                                    .allowed = row.Double(4),
                                    .limit = row.Double(5),
                                    .before = row.Double(6),
                                    .requested_value = row.Double(7)}});
  }
  return refusals;
}

}  // namespace breadthflow::backtest
