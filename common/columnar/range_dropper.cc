#include "common/columnar/range_dropper.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string>
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

constexpr size_t kSeriesAtOnce = 16;

// Rows of chunks that are read are counted then: those at the border, and all where some rows may stay ($2).
constexpr std::string_view kFind = R"sql(
  SELECT s.id, s.resource, s.symbol, s.timeframe, s.variant, s.version, r.row_count, r.chunk_count, r.read_ids
  FROM series s
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(row_count) FILTER (WHERE NOT read), 0)::bigint AS row_count,
           count(*) FILTER (WHERE NOT read) AS chunk_count, count(*) AS all_count,
           coalesce(string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE read), '') AS read_ids
    FROM (SELECT id, row_count, $2::boolean OR last_time_ns >= $1 AS read FROM series_chunk
          WHERE series_id = s.id AND version_to = 9223372036854775807 AND first_time_ns < $1) c) r
  WHERE r.all_count > 0)sql";

constexpr std::string_view kBodies = R"sql(
  SELECT r.series_id, r.id, c.body FROM series_chunk r JOIN chunk c ON c.hash = r.chunk_hash
  WHERE r.series_id = ANY($3::bigint[]) AND r.version_to = 9223372036854775807 AND r.first_time_ns < $1
    AND ($2::boolean OR r.last_time_ns >= $1)
  ORDER BY r.series_id, r.id)sql";

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
    AND r.id <> ALL($4::bigint[])
  RETURNING r.id)sql";

constexpr std::string_view kStillThere =
    "SELECT count(*) FROM series_chunk WHERE id = ANY($1::bigint[]) AND version_to = 9223372036854775807";

constexpr std::string_view kPlace = R"sql(
  SELECT coalesce(sum(byte_count) FILTER (WHERE NOT needed), 0)::bigint,
         coalesce(sum(byte_count) FILTER (WHERE needed), 0)::bigint
  FROM (SELECT r.byte_count, EXISTS (SELECT 1 FROM unnest($3::bigint[]) AS n (version)
                                     WHERE r.version_from <= n.version AND r.version_to > n.version) AS needed
        FROM series_chunk r WHERE r.series_id = $1 AND r.last_time_ns < $2 AND r.id <> ALL($4::bigint[])) r)sql";

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

absl::Status RangeDropper::LookInside(std::vector<OldRange>& found, const std::vector<std::string>& ids, size_t begin,
                                      size_t end, const Cut& cut) {
  std::vector<int64_t> series;
  for (size_t i = begin; i < end; ++i) {
    if (!ids[i].empty()) series.push_back(found[i].series_id);
  }
  if (series.empty()) return absl::OkStatus();
  std::map<int64_t, std::vector<std::pair<int64_t, std::string>>> bodies;  // by series
  BF_RETURN_IF_ERROR(postgres::TransactBinary(
      database_,
      [&](BinaryTransaction& tx) {
        bodies.clear();
        return tx.Stream(kBodies, {cut.before_ns, cut.leave != nullptr, postgres::IntArray(series)},
                         [&](const BinaryRow& row) {
                           bodies[row.Int64(0)].emplace_back(row.Int64(1), std::string(row.View(2)));
                           return absl::OkStatus();
                         });
      },
      BulkOptions(absl::InfiniteFuture(), true)));
  for (size_t i = begin; i < end; ++i) {
    if (ids[i].empty()) continue;
    OldRange& one = found[i];
    std::string read;
    for (const auto& [id, body] : bodies[one.series_id]) read += fmt::format("{}{}", read.empty() ? "" : " ", id);
    // Somebody has written since, or compaction has put chunks together.
    if (read != ids[i]) return SeriesMoved(one.key);
    for (const auto& [id, body] : bodies[one.series_id]) {
      BF_ASSIGN_OR_RETURN(Series rows, DecodeChunk(body));
      const auto all = static_cast<int64_t>(rows.size());
      const auto old = std::lower_bound(rows.times.begin(), rows.times.end(), cut.before_ns) - rows.times.begin();
      if (cut.leave != nullptr) {
        cut.leave(rows);
      } else {
        rows = rows.Rows(static_cast<size_t>(old), rows.size());
      }
      const int64_t gone = all - static_cast<int64_t>(rows.size());
      one.rows += gone;
      one.staying_rows += old - gone;
      if (gone == 0) {
        one.untouched.push_back(id);
        continue;
      }
      ++one.chunks;
      if (rows.empty()) continue;
      one.mixed.push_back(id);
      if (cut.sink != nullptr) BF_RETURN_IF_ERROR(cut.sink->Add(rows, 0, rows.size()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Look(const SeriesFilter& filter, const Cut& cut,
                                                         const base::CancelToken& cancel) {
  std::string sql(kFind);
  std::vector<postgres::Param> params = {cut.before_ns, cut.leave != nullptr};
  BindFilter(filter, sql, params);
  std::vector<OldRange> found;
  std::vector<std::string> ids;
  BF_RETURN_IF_ERROR(postgres::TransactBinary(
      database_,
      [&](BinaryTransaction& tx) {
        found.clear();
        ids.clear();
        return tx.Stream(sql, params, [&](const BinaryRow& row) {
          found.push_back({.series_id = row.Int64(0),
                           .key = {std::string(row.View(1)), std::string(row.View(2)),
                                   static_cast<quant::Timeframe>(row.Int16(3)), std::string(row.View(4))},
                           .version = row.Int64(5),
                           .rows = row.Int64(6),
                           .chunks = row.Int64(7)});
          ids.emplace_back(row.View(8));
          return absl::OkStatus();
        });
      },
      BulkOptions(filter.deadline, true)));
  for (size_t begin = 0; begin < found.size(); begin += kSeriesAtOnce) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_RETURN_IF_ERROR(LookInside(found, ids, begin, std::min(found.size(), begin + kSeriesAtOnce), cut));
  }
  return found;
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Find(const SeriesFilter& filter, int64_t before_ns,
                                                         const base::CancelToken& cancel, const Leave& leave) {
  return Look(filter, {before_ns, leave}, cancel);
}

absl::StatusOr<std::vector<OldRange>> RangeDropper::Prepare(const SeriesFilter& filter, int64_t before_ns,
                                                            const base::CancelToken& cancel, const Leave& leave) {
  ChunkSink sink(database_);
  BF_ASSIGN_OR_RETURN(std::vector<OldRange> found, Look(filter, {before_ns, leave, &sink}, cancel));
  BF_RETURN_IF_ERROR(sink.Flush());
  std::vector<ChunkRef> written = sink.TakeRefs();
  auto next = written.begin();
  for (OldRange& one : found) {
    const auto end = next + static_cast<std::ptrdiff_t>(one.mixed.size());
    one.rest.assign(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
  }
  return found;
}

absl::StatusOr<RangeDropper::Place> RangeDropper::PlaceOf(postgres::Transaction& tx, const OldRange& range,
                                                          int64_t before_ns, const std::vector<int64_t>& needed) {
  if (range.rows == 0) return Place();
  BF_ASSIGN_OR_RETURN(
      const postgres::Rows rows,
      tx.Query(kPlace, {range.series_id, before_ns, postgres::IntArray(needed), postgres::IntArray(range.untouched)}));
  return Place{rows[0].Int(0), rows[0].Int(1)};
}

absl::Status RangeDropper::Commit(postgres::Transaction& tx, const std::vector<OldRange>& prepared, int64_t before_ns,
                                  const std::string& provenance) {
  std::vector<int64_t> ids, versions, rows, untouched;
  std::set<int64_t> mixed;
  int64_t chunks = 0;
  const OldRange* first = nullptr;
  for (const OldRange& one : prepared) {
    if (one.rows == 0) continue;
    if (first == nullptr) first = &one;
    ids.push_back(one.series_id);
    versions.push_back(one.version);
    rows.push_back(one.rows);
    chunks += one.chunks;
    mixed.insert(one.mixed.begin(), one.mixed.end());
    untouched.insert(untouched.end(), one.untouched.begin(), one.untouched.end());
  }
  if (first == nullptr) return absl::OkStatus();
  const std::string id_list = postgres::IntArray(ids);
  const std::string version_list = postgres::IntArray(versions);
  const std::string untouched_list = postgres::IntArray(untouched);
  BF_ASSIGN_OR_RETURN(const postgres::Rows held, tx.Query(kHold, {id_list, version_list}));
  std::set<int64_t> unmoved;
  for (const postgres::Row row : held) unmoved.insert(row.Int(0));
  for (const OldRange& one : prepared) {
    if (one.rows > 0 && !unmoved.contains(one.series_id)) return SeriesMoved(one.key);
  }
  BF_RETURN_IF_ERROR(tx.Execute(kAdvance, {id_list}).status());
  BF_RETURN_IF_ERROR(tx.Execute(kInsertVersions, {id_list, provenance}).status());
  BF_RETURN_IF_ERROR(tx.Execute(kInsertDrops, {id_list, version_list, postgres::IntArray(rows), before_ns}).status());
  BF_ASSIGN_OR_RETURN(const postgres::Rows closed,
                      tx.Query(kClose, {id_list, version_list, before_ns, untouched_list}));
  BF_ASSIGN_OR_RETURN(const postgres::Rows there, tx.Query(kStillThere, {untouched_list}));
  for (const postgres::Row row : closed) mixed.erase(row.Int(0));
  // The versions are those we know, but compaction has put chunks together meanwhile.
  if (static_cast<int64_t>(closed.size()) != chunks || !mixed.empty() ||
      there[0].Int(0) != static_cast<int64_t>(untouched.size())) {
    return SeriesMoved(first->key);
  }
  for (const OldRange& one : prepared) {
    if (!one.rest.empty()) BF_RETURN_IF_ERROR(InsertParts(tx, one.series_id, one.version + 1, one.rest));
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
