#include "common/columnar/change_log.h"

#include <algorithm>
#include <iterator>
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
    AND NOT EXISTS (SELECT 1 FROM series_drop d WHERE d.series_id = v.series_id AND d.version = v.version)
  ORDER BY v.known_at, v.series_id, v.version LIMIT $9)sql";

// What versions began and what they ended, page by page, as one snapshot has both: compaction may put other chunks in
// their place at any time. A page reaches to the last of $4 chunks that the version began, or else to the end.
constexpr std::string_view kPages = R"sql(
  WITH wanted AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
                    AS w (series_id, version, after_ns, place)),
  began AS (
    SELECT w.place, r.* FROM wanted w
    CROSS JOIN LATERAL (SELECT chunk_hash, first_time_ns, last_time_ns FROM series_chunk
                        WHERE series_id = w.series_id AND version_from = w.version AND last_time_ns > w.after_ns
                        ORDER BY first_time_ns LIMIT $4) r),
  page AS (
    SELECT w.*, CASE WHEN b.chunks = $4 THEN b.last_time_ns ELSE 9223372036854775807 END AS up_to_ns
    FROM wanted w
    LEFT JOIN (SELECT place, count(*) AS chunks, max(last_time_ns) AS last_time_ns FROM began GROUP BY place) b
      USING (place)),
  ended AS (
    SELECT p.place, r.* FROM page p
    CROSS JOIN LATERAL (SELECT chunk_hash, first_time_ns, last_time_ns FROM series_chunk
                        WHERE series_id = p.series_id AND version_to = p.version
                          AND version_to < 9223372036854775807
                          AND first_time_ns <= p.up_to_ns AND last_time_ns > p.after_ns
                        ORDER BY first_time_ns LIMIT $5) r)
  SELECT r.place, r.ended, r.last_time_ns, c.body
  FROM (SELECT *, false AS ended FROM began UNION ALL SELECT *, true FROM ended) r
  JOIN chunk c ON c.hash = r.chunk_hash
  ORDER BY r.place, r.ended, r.first_time_ns)sql";

constexpr int64_t kEndedAtOnce = 8;

constexpr std::string_view kStates = R"sql(
  SELECT s.id, s.resource, s.symbol, s.timeframe, s.variant, s.basis, s.repeats, v.version, v.known_at, c.row_count,
         c.first_time_ns, c.last_time_ns,
         d.lost_before_ns, d.lost_since
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
  CROSS JOIN LATERAL (
    SELECT max(p.before_ns) AS lost_before_ns, min(w.known_at) AS lost_since
    FROM series_drop p JOIN series_version w ON w.series_id = p.series_id AND w.version = p.version
    WHERE p.series_id = s.id AND p.version > v.version) d
  WHERE s.resource = $1 AND s.timeframe = $2 AND s.symbol = ANY($3::text[]) AND ($4 = '' OR s.variant = $4)
  ORDER BY s.resource, s.symbol, s.timeframe, s.variant)sql";

quant::SeriesKey KeyOf(const BinaryRow& row, int column) {
  return {std::string(row.View(column)), std::string(row.View(column + 1)),
          static_cast<quant::Timeframe>(row.Int16(column + 2)), std::string(row.View(column + 3))};
}

// The instants of `stored` that `fresh` does not have. Both ascend.
std::vector<int64_t> InstantsWithout(const std::vector<int64_t>& stored, const std::vector<int64_t>& fresh) {
  std::vector<int64_t> without;
  std::set_difference(stored.begin(), stored.end(), fresh.begin(), fresh.end(), std::back_inserter(without));
  // Of an instant with fewer rows than before, the difference has the rest.
  std::erase_if(without, [&](int64_t time) { return std::binary_search(fresh.begin(), fresh.end(), time); });
  without.erase(std::unique(without.begin(), without.end()), without.end());
  return without;
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
  struct Page {
    Series fresh, stored;
    int began = 0, ended = 0;
    int64_t last_began_ns = INT64_MIN, last_ended_ns = INT64_MIN;
  };
  std::vector<Page> pages;
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    pages.assign(changes.size(), {});
    for (size_t i = 0; i < changes.size(); ++i) {
      pages[i].fresh = {.key = changes[i].key, .basis = changes[i].basis, .repeats = changes[i].repeats};
      pages[i].stored.repeats = changes[i].repeats;
    }
    return tx.Stream(
        kPages,
        {postgres::IntArray(ids), postgres::IntArray(versions), postgres::IntArray(after_ns), int64_t{chunks},
         kEndedAtOnce},
        [&](const BinaryRow& row) {
          const auto i = static_cast<size_t>(row.Int64(0)) - 1;
          Page& page = pages[i];
          const bool ended = row.Bool(1);
          ++(ended ? page.ended : page.began);
          (ended ? page.last_ended_ns : page.last_began_ns) = row.Int64(2);
          // The largest time has nothing behind.
          return AppendChunk(row.View(3), {after_ns[i] + 1, INT64_MAX}, {}, ended ? page.stored : page.fresh);
        });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(deadline, true)));
  std::vector<ChangedRows> changed(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    Page& page = pages[i];
    changed[i].up_to_ns = INT64_MAX;
    if (page.began == chunks) changed[i].up_to_ns = page.last_began_ns;
    if (page.ended == kEndedAtOnce) changed[i].up_to_ns = std::min(changed[i].up_to_ns, page.last_ended_ns);
    changed[i].more = changed[i].up_to_ns != INT64_MAX;
    // A chunk at the border may reach beyond it.
    for (Series* rows : {&page.fresh, &page.stored}) {
      if (changed[i].more && !rows->empty() && rows->times.back() > changed[i].up_to_ns) {
        *rows = rows->Slice({INT64_MIN, changed[i].up_to_ns + 1});
      }
    }
    changed[i].withdrawn = InstantsWithout(page.stored.times, page.fresh.times);
    if (page.stored.empty() || page.fresh.empty()) {
      changed[i].rows = std::move(page.fresh);
    } else {
      BF_ASSIGN_OR_RETURN(changed[i].rows, RowsThatDiffer(page.stored, page.fresh));
    }
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
                       if (!row.IsNull(12)) {
                         states.back().lost_before_ns = row.Int64(12);
                         states.back().lost_since = row.Time(13);
                       }
                       return absl::OkStatus();
                     });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(deadline, true)));
  return states;
}

}  // namespace breadthflow::columnar
