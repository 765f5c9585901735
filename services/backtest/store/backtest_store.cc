#include "services/backtest/store/backtest_store.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/component/params_json.h"
#include "common/jobs/store.h"
#include "services/backtest/store/result_rows.h"

namespace breadthflow::backtest {
namespace {

using postgres::TextArray;

constexpr char kInsertRun[] = R"sql(
INSERT INTO backtest_run (id, snapshot, signal_run, symbols, range_start_ns, range_end_ns, initial_cash, risk_free_rate,
  engine, engine_params, risk, risk_params, sizer, sizer_params, code_version)
VALUES ($1, $2, $3, $4::text[], $5, $6, $7, $8, $9, $10::jsonb, $11, $12::jsonb, $13, $14::jsonb, $15))sql";

constexpr int kRunColumnCount = 22;
constexpr char kRunColumns[] =
    "r.id, r.snapshot, r.signal_run, array_to_string(r.symbols, ','), r.range_start_ns, r.range_end_ns, "
    "r.initial_cash, r.risk_free_rate, r.engine, r.engine_params::text, r.risk, r.risk_params::text, r.sizer, "
    "r.sizer_params::text, r.code_version, array_to_string(r.simulated, ','), r.timeframe, r.price_basis, r.digest, "
    "r.trade_count, r.fill_count, r.refusal_count";

constexpr char kGetRun[] = "SELECT {}, {} FROM backtest_run r JOIN job j ON j.id = r.id WHERE r.id = $1";

constexpr char kListRuns[] = R"sql(
SELECT {}, {} FROM backtest_run r JOIN job j ON j.id = r.id
WHERE $1 = '' OR r.id < $1 ORDER BY r.id DESC LIMIT $2)sql";

constexpr char kMetrics[] = R"sql(
SELECT run_id, name, unit, value FROM backtest_metric WHERE run_id = ANY ($1::text[]) ORDER BY run_id, position)sql";

constexpr char kSetResult[] = R"sql(
UPDATE backtest_run SET simulated = $2::text[], timeframe = $3, price_basis = $4, digest = $5, trade_count = $6,
  fill_count = $7, refusal_count = $8
WHERE id = $1)sql";

absl::StatusOr<component::ComponentRef> ComponentFrom(const postgres::Row& row, int column) {
  component::ComponentRef ref{.name = row.Text(column), .params = {}};
  BF_ASSIGN_OR_RETURN(ref.params, component::ParamsFromJson(row.Text(column + 1)));
  return ref;
}

absl::StatusOr<BacktestRun> RunFrom(const postgres::Row& row) {
  BacktestRun run;
  run.id = row.Text(0);
  run.spec.snapshot = row.Text(1);
  run.spec.signal_run = row.Text(2);
  run.spec.symbols = base::SplitList(row.Text(3));
  run.spec.range = {row.Int(4), row.Int(5)};
  run.spec.initial_cash = row.Double(6);
  run.spec.risk_free_rate = row.Double(7);
  BF_ASSIGN_OR_RETURN(run.spec.engine, ComponentFrom(row, 8));
  BF_ASSIGN_OR_RETURN(run.spec.risk, ComponentFrom(row, 10));
  BF_ASSIGN_OR_RETURN(run.spec.sizer, ComponentFrom(row, 12));
  run.code_version = row.Text(14);
  if (!row.IsNull(18)) {
    run.symbols = base::SplitList(row.Text(15));
    run.timeframe = static_cast<quant::Timeframe>(row.Int(16));
    run.basis = static_cast<quant::PriceBasis>(row.Int(17));
    run.digest = row.Text(18);
    run.trade_count = row.Int(19);
    run.fill_count = row.Int(20);
    run.refusal_count = row.Int(21);
  }
  run.job = jobs::JobStore::FromRow(row, kRunColumnCount);
  return run;
}

// The runs that `sql` selects, with their metrics.
absl::Status Select(postgres::Transaction& tx, std::string_view sql, std::vector<postgres::Param> params,
                    std::vector<BacktestRun>& runs) {
  runs.clear();
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, std::move(params)));
  std::vector<std::string> ids;
  for (const postgres::Row& row : rows) {
    BF_ASSIGN_OR_RETURN(BacktestRun run, RunFrom(row));
    ids.push_back(run.id);
    runs.push_back(std::move(run));
  }
  std::map<std::string, BacktestRun*> by_id;
  for (BacktestRun& run : runs) by_id[run.id] = &run;
  BF_ASSIGN_OR_RETURN(const postgres::Rows metrics, tx.Query(kMetrics, {TextArray(ids)}));
  for (const postgres::Row& row : metrics)
    by_id.at(row.Text(0))->metrics.push_back({row.Text(1), row.Text(2), row.Double(3)});
  return absl::OkStatus();
}

}  // namespace

std::vector<postgres::Migration> BacktestStore::AllMigrations() {
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  for (const auto& more : {columnar::Migrations(), Migrations()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

absl::Status BacktestStore::Insert(postgres::Transaction& tx, const BacktestRun& run) {
  const BacktestSpec& spec = run.spec;
  return tx
      .Execute(kInsertRun, {run.id, spec.snapshot, spec.signal_run, TextArray(spec.symbols), spec.range.start_ns,
                            spec.range.end_ns, spec.initial_cash, spec.risk_free_rate, spec.engine.name,
                            component::ToJson(spec.engine.params), spec.risk.name, component::ToJson(spec.risk.params),
                            spec.sizer.name, component::ToJson(spec.sizer.params), run.code_version})
      .status();
}

absl::StatusOr<BacktestRun> BacktestStore::Get(const std::string& id, absl::Time deadline) {
  std::vector<BacktestRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) {
        return Select(tx, fmt::format(kGetRun, kRunColumns, jobs::JobStore::Columns("j")), {id}, runs);
      },
      {.deadline = deadline, .read_only = true}));
  if (runs.empty()) {
    return base::MakeError(absl::StatusCode::kNotFound, "BACKTEST_RUN_NOT_FOUND",
                           fmt::format("there is no {}/{}", kCollection, id));
  }
  return std::move(runs[0]);
}

absl::StatusOr<std::vector<BacktestRun>> BacktestStore::List(const std::string& before, int limit,
                                                             absl::Time deadline) {
  std::vector<BacktestRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) {
        return Select(tx, fmt::format(kListRuns, kRunColumns, jobs::JobStore::Columns("j")),
                      {before, static_cast<int64_t>(limit)}, runs);
      },
      {.deadline = deadline, .read_only = true}));
  return runs;
}

absl::Status BacktestStore::Complete(postgres::Transaction& tx, const std::string& run_id, const Outcome& outcome,
                                     const columnar::WrittenSeries& curve) {
  BF_RETURN_IF_ERROR(chunks_.Commit(tx, curve).status());
  const SimulationResult& result = outcome.result;
  BF_RETURN_IF_ERROR(
      tx.Execute(kSetResult,
                 {run_id, TextArray(result.symbols), static_cast<int64_t>(outcome.timeframe),
                  static_cast<int64_t>(outcome.basis), outcome.digest, static_cast<int64_t>(result.round_trips.size()),
                  static_cast<int64_t>(result.fills.size()), static_cast<int64_t>(result.refusals.size())})
          .status());
  BF_RETURN_IF_ERROR(InsertMetrics(tx, run_id, outcome.metrics));
  BF_RETURN_IF_ERROR(InsertFills(tx, run_id, result));
  BF_RETURN_IF_ERROR(InsertTrades(tx, run_id, TradesOf(result)));
  return InsertRefusals(tx, run_id, result);
}

absl::StatusOr<std::vector<Trade>> BacktestStore::Trades(const std::string& run_id, const TradeQuery& query,
                                                         absl::Time deadline) {
  std::vector<Trade> trades;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(trades, SelectTrades(tx, run_id, query.symbol, query.after, query.limit));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return trades;
}

absl::StatusOr<std::vector<report::NamedFill>> BacktestStore::Fills(const std::string& run_id, absl::Time deadline) {
  std::vector<report::NamedFill> fills;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(fills, SelectFills(tx, run_id));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return fills;
}

absl::StatusOr<std::vector<report::NamedRefusal>> BacktestStore::Refusals(const std::string& run_id, int limit,
                                                                          absl::Time deadline) {
  std::vector<report::NamedRefusal> refusals;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(refusals, SelectRefusals(tx, run_id, limit));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return refusals;
}

absl::StatusOr<quant::Series> BacktestStore::ReadCurve(const BacktestRun& run, absl::Time deadline) {
  columnar::ReadOptions options;
  options.deadline = deadline;
  return chunks_.Read(CurveKey(run.id, run.timeframe), options);
}

absl::StatusOr<columnar::ChunkCursor> BacktestStore::OpenCurve(const BacktestRun& run, absl::Time deadline) {
  columnar::ReadOptions options;
  options.deadline = deadline;
  return chunks_.Open(CurveKey(run.id, run.timeframe), options);
}

}  // namespace breadthflow::backtest
