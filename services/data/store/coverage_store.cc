#include "services/data/store/coverage_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/store/coverage_rows.h"

namespace breadthflow::data {
namespace {

using postgres::IntArray;
using postgres::TextArray;

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

// What overlaps the hull of the new entries of each series, and what lies so shortly before it that it may become one
// with it, gone and given back.
constexpr std::string_view kTake = R"sql(
  WITH c AS (
    DELETE FROM coverage c
    USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (id, start_ns, end_ns)
    WHERE c.series_id = w.id AND c.start_time_ns < w.end_ns AND c.end_time_ns > w.start_ns
    RETURNING c.*)
  SELECT )sql";

constexpr std::string_view kFindAnswers = R"sql(
  SELECT s.symbol, s.source, e.start_time_ns, e.end_time_ns, e.known_at
  FROM coverage_answer e JOIN coverage_series s ON s.id = e.series_id
  WHERE s.resource = $1 AND s.symbol = ANY($2::text[]) AND s.timeframe = $3 AND e.known_at <= $4
  ORDER BY s.symbol, s.source, e.start_time_ns)sql";

// Codes that say something about the source and not about the question: base::IsTransient.
constexpr std::string_view kCountFailures = R"sql(
  SELECT source, count(*) FROM fetch_attempt
  WHERE attempt_time > $1 AND error_code <> 0 AND error_code NOT IN (3, 5, 6, 7, 9, 11, 12, 15, 16)
  GROUP BY source)sql";

}  // namespace

absl::StatusOr<std::map<std::string, CoverageStore::BySource>> CoverageStore::Find(
    const std::string& resource, const std::vector<std::string>& symbols, quant::Timeframe timeframe,
    absl::Time deadline) {
  std::map<std::string, BySource> found;
  const std::string sql = fmt::format("SELECT {}{}", kCoverageColumns, kFind);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        found.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(sql, {resource, TextArray(symbols), static_cast<int64_t>(timeframe)}));
        for (const postgres::Row row : rows) {
          Coverage one = CoverageFromRow(row);
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
            of.push_back({.source = row.Text(1), .ranges = {}, .known_at = absl::InfinitePast(), .each = {}});
          }
          std::vector<quant::TimeRange>& ranges = of.back().ranges;
          const quant::TimeRange range{row.Int(2), row.Int(3)};
          if (!ranges.empty() && range.start_ns <= ranges.back().end_ns) {
            ranges.back().end_ns = std::max(ranges.back().end_ns, range.end_ns);
          } else {
            ranges.push_back(range);
          }
          of.back().known_at = std::max(of.back().known_at, row.Time(4));
          of.back().each.push_back({range, row.Time(4)});
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
  const int64_t reach_ns = absl::ToInt64Nanoseconds(policy_.revision_window);
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
    starts.push_back(start < INT64_MIN + reach_ns ? INT64_MIN : start - reach_ns);
    ends.push_back(end);
  }
  BF_ASSIGN_OR_RETURN(
      const postgres::Rows taken,
      tx.Query(fmt::format("{}{} FROM c JOIN coverage_series s ON s.id = c.series_id", kTake, kCoverageColumns),
               {IntArray(ids), IntArray(starts), IntArray(ends)}));
  for (const postgres::Row row : taken) known[row.Int(kCoverageSeriesColumn)].push_back(CoverageFromRow(row));
  std::vector<std::pair<int64_t, Coverage>> merged;
  for (const auto& [id, list] : new_of) {
    for (Coverage& one : Fused(Merge(std::move(known[id]), *list), policy_)) merged.emplace_back(id, std::move(one));
  }
  BF_RETURN_IF_ERROR(InsertAnswers(tx, new_of));
  return InsertCoverage(tx, merged);
}

absl::StatusOr<std::vector<Coverage>> CoverageStore::List(const CoverageFilter& filter,
                                                          const std::optional<CoveragePosition>& after, int limit,
                                                          absl::Time deadline) {
  std::vector<Coverage> entries;
  std::vector<postgres::Param> params;
  std::string where = "true";
  const auto bind = [&](const auto& value) {
    params.emplace_back(value);
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
      kCoverageColumns, where, bind(int64_t{limit}));
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        entries.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, params));
        for (const postgres::Row row : rows) entries.push_back(CoverageFromRow(row));
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
