#include "services/data/store/fetch_store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/component/params_json.h"
#include "common/jobs/store.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kInsert = R"sql(
  INSERT INTO fetch_run (id, resource, timeframe, start_time_ns, end_time_ns, symbols, source_name, source_version,
                         source_params, alternatives, preference, refetch, quality_gate)
  VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::jsonb, $10::jsonb, $11, $12, $13))sql";

constexpr std::string_view kColumns =
    "r.id, r.resource, r.timeframe, r.start_time_ns, r.end_time_ns, r.symbols::text, r.source_name, "
    "r.source_version, r.source_params::text, r.create_time, r.alternatives::text, r.preference, r.refetch, "
    "r.quality_gate, ";
constexpr int kJobColumn = 14;

// A run whose symbols changed nothing has made no version of a series: those name the run that made them.
constexpr std::string_view kOldRuns = R"sql(
  SELECT r.id FROM fetch_run r JOIN job j ON j.id = r.id
  WHERE r.create_time < clock_timestamp() - $1 * interval '1 ms'
        AND j.state >= 3 AND j.end_time < clock_timestamp() - $1 * interval '1 ms'
        AND NOT EXISTS (SELECT 1 FROM fetch_result x WHERE x.run_id = r.id AND x.changed_row_count > 0)
        AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.run_id = r.id)
        AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.origin = 'fetchRuns/' || r.id)
        AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.last_origin = 'fetchRuns/' || r.id)
  ORDER BY r.create_time, r.id LIMIT $2 FOR UPDATE OF j SKIP LOCKED)sql";

constexpr std::string_view kDropResults = "DELETE FROM fetch_result WHERE run_id = ANY($1::text[])";
constexpr std::string_view kDropRuns = "DELETE FROM fetch_run WHERE id = ANY($1::text[])";
constexpr std::string_view kDropJobs = "DELETE FROM job WHERE id = ANY($1::text[])";

using nlohmann::json;

json ToJson(const std::vector<component::ComponentRef>& sources) {
  json out = json::array();
  for (const component::ComponentRef& source : sources) {
    // As text: component::ToJson keeps what nlohmann and PostgreSQL would spell otherwise.
    out.push_back({{"name", source.name}, {"params", component::ToJson(source.params)}});
  }
  return out;
}

absl::Status BadRun(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_FETCH_RUN", what);
}

absl::StatusOr<FetchRun> FromRow(const postgres::Row& row) {
  FetchRun run;
  run.id = row.Text(0);
  run.spec.resource = row.Text(1);
  run.spec.timeframe = static_cast<quant::Timeframe>(row.Int(2));
  run.spec.range = {row.Int(3), row.Int(4)};
  const json symbols = json::parse(row.Text(5), nullptr, false);
  if (!symbols.is_array()) return BadRun("symbols are no list");
  for (const json& symbol : symbols) run.spec.symbols.push_back(symbol.get<std::string>());
  run.spec.source.name = row.Text(6);
  run.source_version = row.Text(7);
  BF_ASSIGN_OR_RETURN(run.spec.source.params, component::ParamsFromJson(row.Text(8)));
  run.create_time = row.Time(9);
  const json alternatives = json::parse(row.Text(10), nullptr, false);
  if (!alternatives.is_array()) return BadRun("alternatives are no list");
  for (const json& one : alternatives) {
    BF_ASSIGN_OR_RETURN(component::RawParams params, component::ParamsFromJson(one.value("params", "{}")));
    run.spec.alternatives.push_back({one.value("name", ""), std::move(params)});
  }
  run.spec.preference = static_cast<Preference>(row.Int(11));
  run.spec.refetch = row.Bool(12);
  run.spec.gate = static_cast<QualityGate>(row.Int(13));
  run.job = jobs::JobStore::FromRow(row, kJobColumn);
  return run;
}

}  // namespace

absl::Status FetchStore::Insert(postgres::Transaction& tx, const std::string& id, const FetchSpec& spec,
                                const std::string& source_version) {
  return tx
      .Execute(kInsert, {id, spec.resource, static_cast<int64_t>(spec.timeframe), spec.range.start_ns,
                         spec.range.end_ns, json(spec.symbols).dump(), spec.source.name, source_version,
                         component::ToJson(spec.source.params), ToJson(spec.alternatives).dump(),
                         static_cast<int64_t>(spec.preference), spec.refetch, static_cast<int64_t>(spec.gate)})
      .status();
}

absl::StatusOr<FetchRun> FetchStore::Get(const std::string& id, absl::Time deadline) {
  FetchRun run;
  const std::string sql = fmt::format("SELECT {}{} FROM fetch_run r JOIN job j ON j.id = r.id WHERE r.id = $1",
                                      kColumns, jobs::JobStore::Columns("j"));
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, {id}));
        if (rows.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "FETCH_RUN_NOT_FOUND",
                                 fmt::format("fetchRuns/{} does not exist", id));
        }
        BF_ASSIGN_OR_RETURN(run, FromRow(rows[0]));
        return jobs::IsTerminal(run.job.state) ? ReadResults(tx, id, run.results) : absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return run;
}

absl::StatusOr<std::vector<FetchRun>> FetchStore::List(const std::optional<ListPosition>& after, int limit,
                                                       absl::Time deadline) {
  std::vector<FetchRun> runs;
  const std::string sql = fmt::format(
      "SELECT {}{} FROM fetch_run r JOIN job j ON j.id = r.id WHERE (r.create_time, r.id) < ($1, $2) "
      "ORDER BY r.create_time DESC, r.id DESC LIMIT $3",
      kColumns, jobs::JobStore::Columns("j"));
  const ListPosition from = after.value_or(ListPosition{absl::InfiniteFuture(), ""});
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        runs.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, {from.create_time, from.id, int64_t{limit}}));
        for (const postgres::Row row : rows) {
          BF_ASSIGN_OR_RETURN(FetchRun run, FromRow(row));
          runs.push_back(std::move(run));
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return runs;
}

absl::StatusOr<int64_t> FetchStore::Prune(absl::Duration min_age, int limit) {
  int64_t pruned = 0;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(kOldRuns, {absl::ToInt64Milliseconds(min_age), int64_t{limit}}));
        std::vector<std::string> ids;
        for (const postgres::Row row : rows) ids.push_back(row.Text(0));
        pruned = static_cast<int64_t>(ids.size());
        if (ids.empty()) return absl::OkStatus();
        for (const std::string_view sql : {kDropResults, kDropRuns, kDropJobs}) {
          BF_RETURN_IF_ERROR(tx.Execute(sql, {postgres::TextArray(ids)}).status());
        }
        return absl::OkStatus();
      },
      {.statement_timeout = absl::Seconds(30)}));
  return pruned;
}

}  // namespace breadthflow::data
