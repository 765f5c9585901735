#include "services/data/store/coverage_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/store.h"

namespace breadthflow::data {
namespace {

using postgres::IntArray;
using postgres::TextArray;

constexpr std::string_view kColumns =
    "s.resource, s.symbol, s.timeframe, s.source, c.start_time_ns, c.end_time_ns, c.outcome, c.row_count, "
    "c.error_code, "
    "c.error_reason, c.error_message, c.retryable, c.run_id, c.fetch_time, c.body_sha256, c.basis, c.parameters, s.id ";

constexpr std::string_view kFind = R"sql(
  FROM coverage c JOIN coverage_series s ON s.id = c.series_id
  WHERE s.resource = $1 AND s.symbol = ANY($2::text[]) AND s.timeframe = $3
  ORDER BY s.symbol, s.source, c.start_time_ns)sql";

constexpr std::string_view kMakeSeries = R"sql(
  INSERT INTO coverage_series (resource, symbol, timeframe, source)
  SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) ORDER BY 1, 2, 3, 4
  ON CONFLICT DO NOTHING)sql";

constexpr std::string_view kLockSeries = R"sql(
  SELECT s.id, w.n
  FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) WITH ORDINALITY AS w (resource, symbol, timeframe, source, n)
       JOIN coverage_series s USING (resource, symbol, timeframe, source)
  ORDER BY s.resource, s.symbol, s.timeframe, s.source FOR UPDATE OF s)sql";

// What overlaps the hull of the new entries of each series, gone and given back.
constexpr std::string_view kTake = R"sql(
  WITH c AS (
    DELETE FROM coverage c
    USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (id, start_ns, end_ns)
    WHERE c.series_id = w.id AND c.start_time_ns < w.end_ns AND c.end_time_ns > w.start_ns
    RETURNING c.*)
  SELECT )sql";

constexpr std::string_view kInsert = R"sql(
  INSERT INTO coverage (series_id, start_time_ns, end_time_ns, outcome, row_count, error_code, error_reason,
                        error_message, retryable, run_id, fetch_time, body_sha256, basis, parameters)
  SELECT id, start_ns, end_ns, outcome, nullif(row_count, -1), error_code, error_reason, error_message, retryable, run_id,
         to_timestamp(0) + fetch_us * interval '1 microsecond', body_sha256, basis, parameters
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::int[], $7::text[], $8::text[],
              $9::boolean[], $10::text[], $11::bigint[], $12::text[], $13::smallint[], $14::text[])
       AS n (id, start_ns, end_ns, outcome, row_count, error_code, error_reason, error_message, retryable, run_id,
             fetch_us, body_sha256, basis, parameters))sql";

constexpr std::string_view kFindAnswers = R"sql(
  SELECT s.symbol, s.source, e.start_time_ns, e.end_time_ns, e.known_at
  FROM coverage_answer e JOIN coverage_series s ON s.id = e.series_id
  WHERE s.resource = $1 AND s.symbol = ANY($2::text[]) AND s.timeframe = $3 AND e.known_at <= $4
  ORDER BY s.symbol, s.source, e.start_time_ns)sql";

// What is known already adds nothing. By the database's clock, while the series is locked.
constexpr std::string_view kInsertAnswers = R"sql(
  INSERT INTO coverage_answer (series_id, known_at, start_time_ns, end_time_ns)
  SELECT n.id, clock_timestamp(), n.start_ns, n.end_ns
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, start_ns, end_ns)
  WHERE NOT EXISTS (SELECT 1 FROM coverage_answer e WHERE e.series_id = n.id AND e.start_time_ns <= n.start_ns
                                                     AND e.end_time_ns >= n.end_ns))sql";

// Codes that say something about the source and not about the question: base::IsTransient.
constexpr std::string_view kCountFailures = R"sql(
  SELECT source, count(*) FROM fetch_attempt
  WHERE attempt_time > $1 AND error_code <> 0 AND error_code NOT IN (3, 5, 6, 7, 9, 11, 12, 15, 16)
  GROUP BY source)sql";

Coverage FromRow(const postgres::Row& row) {
  Coverage one{.key = {row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)},
               .range = {row.Int(4), row.Int(5)},
               .outcome = static_cast<Outcome>(row.Int(6)),
               .rows = std::nullopt,
               .error = absl::OkStatus(),
               .retryable = row.Bool(11),
               .run = row.Text(12),
               .fetch_time = row.Time(13),
               .body_sha256 = row.Text(14),
               .basis = static_cast<quant::PriceBasis>(row.Int(15)),
               .parameters = row.Text(16)};
  if (!row.IsNull(7)) one.rows = row.Int(7);
  if (one.outcome == Outcome::kFailed) {
    one.error = base::MakeError(static_cast<absl::StatusCode>(row.Int(8)), row.Text(10),
                                base::ErrorDetails{.reason = row.Text(9)});
  }
  return one;
}

absl::Status Insert(postgres::Transaction& tx, const std::vector<std::pair<int64_t, Coverage>>& entries) {
  std::vector<int64_t> ids, starts, ends, outcomes, rows, codes, times, bases;
  std::vector<std::string> reasons, messages, retryable, runs, hashes, parameters;
  for (const auto& [id, one] : entries) {
    ids.push_back(id);
    starts.push_back(one.range.start_ns);
    ends.push_back(one.range.end_ns);
    outcomes.push_back(static_cast<int64_t>(one.outcome));
    rows.push_back(one.rows.value_or(-1));
    codes.push_back(static_cast<int64_t>(one.error.code()));
    reasons.push_back(one.error.ok() ? "" : base::DetailsOf(one.error).reason);
    messages.push_back(jobs::Truncated(base::Message(one.error), jobs::kMaxErrorBytes));
    retryable.emplace_back(one.retryable ? "t" : "f");
    runs.push_back(one.run);
    times.push_back(absl::ToUnixMicros(one.fetch_time));
    hashes.push_back(one.body_sha256);
    bases.push_back(static_cast<int64_t>(one.basis));
    parameters.push_back(one.parameters);
  }
  return tx
      .Execute(kInsert, {IntArray(ids), IntArray(starts), IntArray(ends), IntArray(outcomes), IntArray(rows),
                         IntArray(codes), TextArray(reasons), TextArray(messages), TextArray(retryable),
                         TextArray(runs), IntArray(times), TextArray(hashes), IntArray(bases), TextArray(parameters)})
      .status();
}

absl::Status InsertAnswers(postgres::Transaction& tx, const std::map<int64_t, const std::vector<Coverage>*>& added) {
  std::vector<int64_t> ids, starts, ends;
  for (const auto& [id, list] : added) {
    for (const Coverage& one : *list) {
      if (one.outcome == Outcome::kFailed) continue;
      ids.push_back(id);
      starts.push_back(one.range.start_ns);
      ends.push_back(one.range.end_ns);
    }
  }
  if (ids.empty()) return absl::OkStatus();
  return tx.Execute(kInsertAnswers, {IntArray(ids), IntArray(starts), IntArray(ends)}).status();
}

}  // namespace

absl::StatusOr<std::map<std::string, CoverageStore::BySource>> CoverageStore::Find(
    const std::string& resource, const std::vector<std::string>& symbols, quant::Timeframe timeframe,
    absl::Time deadline) {
  std::map<std::string, BySource> found;
  const std::string sql = fmt::format("SELECT {}{}", kColumns, kFind);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        found.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(sql, {resource, TextArray(symbols), static_cast<int64_t>(timeframe)}));
        for (const postgres::Row row : rows) {
          Coverage one = FromRow(row);
          found[one.key.symbol][one.key.variant].push_back(std::move(one));
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .statement_timeout = absl::Seconds(30), .read_only = true}));
  return found;
}

absl::StatusOr<std::map<std::string, std::vector<Answers>>> CoverageStore::FindAnswers(
    const std::string& resource, const std::vector<std::string>& symbols, quant::Timeframe timeframe, absl::Time as_of,
    absl::Time deadline) {
  std::map<std::string, std::vector<Answers>> found;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        found.clear();
        BF_ASSIGN_OR_RETURN(
            const postgres::Rows rows,
            tx.Query(kFindAnswers, {resource, TextArray(symbols), static_cast<int64_t>(timeframe), as_of}));
        for (const postgres::Row row : rows) {
          std::vector<Answers>& of = found[row.Text(0)];
          if (of.empty() || of.back().source != row.Text(1)) {
            of.push_back({.source = row.Text(1), .ranges = {}, .known_at = absl::InfinitePast()});
          }
          std::vector<quant::TimeRange>& ranges = of.back().ranges;
          const quant::TimeRange range{row.Int(2), row.Int(3)};
          if (!ranges.empty() && range.start_ns <= ranges.back().end_ns) {
            ranges.back().end_ns = std::max(ranges.back().end_ns, range.end_ns);
          } else {
            ranges.push_back(range);
          }
          of.back().known_at = std::max(of.back().known_at, row.Time(4));
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .statement_timeout = absl::Seconds(30), .read_only = true}));
  return found;
}

absl::Status CoverageStore::Add(postgres::Transaction& tx, const std::vector<Coverage>& added) {
  if (added.empty()) return absl::OkStatus();
  std::map<quant::SeriesKey, std::vector<Coverage>> by_key;
  for (const Coverage& one : added) by_key[one.key].push_back(one);
  std::vector<std::string> resources, symbols, sources;
  std::vector<int64_t> timeframes;
  std::vector<const std::vector<Coverage>*> lists;
  for (const auto& [key, list] : by_key) {
    resources.push_back(key.resource);
    symbols.push_back(key.symbol);
    timeframes.push_back(static_cast<int64_t>(key.timeframe));
    sources.push_back(key.variant);
    lists.push_back(&list);
  }
  const std::vector<postgres::Param> keys = {TextArray(resources), TextArray(symbols), IntArray(timeframes),
                                             TextArray(sources)};
  BF_RETURN_IF_ERROR(tx.Execute(kMakeSeries, keys).status());
  BF_ASSIGN_OR_RETURN(const postgres::Rows locked, tx.Query(kLockSeries, keys));
  std::map<int64_t, std::vector<Coverage>> known;
  std::vector<int64_t> ids, starts, ends;
  std::map<int64_t, const std::vector<Coverage>*> new_of;
  for (const postgres::Row row : locked) {
    const std::vector<Coverage>* list = lists[static_cast<size_t>(row.Int(1) - 1)];
    new_of[row.Int(0)] = list;
    ids.push_back(row.Int(0));
    int64_t start = INT64_MAX;
    int64_t end = INT64_MIN;
    for (const Coverage& one : *list) {
      start = std::min(start, one.range.start_ns);
      end = std::max(end, one.range.end_ns);
    }
    starts.push_back(start);
    ends.push_back(end);
  }
  BF_ASSIGN_OR_RETURN(const postgres::Rows taken,
                      tx.Query(fmt::format("{}{} FROM c JOIN coverage_series s ON s.id = c.series_id", kTake, kColumns),
                               {IntArray(ids), IntArray(starts), IntArray(ends)}));
  for (const postgres::Row row : taken) known[row.Int(17)].push_back(FromRow(row));
  std::vector<std::pair<int64_t, Coverage>> merged;
  for (const auto& [id, list] : new_of) {
    for (Coverage& one : Merge(std::move(known[id]), *list)) merged.emplace_back(id, std::move(one));
  }
  BF_RETURN_IF_ERROR(InsertAnswers(tx, new_of));
  return Insert(tx, merged);
}

absl::Status CoverageStore::Add(const std::string& run, int64_t epoch, const std::vector<Coverage>& added) {
  return database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const postgres::Rows held,
                        tx.Query("SELECT 1 FROM job WHERE id = $1 AND epoch = $2 FOR SHARE", {run, epoch}));
    if (held.empty()) return jobs::LeaseLost(run, epoch);
    return Add(tx, added);
  });
}

absl::StatusOr<std::vector<Coverage>> CoverageStore::List(const CoverageFilter& filter,
                                                          const std::optional<CoveragePosition>& after, int limit,
                                                          absl::Time deadline) {
  std::vector<Coverage> entries;
  std::vector<postgres::Param> params;
  std::string where = "true";
  const auto bind = [&](postgres::Param value) {
    params.push_back(std::move(value));
    return fmt::format("${}", params.size());
  };
  const auto only = [&](std::string_view column, const std::string& value) {
    if (!value.empty()) where += fmt::format(" AND s.{} = {}", column, bind(value));
  };
  only("resource", filter.resource);
  only("symbol", filter.symbol);
  only("source", filter.source);
  if (filter.timeframe) where += fmt::format(" AND s.timeframe = {}", bind(static_cast<int64_t>(*filter.timeframe)));
  if (after) {
    const quant::SeriesKey& key = after->key;
    const std::string resource = bind(key.resource);
    const std::string symbol = bind(key.symbol);
    const std::string timeframe = bind(static_cast<int64_t>(key.timeframe));
    const std::string source = bind(key.variant);
    const std::string start = bind(after->start_ns);
    where += fmt::format(
        " AND (s.resource, s.symbol, s.timeframe, s.source, c.start_time_ns) > ({}, {}, {}::smallint, {}, {})",
        resource, symbol, timeframe, source, start);
  }
  const std::string sql = fmt::format(
      "SELECT {} FROM coverage c JOIN coverage_series s ON s.id = c.series_id WHERE {} "
      "ORDER BY s.resource, s.symbol, s.timeframe, s.source, c.start_time_ns LIMIT {}",
      kColumns, where, bind(int64_t{limit}));
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        entries.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, params));
        for (const postgres::Row row : rows) entries.push_back(FromRow(row));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return entries;
}

absl::StatusOr<std::map<std::string, int64_t>> CoverageStore::CountFailures(absl::Time since, absl::Time deadline) {
  std::map<std::string, int64_t> failures;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        failures.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kCountFailures, {since}));
        for (const postgres::Row row : rows) failures[row.Text(0)] = row.Int(1);
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return failures;
}

}  // namespace breadthflow::data
