#include "services/signal/store/signal_store.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/jobs/store.h"
#include "common/quant/signal.h"

namespace breadthflow::signal {
namespace {

using postgres::IntArray;
using postgres::TextArray;

// $6 .. $8: name, kind ('t' text, 'v' anything else) and text of each parameter.
constexpr char kInsertRun[] = R"sql(
INSERT INTO signal_run (id, snapshot, symbols, strategy, strategy_version, params, model, range_start_ns, range_end_ns)
SELECT $1, $2, $3::text[], $4, $5,
  (SELECT coalesce(jsonb_object_agg(name, CASE kind WHEN 't' THEN to_jsonb(value) ELSE value::jsonb END), '{}')
   FROM unnest($6::text[], $7::text[], $8::text[]) AS p (name, kind, value)),
  $9, $10, $11)sql";

constexpr int kRunColumnCount = 9;
constexpr char kRunColumns[] =
    "r.id, r.snapshot, array_to_string(r.symbols, ','), r.strategy, r.strategy_version, r.model, r.range_start_ns, "
    "r.range_end_ns, r.valid_from";

constexpr char kGetRun[] = "SELECT {}, {} FROM signal_run r JOIN job j ON j.id = r.id WHERE r.id = $1";

constexpr char kListRuns[] = R"sql(
SELECT {}, {} FROM signal_run r JOIN job j ON j.id = r.id
WHERE $1 = '' OR r.id < $1 ORDER BY r.id DESC LIMIT $2)sql";

constexpr char kParams[] = R"sql(
SELECT r.id, p.key, jsonb_typeof(p.value), p.value #>> '{}'
FROM signal_run r, jsonb_each(r.params) AS p WHERE r.id = ANY ($1::text[]))sql";

constexpr char kResults[] = R"sql(
SELECT run_id, symbol, timeframe, signal_count, warm_up_bar_count, long_count, short_count, content_sha256,
  error_code, error_reason, error_message
FROM signal_result WHERE run_id = ANY ($1::text[]) ORDER BY run_id, symbol)sql";

constexpr char kDeleteResults[] = "DELETE FROM signal_result WHERE run_id = $1";

constexpr char kInsertResults[] = R"sql(
INSERT INTO signal_result (run_id, symbol, timeframe, signal_count, warm_up_bar_count, long_count, short_count,
  content_sha256, error_code, error_reason, error_message)
SELECT $1, * FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
  $9::smallint[], $10::text[], $11::text[]))sql";

constexpr char kSetValidFrom[] = "UPDATE signal_run SET valid_from = $2 WHERE id = $1";

component::ParamValue ParamFrom(const std::string& type, const std::string& text) {
  if (type == "boolean") return text == "true";
  if (type != "number") return text;
  int64_t whole = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, whole).ptr == end) return whole;
  double number = 0;
  std::from_chars(text.data(), end, number);
  return number;
}

// A double keeps its point, so that it is read back as one.
std::string JsonOf(const component::ParamValue& value) {
  if (const double* number = std::get_if<double>(&value)) {
    std::string text = fmt::format("{}", *number);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  return component::ToText(value);
}

SignalRun RunFrom(const postgres::Row& row) {
  SignalRun run;
  run.id = row.Text(0);
  run.spec.snapshot = row.Text(1);
  run.spec.symbols = base::SplitList(row.Text(2));
  run.spec.strategy.name = row.Text(3);
  run.strategy_version = row.Text(4);
  run.spec.model = row.Text(5);
  run.spec.range = {row.Int(6), row.Int(7)};
  if (!row.IsNull(8)) run.valid_from = row.Time(8);
  run.job = jobs::JobStore::FromRow(row, kRunColumnCount);
  return run;
}

SymbolResult ResultFrom(const postgres::Row& row) {
  SymbolResult result{.symbol = row.Text(1),
                      .timeframe = static_cast<quant::Timeframe>(row.Int(2)),
                      .signal_count = row.Int(3),
                      .warm_up_bar_count = row.Int(4),
                      .long_count = row.Int(5),
                      .short_count = row.Int(6),
                      .content_sha256 = row.Text(7),
                      .error = {}};
  if (row.Int(8) != 0)
    result.error = base::MakeError(static_cast<absl::StatusCode>(row.Int(8)), row.Text(9), row.Text(10));
  return result;
}

// Adds parameters and results to runs that were read in the same transaction.
absl::Status FillIn(postgres::Transaction& tx, std::vector<SignalRun>& runs) {
  std::vector<std::string> ids;
  std::map<std::string, SignalRun*> by_id;
  for (SignalRun& run : runs) {
    ids.push_back(run.id);
    by_id[run.id] = &run;
  }
  BF_ASSIGN_OR_RETURN(const postgres::Rows params, tx.Query(kParams, {TextArray(ids)}));
  for (const postgres::Row& row : params)
    by_id.at(row.Text(0))->spec.strategy.params[row.Text(1)] = ParamFrom(row.Text(2), row.Text(3));
  BF_ASSIGN_OR_RETURN(const postgres::Rows results, tx.Query(kResults, {TextArray(ids)}));
  for (const postgres::Row& row : results) {
    SignalRun& run = *by_id.at(row.Text(0));
    // Between attempts those of the last one are no results yet.
    if (jobs::IsTerminal(run.job.state)) run.results.push_back(ResultFrom(row));
  }
  return absl::OkStatus();
}

absl::Status InsertResults(postgres::Transaction& tx, const std::string& run_id,
                           const std::vector<SymbolResult>& results) {
  std::vector<std::string> symbols, hashes, reasons, messages;
  std::vector<int64_t> timeframes, counts, warm_ups, longs, shorts, codes;
  for (const SymbolResult& result : results) {
    symbols.push_back(result.symbol);
    timeframes.push_back(static_cast<int64_t>(result.timeframe));
    counts.push_back(result.signal_count);
    warm_ups.push_back(result.warm_up_bar_count);
    longs.push_back(result.long_count);
    shorts.push_back(result.short_count);
    hashes.push_back(result.content_sha256);
    codes.push_back(static_cast<int64_t>(result.error.code()));
    reasons.push_back(result.error.ok() ? std::string() : base::DetailsOf(result.error).reason);
    messages.push_back(jobs::Truncated(base::Message(result.error), jobs::kMaxErrorBytes));
  }
  BF_RETURN_IF_ERROR(tx.Execute(kDeleteResults, {run_id}).status());
  return tx
      .Execute(kInsertResults,
               {run_id, TextArray(symbols), IntArray(timeframes), IntArray(counts), IntArray(warm_ups), IntArray(longs),
                IntArray(shorts), TextArray(hashes), IntArray(codes), TextArray(reasons), TextArray(messages)})
      .status();
}

}  // namespace

std::vector<postgres::Migration> SignalStore::AllMigrations() {
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  for (const auto& more : {columnar::Migrations(), Migrations()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

absl::Status SignalStore::Insert(postgres::Transaction& tx, const SignalRun& run) {
  std::vector<std::string> names, kinds, values;
  for (const auto& [name, value] : run.spec.strategy.params) {
    names.push_back(name);
    kinds.push_back(std::holds_alternative<std::string>(value) ? "t" : "v");
    values.push_back(JsonOf(value));
  }
  return tx
      .Execute(kInsertRun, {run.id, run.spec.snapshot, TextArray(run.spec.symbols), run.spec.strategy.name,
                            run.strategy_version, TextArray(names), TextArray(kinds), TextArray(values), run.spec.model,
                            run.spec.range.start_ns, run.spec.range.end_ns})
      .status();
}

absl::StatusOr<SignalRun> SignalStore::Get(const std::string& id, absl::Time deadline) {
  std::vector<SignalRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        runs.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(fmt::format(kGetRun, kRunColumns, jobs::JobStore::Columns("j")), {id}));
        for (const postgres::Row& row : rows) runs.push_back(RunFrom(row));
        return FillIn(tx, runs);
      },
      {.deadline = deadline, .read_only = true}));
  if (runs.empty()) {
    return base::MakeError(absl::StatusCode::kNotFound, "SIGNAL_RUN_NOT_FOUND",
                           fmt::format("there is no signalRuns/{}", id));
  }
  return std::move(runs[0]);
}

absl::StatusOr<std::vector<SignalRun>> SignalStore::List(const std::string& before, int limit, absl::Time deadline) {
  std::vector<SignalRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        runs.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(fmt::format(kListRuns, kRunColumns, jobs::JobStore::Columns("j")),
                                     {before, static_cast<int64_t>(limit)}));
        for (const postgres::Row& row : rows) runs.push_back(RunFrom(row));
        return FillIn(tx, runs);
      },
      {.deadline = deadline, .read_only = true}));
  return runs;
}

absl::StatusOr<StoredSignals> SignalStore::Write(const quant::Series& signals) { return chunks_.Write(signals); }

absl::Status SignalStore::Complete(postgres::Transaction& tx, const std::string& run_id, absl::Time valid_from,
                                   const std::vector<SymbolResult>& results,
                                   const std::vector<StoredSignals>& signals) {
  std::vector<const StoredSignals*> ordered;
  for (const StoredSignals& written : signals) ordered.push_back(&written);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  for (const StoredSignals* written : ordered) BF_RETURN_IF_ERROR(chunks_.Commit(tx, *written).status());
  BF_RETURN_IF_ERROR(InsertResults(tx, run_id, results));
  const bool always = valid_from == absl::InfinitePast();
  return tx.Execute(kSetValidFrom, {run_id, always ? postgres::Param(nullptr) : postgres::Param(valid_from)}).status();
}

absl::Status SignalStore::RecordFailure(const std::string& run_id, int64_t epoch,
                                        const std::vector<SymbolResult>& results) {
  return database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const jobs::Job job, jobs::JobStore::Get(tx, run_id));
        if (job.epoch != epoch || job.state != jobs::State::kRunning) return jobs::LeaseLost(run_id, epoch);
        return InsertResults(tx, run_id, results);
      },
      {.took_effect = [](postgres::Transaction&) { return false; }});
}

absl::StatusOr<std::optional<columnar::ChunkCursor>> SignalStore::Open(const quant::SeriesKey& key,
                                                                       absl::Time deadline) {
  columnar::ReadOptions options;
  options.deadline = deadline;
  absl::StatusOr<columnar::ChunkCursor> cursor = chunks_.Open(key, options);
  if (absl::IsNotFound(cursor.status())) return std::optional<columnar::ChunkCursor>();
  BF_RETURN_IF_ERROR(cursor.status());
  return std::optional<columnar::ChunkCursor>(*std::move(cursor));
}

quant::SeriesKey SignalStore::KeyOf(const std::string& run_id, const SymbolResult& result) {
  return {.resource = std::string(quant::kSignal),
          .symbol = result.symbol,
          .timeframe = result.timeframe,
          .variant = run_id};
}

}  // namespace breadthflow::signal
