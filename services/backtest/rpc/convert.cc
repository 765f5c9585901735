#include "services/backtest/rpc/convert.h"

#include <string>

#include <fmt/format.h>

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"

namespace breadthflow::backtest {
namespace {

constexpr int kMaxRefusals = 1000;
constexpr int kMaxSectionRows = 10'000;

v1::BacktestSpec ToProto(const BacktestSpec& spec) {
  v1::BacktestSpec proto;
  proto.set_snapshot(spec.snapshot);
  proto.set_signal_run(spec.signal_run);
  for (const std::string& symbol : spec.symbols) proto.add_symbols(symbol);
  if (spec.range != quant::TimeRange()) *proto.mutable_range() = rpc::ToProto(spec.range);
  proto.set_initial_cash(spec.initial_cash);
  *proto.mutable_engine() = rpc::ToProto(spec.engine);
  *proto.mutable_risk() = rpc::ToProto(spec.risk);
  *proto.mutable_sizer() = rpc::ToProto(spec.sizer);
  proto.set_risk_free_rate(spec.risk_free_rate);
  return proto;
}

component::ComponentRef RefFrom(const common::v1::ComponentRef& proto, std::string_view field,
                                base::Violations& violations) {
  component::ComponentRef ref{.name = proto.name(), .params = {}};
  for (const auto& [name, value] : proto.params())
    ref.params[name] = rpc::FromProto(value, fmt::format("{}.params.{}", field, name), violations);
  return ref;
}

google::protobuf::Timestamp TimeOf(int64_t nanos) { return rpc::ToProto(quant::FromNanos(nanos)); }

v1::Refusal ToProto(const report::NamedRefusal& named) {
  const Refusal& refusal = named.refusal;
  v1::Refusal proto;
  *proto.mutable_time() = TimeOf(refusal.time_ns);
  proto.set_symbol(named.symbol);
  proto.set_limit(std::string(ToText(refusal.rule)));
  proto.set_limit_value(refusal.limit);
  proto.set_requested_value(refusal.requested_value);
  proto.set_quantity(refusal.requested - refusal.allowed);
  return proto;
}

}  // namespace

BacktestSpec FromProto(const v1::BacktestSpec& proto, base::Violations& violations) {
  BacktestSpec spec;
  spec.snapshot = proto.snapshot();
  spec.signal_run = proto.signal_run();
  spec.symbols.assign(proto.symbols().begin(), proto.symbols().end());
  if (proto.has_range()) {
    base::Violations range;
    spec.range = rpc::FromProto(proto.range(), /*required=*/false, "spec.range", range);
    // Said once is enough: a range that could not be read counts as everything.
    if (!range.empty()) spec.range = {};
    violations.Merge("", range.ToStatus("range"));
  }
  if (proto.initial_cash() != 0) spec.initial_cash = proto.initial_cash();
  if (proto.has_engine()) spec.engine = RefFrom(proto.engine(), "spec.engine", violations);
  if (proto.has_risk()) spec.risk = RefFrom(proto.risk(), "spec.risk", violations);
  if (proto.has_sizer()) spec.sizer = RefFrom(proto.sizer(), "spec.sizer", violations);
  spec.risk_free_rate = proto.risk_free_rate();
  return spec;
}

report::Section FromProto(const v1::ReportSection& proto, std::string_view field, base::Violations& violations) {
  report::Section section{.title = proto.title(), .columns = {}, .rows = {}};
  section.columns.assign(proto.columns().begin(), proto.columns().end());
  if (section.title.empty()) violations.Add(fmt::format("{}.title", field), "is required");
  if (proto.rows_size() > kMaxSectionRows)
    violations.Add(fmt::format("{}.rows", field),
                   fmt::format("must be at most {}, were {}", kMaxSectionRows, proto.rows_size()));
  for (int i = 0; i < proto.rows_size(); ++i) {
    const auto& cells = proto.rows(i).cells();
    if (cells.size() != proto.columns_size()) {
      violations.Add(fmt::format("{}.rows[{}]", field, i),
                     fmt::format("must have {} cells, has {}", proto.columns_size(), cells.size()));
    }
    section.rows.emplace_back(cells.begin(), cells.end());
  }
  return section;
}

v1::BacktestRun ToProto(const BacktestRun& run) {
  v1::BacktestRun proto;
  proto.set_name(fmt::format("{}/{}", kCollection, run.id));
  *proto.mutable_spec() = ToProto(run.spec);
  *proto.mutable_job() = rpc::ToProto(run.job);
  for (const StoredMetric& metric : run.metrics) {
    v1::Metric* added = proto.add_metrics();
    added->set_name(metric.name);
    added->set_value(metric.value);
    added->set_unit(metric.unit);
    const auto entry = Metrics().Find(metric.name);
    if (entry.ok()) added->set_description((*entry)->info.description);
  }
  proto.set_digest(run.digest);
  proto.set_trade_count(run.trade_count);
  proto.set_fill_count(run.fill_count);
  proto.set_refusal_count(run.refusal_count);
  proto.set_code_version(run.code_version);
  return proto;
}

v1::Trade ToProto(const Trade& trade) {
  v1::Trade proto;
  proto.set_sequence(trade.sequence);
  proto.set_symbol(trade.symbol);
  *proto.mutable_entry_time() = TimeOf(trade.entry_ns);
  *proto.mutable_exit_time() = TimeOf(trade.exit_ns);
  proto.set_quantity(trade.quantity);
  proto.set_entry_price(trade.entry_price);
  proto.set_exit_price(trade.exit_price);
  proto.set_pnl(trade.pnl);
  proto.set_return_fraction(trade.Return());
  proto.set_commission(trade.fee);
  proto.set_open(trade.open);
  if (!trade.open) proto.set_exit_reason(std::string(ToText(trade.exit_reason)));
  proto.set_bar_count(static_cast<int32_t>(trade.bars));
  return proto;
}

v1::Report ToProto(const BacktestRun& run, const report::Report& report) {
  v1::Report proto;
  proto.set_name(fmt::format("{}/{}/report", kCollection, run.id));
  *proto.mutable_run() = ToProto(run);
  for (const report::SymbolSummary& summary : report.symbols) {
    v1::SymbolSummary* added = proto.add_symbols();
    added->set_symbol(summary.symbol);
    added->set_trade_count(summary.trade_count);
    if (summary.win_rate) added->set_win_rate(*summary.win_rate);
    added->set_pnl(summary.pnl);
    added->set_costs(summary.costs);
    added->set_open_quantity(summary.open_quantity);
    added->set_realized_pnl(summary.realized_pnl);
    added->set_open_pnl(summary.open_pnl);
  }
  for (const report::MonthlyReturn& month : report.monthly) {
    v1::MonthlyReturn* added = proto.add_monthly_returns();
    added->set_year(month.year);
    added->set_month(month.month);
    added->set_return_fraction(month.value);
  }
  for (const report::NamedRefusal& refusal : report.refusals) {
    if (proto.refusals_size() == kMaxRefusals) break;
    *proto.add_refusals() = ToProto(refusal);
  }
  return proto;
}

}  // namespace breadthflow::backtest
