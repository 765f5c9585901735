#include "common/columnar/range_dropper.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/series_lookup.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::Series;

constexpr size_t kBordersAtOnce = 16;

// Rows of the chunk at the border are counted when it is read.
constexpr std::string_view kFind = R"sql(
  SELECT s.id, s.resource, s.symbol, s.timeframe, s.variant, s.version, r.row_count, r.chunk_count, r.border_id
  FROM series s
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(row_count) FILTER (WHERE last_time_ns < $1), 0)::bigint AS row_count, count(*) AS chunk_count,
           max(id) FILTER (WHERE last_time_ns >= $1) AS border_id
    FROM series_chunk
    WHERE series_id = s.id AND version_to = 9223372036854775807 AND first_time_ns < $1) r
  WHERE r.chunk_count > 0)sql";

constexpr std::string_view kBodies = R"sql(
  SELECT r.id, c.body FROM series_chunk r JOIN chunk c ON c.hash = r.chunk_hash WHERE r.id = ANY($1::bigint[]))sql";

constexpr std::string_view kHold = R"sql(
  SELECT s.id FROM unnest($1::bigint[], $2::bigint[]) AS w (id, version)
  JOIN series s ON s.id = w.id AND s.version = w.version
  ORDER BY s.resource, s.symbol, s.timeframe, s.variant FOR UPDATE OF s)sql";

constexpr std::string_view kAdvance = R"sql(
  UPDATE series SET version = version + 1,
                    changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
  WHERE id = ANY($1::bigint[]))sql";

constexpr std::string_view kInsertVersions = R"sql(
  INSERT INTO series_version (series_id, version, known_at, provenance)
  SELECT id, version, changed_at, $2::text FROM series WHERE id = ANY($1::bigint[]))sql";

constexpr std::string_view kInsertDrops = R"sql(
  INSERT INTO series_drop (series_id, version, before_ns, row_count)
  SELECT w.id, w.version + 1, $4::bigint, w.row_count
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (id, version, row_count))sql";

constexpr std::string_view kClose = R"sql(
  UPDATE series_chunk r SET version_to = w.version + 1
  FROM unnest($1::bigint[], $2::bigint[]) AS w (id, version)
  WHERE r.series_id = w.id AND r.version_to = 9223372036854775807 AND r.first_time_ns < $3
  RETURNING r.id)sql";

constexpr std::string_view kPlace = R"sql(
  SELECT coalesce(sum(byte_count) FILTER (WHERE NOT needed), 0)::bigint,
         coalesce(sum(byte_count) FILTER (WHERE needed), 0)::bigint
  FROM (SELECT r.byte_count, EXISTS (SELECT 1 FROM unnest($3::bigint[]) AS n (version)
                                     WHERE r.version_from <= n.version AND r.version_to > n.version) AS needed
        FROM series_chunk r WHERE r.series_id = $1 AND r.last_time_ns < $2) r)sql";

constexpr std::string_view kUnswept = R"sql(
  SELECT d.series_id, d.version, d.before_ns, s.resource, s.symbol, s.timeframe, s.variant
  FROM series_drop d
  JOIN series_version v ON v.series_id = d.series_id AND v.version = d.version
  JOIN series s ON s.id = d.series_id
  WHERE d.swept_at IS NULL AND v.known_at <= clock_timestamp() - make_interval(secs => $1)
  ORDER BY d.series_id, d.version LIMIT $2 FOR UPDATE OF d SKIP LOCKED)sql";

constexpr std::string_view kForget = R"sql(
  DELETE FROM series_chunk r
  WHERE r.series_id = $1 AND r.version_to <= $2 AND r.last_time_ns < $3
    AND NOT EXISTS (SELECT 1 FROM unnest($4::bigint[]) AS needed (version)
                    WHERE r.version_from <= needed.version AND r.version_to > needed.version))sql";

constexpr std::string_view kSwept =
    "UPDATE series_drop SET swept_at = clock_timestamp() WHERE series_id = $1 AND version = $2";

}  // namespace

absl::Status RangeDropper::LookAtBorders(std::vector<OldRange>& found, size_t begin, size_t end, int64_t before_ns,
                                         ChunkSink* sink) {
  std::vector<int64_t> ids;
  for (size_t i = begin; i < end; ++i) {
    if (found[i].border_id) ids.push_back(*found[i].border_id);
  }
  if (ids.empty()) return absl::OkStatus();
  std::vector<std::pair<int64_t, std::string>> bodies;
  BF_RETURN_IF_ERROR(postgres::TransactBinary(
      database_,
      [&](BinaryTransaction& tx) {
        bodies.clear();
        return tx.Stream(kBodies, {postgres::IntArray(ids)}, [&](const BinaryRow& row) {
          bodies.emplace_back(row.Int64(0), std::string(row.View(1)));
          return absl::OkStatus();
        });
      },
      BulkOptions(absl::InfiniteFuture(), true)));
  std::sort(bodies.begin(), bodies.end());
  for (size_t i = begin; i < end; ++i) {
    OldRange& one = found[i];
    if (!one.border_id) continue;
    const auto body = std::lower_bound(bodies.begin(), bodies.end(), *one.border_id,
                                       [](const auto& entry, int64_t id) { return entry.first < id; });
    // Compaction has put it into another one since.
    if (body == bodies.end() || body->first != *one.border_id) return SeriesMoved(one.key);
    BF_ASSIGN_OR_RETURN(const Series rows, DecodeChunk(body->second));
    const auto kept =
        static_cast<size_t>(std::lower_bound(rows.times.begin(), rows.times.end(), before_ns) - rows.times.begin());
    one.rows += static_cast<int64_t>(kept);
    if (sink != nullptr) BF_RETURN_IF_ERROR(sink->Add(rows, kept, rows.size()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Look(const SeriesFilter& filter, int64_t before_ns,
                                                         const base::CancelToken& cancel, ChunkSink* sink) {
  std::string sql(kFind);
  std::vector<postgres::Param> params = {before_ns};
  BindFilter(filter, sql, params);
  std::vector<OldRange> found;
  BF_RETURN_IF_ERROR(postgres::TransactBinary(
      database_,
      [&](BinaryTransaction& tx) {
        found.clear();
        return tx.Stream(sql, params, [&](const BinaryRow& row) {
          OldRange one{.series_id = row.Int64(0),
                       .key = {std::string(row.View(1)), std::string(row.View(2)),
                               static_cast<quant::Timeframe>(row.Int16(3)), std::string(row.View(4))},
                       .version = row.Int64(5),
                       .rows = row.Int64(6),
                       .chunks = row.Int64(7)};
          if (!row.IsNull(8)) one.border_id = row.Int64(8);
          found.push_back(std::move(one));
          return absl::OkStatus();
        });
      },
      BulkOptions(filter.deadline, true)));
  for (size_t begin = 0; begin < found.size(); begin += kBordersAtOnce) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_RETURN_IF_ERROR(LookAtBorders(found, begin, std::min(found.size(), begin + kBordersAtOnce), before_ns, sink));
  }
  return found;
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Find(const SeriesFilter& filter, int64_t before_ns,
                                                         const base::CancelToken& cancel) {
  return Look(filter, before_ns, cancel, nullptr);
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Prepare(const SeriesFilter& filter, int64_t before_ns,
                                                            const base::CancelToken& cancel) {
  ChunkSink sink(database_);
  BF_ASSIGN_OR_RETURN(std::vector<OldRange> found, Look(filter, before_ns, cancel, &sink));
  BF_RETURN_IF_ERROR(sink.Flush());
  std::vector<ChunkRef> written = sink.TakeRefs();
  size_t next = 0;
  for (OldRange& one : found) {
    if (one.border_id) one.border = std::move(written[next++]);
  }
  return found;
}

absl::StatusOr<RangeDropper::Place> RangeDropper::PlaceOf(postgres::Transaction& tx, const OldRange& range,
                                                          int64_t before_ns, const std::vector<int64_t>& needed) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                      tx.Query(kPlace, {range.series_id, before_ns, postgres::IntArray(needed)}));
  return Place{rows[0].Int(0), rows[0].Int(1)};
}

absl::Status RangeDropper::Commit(postgres::Transaction& tx, const std::vector<OldRange>& prepared, int64_t before_ns,
                                  const std::string& provenance) {
  if (prepared.empty()) return absl::OkStatus();
  std::vector<int64_t> ids, versions, rows;
  std::set<int64_t> borders;
  int64_t chunks = 0;
  for (const OldRange& one : prepared) {
    ids.push_back(one.series_id);
    versions.push_back(one.version);
    rows.push_back(one.rows);
    chunks += one.chunks;
    if (one.border_id) borders.insert(*one.border_id);
  }
  const std::string id_list = postgres::IntArray(ids);
  const std::string version_list = postgres::IntArray(versions);
  BF_ASSIGN_OR_RETURN(const postgres::Rows held, tx.Query(kHold, {id_list, version_list}));
  std::set<int64_t> unmoved;
  for (const postgres::Row row : held) unmoved.insert(row.Int(0));
  for (const OldRange& one : prepared) {
    if (!unmoved.contains(one.series_id)) return SeriesMoved(one.key);
  }
  BF_RETURN_IF_ERROR(tx.Execute(kAdvance, {id_list}).status());
  BF_RETURN_IF_ERROR(tx.Execute(kInsertVersions, {id_list, provenance}).status());
  BF_RETURN_IF_ERROR(tx.Execute(kInsertDrops, {id_list, version_list, postgres::IntArray(rows), before_ns}).status());
  BF_ASSIGN_OR_RETURN(const postgres::Rows closed, tx.Query(kClose, {id_list, version_list, before_ns}));
  for (const postgres::Row row : closed) borders.erase(row.Int(0));
  // The versions are those we know, but compaction has put chunks together meanwhile.
  if (static_cast<int64_t>(closed.size()) != chunks || !borders.empty()) return SeriesMoved(prepared.front().key);
  for (const OldRange& one : prepared) {
    if (one.border) BF_RETURN_IF_ERROR(InsertParts(tx, one.series_id, one.version + 1, {*one.border}));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> RangeDropper::Sweep(absl::Duration min_age, const NeededVersions& needed) {
  constexpr int64_t kAtOnce = 64;
  int64_t all = 0;
  for (int64_t seen = kAtOnce; seen == kAtOnce;) {
    int64_t forgotten = 0;
    BF_RETURN_IF_ERROR(database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          forgotten = 0;
          BF_ASSIGN_OR_RETURN(const postgres::Rows drops,
                              tx.Query(kUnswept, {absl::ToDoubleSeconds(min_age), kAtOnce}));
          seen = static_cast<int64_t>(drops.size());
          for (const postgres::Row drop : drops) {
            const quant::SeriesKey key{drop.Text(3), drop.Text(4), static_cast<quant::Timeframe>(drop.Int(5)),
                                       drop.Text(6)};
            BF_ASSIGN_OR_RETURN(const std::vector<int64_t> versions, needed(tx, key));
            BF_ASSIGN_OR_RETURN(const int64_t gone, tx.Execute(kForget, {drop.Int(0), drop.Int(1), drop.Int(2),
                                                                         postgres::IntArray(versions)}));
            forgotten += gone;
            BF_RETURN_IF_ERROR(tx.Execute(kSwept, {drop.Int(0), drop.Int(1)}).status());
          }
          return absl::OkStatus();
        },
        BulkOptions(absl::InfiniteFuture(), false)));
    all += forgotten;
  }
  return all;
}

}  // namespace breadthflow::columnar
