#include "common/columnar/change_log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/row_match.h"
#include "common/columnar/series_lookup.h"
#include "common/columnar/series_rows.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::Series;

constexpr std::string_view kHead = R"sql(
  SELECT pg_current_snapshot()::text, clock_timestamp(), (SELECT system_identifier::text FROM pg_control_system()))sql";

constexpr std::string_view kChanges = R"sql(
  SELECT v.series_id, s.resource, s.symbol, s.timeframe, s.variant, s.basis, s.repeats, v.version, v.known_at,
         v.written_by::text::bigint
  FROM series_version v JOIN series s ON s.id = v.series_id
  WHERE v.written_by >= pg_snapshot_xmin($1::pg_snapshot) AND v.written_by < pg_snapshot_xmax($2::pg_snapshot)
    AND NOT pg_visible_in_snapshot(v.written_by, $1::pg_snapshot)
    AND pg_visible_in_snapshot(v.written_by, $2::pg_snapshot)
    AND (v.known_at, v.series_id, v.version) > ($3, $4, $5)
    AND ($6 = '' OR s.resource = $6) AND ($7 = 0 OR s.timeframe = $7)
    AND ($8::text[] = '{}' OR s.symbol = ANY($8::text[]))
  ORDER BY v.known_at, v.series_id, v.version LIMIT $9)sql";

constexpr std::string_view kBegan = R"sql(
  SELECT w.place, r.first_time_ns, r.last_time_ns, c.body
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (series_id, version, after_ns, place)
  CROSS JOIN LATERAL (SELECT chunk_hash, first_time_ns, last_time_ns FROM series_chunk
                      WHERE series_id = w.series_id AND version_from = w.version AND last_time_ns > w.after_ns
                      ORDER BY first_time_ns LIMIT $4) r
  JOIN chunk c ON c.hash = r.chunk_hash
  ORDER BY w.place, r.first_time_ns)sql";

constexpr std::string_view kEnded = R"sql(
  SELECT w.place, r.first_time_ns, r.last_time_ns, c.body
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
         AS w (series_id, version, from_ns, to_ns, place)
  JOIN series_chunk r ON r.series_id = w.series_id AND r.version_to = w.version
                     AND r.version_to < 9223372036854775807
                     AND r.first_time_ns <= w.to_ns AND r.last_time_ns >= w.from_ns
  JOIN chunk c ON c.hash = r.chunk_hash
  ORDER BY w.place, r.first_time_ns)sql";

constexpr std::string_view kStates = R"sql(
  SELECT s.id, s.resource, s.symbol, s.timeframe, s.variant, s.basis, s.repeats, v.version, v.known_at, c.row_count,
         c.first_time_ns, c.last_time_ns
  FROM series s
  CROSS JOIN LATERAL (
    SELECT version, known_at FROM series_version
    WHERE series_id = s.id AND known_at <= $5
      AND (pg_visible_in_snapshot(written_by, $6::pg_snapshot)
           OR pg_visible_in_snapshot(written_by, $7::pg_snapshot)
              AND (known_at, series_id, version) <= ($8, $9, $10))
    ORDER BY version DESC LIMIT 1) v
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(row_count), 0)::bigint AS row_count, coalesce(min(first_time_ns), 0) AS first_time_ns,
           coalesce(max(last_time_ns), 0) AS last_time_ns
    FROM series_chunk WHERE series_id = s.id AND version_from <= v.version AND version_to > v.version) c
  WHERE s.resource = $1 AND s.timeframe = $2 AND s.symbol = ANY($3::text[]) AND ($4 = '' OR s.variant = $4)
  ORDER BY s.resource, s.symbol, s.timeframe, s.variant)sql";

quant::SeriesKey KeyOf(const BinaryRow& row, int column) {
  return {std::string(row.View(column)), std::string(row.View(column + 1)),
          static_cast<quant::Timeframe>(row.Int16(column + 2)), std::string(row.View(column + 3))};
}

size_t InstantEnd(const std::vector<int64_t>& times, size_t begin) {
  size_t end = begin + 1;
  while (end < times.size() && times[end] == times[begin]) ++end;
  return end;
}

}  // namespace

absl::StatusOr<Series> RowsThatDiffer(const Series& stored, const Series& fresh) {
  BF_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, PairColumns(stored, fresh));
  std::vector<PickedRow> picked;
  size_t before = 0;
  for (size_t row = 0; row < fresh.size();) {
    const size_t end = InstantEnd(fresh.times, row);
    while (before < stored.size() && stored.times[before] < fresh.times[row]) ++before;
    bool same = before < stored.size() && stored.times[before] == fresh.times[row] &&
                InstantEnd(stored.times, before) - before == end - row;
    for (size_t i = row; same && i < end; ++i) same = SameRow(pairs, before + (i - row), i);
    for (size_t i = row; !same && i < end; ++i) picked.push_back({true, i});
    row = end;
  }
  if (picked.size() == fresh.size()) return fresh;
  Series differing{.key = fresh.key, .basis = fresh.basis, .repeats = fresh.repeats};
  for (const PickedRow& one : picked) differing.times.push_back(fresh.times[one.row]);
  for (const ColumnPair& pair : pairs) {
    if (pair.fresh != nullptr) differing.columns.push_back(PickColumn(pair, picked));
  }
  return differing;
}

absl::StatusOr<LogHead> ChangeLog::Head(absl::Time deadline) {
  LogHead head;
  std::string text;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kHead));
        text = rows[0].Text(0);
        head.time = rows[0].Time(1);
        head.database = rows[0].Text(2);
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  BF_ASSIGN_OR_RETURN(head.position, CommitPosition::Parse(text));
  return head;
}

absl::StatusOr<std::vector<Change>> ChangeLog::Between(const CommitPosition& from, const CommitPosition& to,
                                                       const ChangePlace& after, const ChangeFilter& filter, int limit,
                                                       absl::Time deadline) {
  std::vector<Change> changes;
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    changes.clear();
    return tx.Stream(kChanges,
                     {from.ToText(), to.ToText(), after.known_at, after.series_id, after.version, filter.resource,
                      static_cast<int64_t>(filter.timeframe ? static_cast<int>(*filter.timeframe) : 0),
                      postgres::TextArray(filter.symbols), int64_t{limit}},
                     [&](const BinaryRow& row) {
                       changes.push_back({.series_id = row.Int64(0),
                                          .key = KeyOf(row, 1),
                                          .basis = static_cast<quant::PriceBasis>(row.Int16(5)),
                                          .repeats = row.Bool(6),
                                          .version = row.Int64(7),
                                          .known_at = row.Time(8),
                                          .transaction = static_cast<uint64_t>(row.Int64(9))});
                       return absl::OkStatus();
                     });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(deadline, true)));
  return changes;
}

absl::StatusOr<std::vector<ChangedRows>> ChangeLog::Rows(const std::vector<Change>& changes,
                                                         const std::vector<int64_t>& after_ns, int chunks,
                                                         absl::Time deadline) {
  std::vector<int64_t> ids, versions;
  for (const Change& change : changes) {
    ids.push_back(change.series_id);
    versions.push_back(change.version);
  }
  std::vector<ChangedRows> changed;
  std::vector<Series> stored;
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    changed.assign(changes.size(), {});
    stored.assign(changes.size(), {});
    std::vector<int> read_chunks(changes.size(), 0);
    std::vector<int64_t> first(changes.size(), std::numeric_limits<int64_t>::max());
    std::vector<int64_t> last(changes.size(), std::numeric_limits<int64_t>::min());
    for (size_t i = 0; i < changes.size(); ++i) {
      changed[i].rows = {.key = changes[i].key, .basis = changes[i].basis, .repeats = changes[i].repeats};
      stored[i].repeats = changes[i].repeats;
    }
    BF_RETURN_IF_ERROR(tx.Stream(
        kBegan, {postgres::IntArray(ids), postgres::IntArray(versions), postgres::IntArray(after_ns), int64_t{chunks}},
        [&](const BinaryRow& row) {
          const auto i = static_cast<size_t>(row.Int64(0)) - 1;
          first[i] = std::min(first[i], row.Int64(1));
          last[i] = std::max(last[i], row.Int64(2));
          ++read_chunks[i];
          // What lies up to `after_ns` is left out here: the largest time has nothing behind.
          return AppendChunk(row.View(3), {after_ns[i] + 1, INT64_MAX}, {}, changed[i].rows);
        }));
    for (size_t i = 0; i < changes.size(); ++i) {
      changed[i].more = read_chunks[i] == chunks;
      changed[i].up_to_ns = last[i];
    }
    return tx.Stream(
        kEnded,
        {postgres::IntArray(ids), postgres::IntArray(versions), postgres::IntArray(first), postgres::IntArray(last)},
        [&](const BinaryRow& row) {
          const auto i = static_cast<size_t>(row.Int64(0)) - 1;
          return AppendChunk(row.View(3), {first[i], last[i] + 1}, {}, stored[i]);
        });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(deadline, true)));
  for (size_t i = 0; i < changes.size(); ++i) {
    if (stored[i].empty()) continue;
    BF_ASSIGN_OR_RETURN(changed[i].rows, RowsThatDiffer(stored[i], changed[i].rows));
  }
  return changed;
}

absl::StatusOr<std::vector<SeriesState>> ChangeLog::States(const ChangeFilter& filter, const std::string& variant,
                                                           const CommitPosition& base, const CommitPosition& target,
                                                           const ChangePlace& place, absl::Time as_of,
                                                           absl::Time deadline) {
  std::vector<SeriesState> states;
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    states.clear();
    return tx.Stream(kStates,
                     {filter.resource, static_cast<int64_t>(filter.timeframe.value_or(quant::Timeframe::kDay)),
                      postgres::TextArray(filter.symbols), variant, as_of, base.ToText(), target.ToText(),
                      place.known_at, place.series_id, place.version},
                     [&](const BinaryRow& row) {
                       states.push_back({.id = row.Int64(0),
                                         .key = KeyOf(row, 1),
                                         .basis = static_cast<quant::PriceBasis>(row.Int16(5)),
                                         .repeats = row.Bool(6),
                                         .version = row.Int64(7),
                                         .known_at = row.Time(8),
                                         .rows = row.Int64(9),
                                         .first_time_ns = row.Int64(10),
                                         .last_time_ns = row.Int64(11)});
                       return absl::OkStatus();
                     });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(deadline, true)));
  return states;
}

}  // namespace breadthflow::columnar
