// ChunkStore: which series there are, and which chunks are nobody's.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "common/columnar/series_lookup.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::SeriesKey;

constexpr std::string_view kCount = R"sql(
  SELECT coalesce(sum(row_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint,
         coalesce(min(first_time_ns), 0), coalesce(max(last_time_ns), 0), count(*)
  FROM series_chunk WHERE series_id = $1 AND version_from <= $2 AND version_to > $2)sql";

constexpr std::string_view kSweep = R"sql(
  DELETE FROM chunk WHERE hash IN (
    SELECT c.hash FROM chunk c
    WHERE c.stored_at < clock_timestamp() - make_interval(secs => $1)
      AND NOT EXISTS (SELECT 1 FROM series_chunk r WHERE r.chunk_hash = c.hash)
    LIMIT $2 FOR UPDATE SKIP LOCKED))sql";

// Of "BEFORE_NS KNOWN_US BEFORE_NS KNOWN_US ...".
absl::StatusOr<std::vector<SeriesDrop>> DropsOf(std::string_view text) {
  std::vector<int64_t> numbers;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), numbers.emplace_back());
    if (error != std::errc() || end != word.data() + word.size()) return absl::DataLossError("a drop is no number");
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  std::vector<SeriesDrop> drops;
  for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
    drops.push_back({.before_ns = numbers[i], .known_at = absl::FromUnixMicros(numbers[i + 1])});
  }
  return drops;
}

}  // namespace

int64_t SeriesHead::DroppedSince(absl::Time since) const {
  int64_t before = std::numeric_limits<int64_t>::min();
  for (const SeriesDrop& drop : drops) {
    if (drop.known_at >= since) before = std::max(before, drop.before_ns);
  }
  return before;
}

absl::StatusOr<SeriesHead> ChunkStore::Head(const SeriesKey& key, const ReadOptions& options) {
  std::optional<SeriesHead> head;
  const auto look = [&](BinaryTransaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(head, FindSeries(tx, key, options));
    if (!head) return UnknownSeries(key);
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kCount, {head->id, head->version}));
    head->rows = rows[0].Int64(0);
    head->bytes = rows[0].Int64(1);
    head->first_time_ns = rows[0].Int64(2);
    head->last_time_ns = rows[0].Int64(3);
    head->chunk_count = rows[0].Int64(4);
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, look, BulkOptions(options.deadline, true)));
  return *std::move(head);
}

absl::StatusOr<std::vector<SeriesHead>> ChunkStore::List(const SeriesFilter& filter, absl::Time as_of) {
  std::string sql = R"sql(
    SELECT s.id, s.resource, s.symbol, s.timeframe, s.variant, s.basis, s.repeats, v.version, v.known_at,
           v.provenance, c.row_count, c.byte_count, c.first_time_ns, c.last_time_ns, c.chunk_count,
           d.lost_before_ns, d.lost_since, d.dropped_before_ns, d.drops
    FROM series s
    CROSS JOIN LATERAL (SELECT version, known_at, provenance FROM series_version
                        WHERE series_id = s.id AND known_at <= $1 ORDER BY version DESC LIMIT 1) v
    CROSS JOIN LATERAL (SELECT coalesce(sum(row_count), 0)::bigint AS row_count,
                               coalesce(sum(byte_count), 0)::bigint AS byte_count,
                               coalesce(min(first_time_ns), 0) AS first_time_ns,
                               coalesce(max(last_time_ns), 0) AS last_time_ns, count(*) AS chunk_count
                        FROM series_chunk WHERE series_id = s.id AND version_from <= v.version
                                            AND version_to > v.version) c
    CROSS JOIN LATERAL (
      SELECT max(p.before_ns) FILTER (WHERE p.version > v.version) AS lost_before_ns,
             min(w.known_at) FILTER (WHERE p.version > v.version) AS lost_since,
             max(p.before_ns) FILTER (WHERE p.version <= v.version AND (c.chunk_count = 0 OR
                                                                        c.first_time_ns >= left_by.first_time_ns))
               AS dropped_before_ns,
             coalesce(string_agg(p.before_ns || ' ' || (extract(epoch FROM w.known_at) * 1000000)::bigint, ' '
                                 ORDER BY p.version) FILTER (WHERE p.version <= v.version), '') AS drops
      FROM series_drop p JOIN series_version w ON w.series_id = p.series_id AND w.version = p.version
      CROSS JOIN LATERAL (SELECT least(min(first_time_ns), p.before_ns) AS first_time_ns FROM series_chunk
                          WHERE series_id = p.series_id AND version_from <= p.version AND version_to > p.version) left_by
      WHERE p.series_id = s.id) d
    WHERE true)sql";
  std::vector<postgres::Param> params = {as_of};
  BindFilter(filter, sql, params);
  std::vector<SeriesHead> heads;
  const auto list = [&](BinaryTransaction& tx) -> absl::Status {
    heads.clear();
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(sql, params));
    for (int i = 0; i < rows.size(); ++i) {
      const BinaryRow row = rows[i];
      heads.push_back({.id = row.Int64(0),
                       .key = {std::string(row.View(1)), std::string(row.View(2)),
                               static_cast<quant::Timeframe>(row.Int16(3)), std::string(row.View(4))},
                       .basis = static_cast<quant::PriceBasis>(row.Int16(5)),
                       .repeats = row.Bool(6),
                       .version = row.Int64(7),
                       .known_at = row.Time(8),
                       .provenance = std::string(row.View(9)),
                       .rows = row.Int64(10),
                       .bytes = row.Int64(11),
                       .first_time_ns = row.Int64(12),
                       .last_time_ns = row.Int64(13),
                       .chunk_count = row.Int64(14)});
      SeriesHead& head = heads.back();
      if (!row.IsNull(15)) {
        head.lost_before_ns = row.Int64(15);
        head.lost_since = row.Time(16);
      }
      if (!row.IsNull(17)) head.dropped_before_ns = row.Int64(17);
      BF_ASSIGN_OR_RETURN(head.drops, DropsOf(row.View(18)));
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, list, BulkOptions(filter.deadline, true)));
  return heads;
}

absl::StatusOr<int64_t> ChunkStore::SweepOrphans(absl::Duration min_age) {
  constexpr int64_t kAtOnce = 1000;
  int64_t all = 0;
  for (int64_t swept = kAtOnce; swept == kAtOnce; all += swept) {
    BF_RETURN_IF_ERROR(database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(swept, tx.Execute(kSweep, {absl::ToDoubleSeconds(min_age), kAtOnce}));
          return absl::OkStatus();
        },
        BulkOptions(absl::InfiniteFuture(), false)));
  }
  return all;
}

}  // namespace breadthflow::columnar
