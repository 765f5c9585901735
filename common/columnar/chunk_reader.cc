// ChunkStore: how rows come out.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/chunk_store.h"
#include "common/columnar/series_lookup.h"
#include "common/columnar/series_rows.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::Series;
using quant::SeriesKey;

constexpr int64_t kChunksAhead = 16;  // of a cursor: about 1.5 MB
constexpr int64_t kAll = std::numeric_limits<int32_t>::max();

// Head and chunks of many series in one statement; a series without chunks in the range is one row without a body. Of a
// chunk that is only partly in the range come the blocks from the first that ends in it to the first that ends behind
// it, which is taken from the body only when the rows are in order: sorting keeps references to bodies, not bodies.
constexpr std::string_view kSeries = R"sql(
  SELECT q.place, q.id, q.basis, q.repeats, q.version, q.known_at, q.provenance,
         q.row_count, q.first_time_ns, q.last_time_ns,
         CASE WHEN cardinality(q.block_end) = 0 OR (q.first_time_ns >= $7 AND q.last_time_ns < $8) THEN q.body
              ELSE (SELECT substring(q.body FROM b.begin + 1 FOR b.ends - b.begin)
                    FROM (SELECT coalesce(max(e) FILTER (WHERE l < $7), 0) AS begin,
                                 coalesce(min(e) FILTER (WHERE l >= $8), max(e)) AS ends
                          FROM unnest(q.block_last_ns, q.block_end) AS block (l, e)) b) END,
         q.all_rows
  FROM (SELECT w.place, s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance, r.*, c.body
        FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[]) WITH ORDINALITY
               AS w (resource, symbol, timeframe, variant, version, place)
        JOIN series s ON s.resource = w.resource AND s.symbol = w.symbol AND s.timeframe = w.timeframe
                     AND s.variant = w.variant
        CROSS JOIN LATERAL (SELECT version, known_at, provenance FROM series_version
                            WHERE series_id = s.id AND version <= w.version AND known_at <= $6
                            ORDER BY version DESC LIMIT 1) v
        LEFT JOIN LATERAL (SELECT chunk_hash, row_count, first_time_ns, last_time_ns, block_last_ns, block_end,
                                  (sum(row_count) OVER ())::bigint AS all_rows FROM series_chunk
                           WHERE series_id = s.id AND version_from <= v.version AND version_to > v.version
                             AND first_time_ns < $8 AND last_time_ns >= $7
                           ORDER BY first_time_ns LIMIT $9) r ON true
        LEFT JOIN chunk c ON c.hash = r.chunk_hash
        ORDER BY w.place, r.first_time_ns OFFSET 0) q)sql";

constexpr std::string_view kBodies = R"sql(
  SELECT r.row_count, r.first_time_ns, r.last_time_ns, c.body
  FROM (SELECT chunk_hash, row_count, first_time_ns, last_time_ns FROM series_chunk
        WHERE series_id = $1 AND version_from <= $2 AND version_to > $2 AND first_time_ns < $4 AND last_time_ns >= $3
        ORDER BY first_time_ns LIMIT $5) r
  JOIN chunk c ON c.hash = r.chunk_hash ORDER BY r.first_time_ns)sql";

// A chunk where the transaction has it: `body` is valid during the callback, and lacks blocks that hold nothing of the
// range.
struct ChunkView {
  int64_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  std::string_view body;
  int64_t all_rows = 0;  // of the series' chunks in the range
};

EncodedChunk Copy(const ChunkView& chunk) {
  return {std::string(chunk.body), chunk.rows, chunk.first_time_ns, chunk.last_time_ns};
}

SeriesHead HeadOf(const SeriesKey& key, const BinaryRow& row) {
  return {.id = row.Int64(1),
          .key = key,
          .basis = static_cast<quant::PriceBasis>(row.Int16(2)),
          .repeats = row.Bool(3),
          .version = row.Int64(4),
          .known_at = row.Time(5),
          .provenance = std::string(row.View(6))};
}

// Gives `head` the place and state of each series wanted, in order, and `chunk` each of its chunks in the range (at
// most `limit`) as they arrive. NOT_FOUND when one does not exist.
template <typename OnHead, typename OnChunk>
absl::Status StreamSeries(BinaryTransaction& tx, const std::vector<SeriesVersion>& wanted, const ReadOptions& options,
                          int64_t limit, const OnHead& head, const OnChunk& chunk) {
  std::vector<std::string> resources, symbols, variants;
  std::vector<int64_t> timeframes, versions;
  for (const SeriesVersion& one : wanted) {
    resources.push_back(one.key.resource);
    symbols.push_back(one.key.symbol);
    timeframes.push_back(static_cast<int64_t>(one.key.timeframe));
    variants.push_back(one.key.variant);
    versions.push_back(one.version > 0 ? one.version : INT64_MAX);
  }
  size_t seen = 0;
  const auto take = [&](const BinaryRow& row) -> absl::Status {
    const auto place = static_cast<size_t>(row.Int64(0)) - 1;
    if (place >= seen) {
      if (place > seen) return UnknownSeries(wanted[seen].key);
      SeriesHead found = HeadOf(wanted[place].key, row);
      if (wanted[place].version > 0 && found.version != wanted[place].version) return UnknownSeries(found.key);
      ++seen;
      head(place, std::move(found));
    }
    if (row.IsNull(10)) return absl::OkStatus();
    return chunk(place, ChunkView{row.Int32(7), row.Int64(8), row.Int64(9), row.View(10), row.Int64(11)});
  };
  BF_RETURN_IF_ERROR(
      tx.Stream(kSeries,
                {postgres::TextArray(resources), postgres::TextArray(symbols), postgres::IntArray(timeframes),
                 postgres::TextArray(variants), postgres::IntArray(versions), options.as_of, options.range.start_ns,
                 options.range.end_ns, limit},
                take));
  return seen == wanted.size() ? absl::OkStatus() : UnknownSeries(wanted[seen].key);
}

}  // namespace

absl::StatusOr<std::vector<Series>> ChunkStore::ReadMany(const std::vector<SeriesVersion>& wanted,
                                                         const ReadOptions& options) {
  std::vector<Series> all;
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    all.assign(wanted.size(), {});
    return StreamSeries(
        tx, wanted, options, kAll,
        [&](size_t place, const SeriesHead& head) {
          all[place] = {.key = head.key, .basis = head.basis, .repeats = head.repeats};
        },
        // Decoded while the server sends the next.
        [&](size_t place, const ChunkView& chunk) {
          if (all[place].empty() && chunk.all_rows > chunk.rows) {
            ReserveTimes(all[place].times, static_cast<size_t>(chunk.all_rows));
          }
          const bool first = all[place].empty();
          BF_RETURN_IF_ERROR(AppendChunk(chunk.body, options.range, options.columns, all[place]));
          const size_t rows = all[place].size();
          if (!first || rows == 0 || chunk.all_rows == chunk.rows || !options.admit) return absl::OkStatus();
          return options.admit(quant::BytesOf(all[place]) / static_cast<int64_t>(rows) * chunk.all_rows);
        });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, read, BulkOptions(options.deadline, true)));
  return all;
}

absl::StatusOr<Series> ChunkStore::Read(const SeriesKey& key, const ReadOptions& options) {
  ReadOptions all = options;
  if (options.version > 0) all.as_of = absl::InfiniteFuture();
  BF_ASSIGN_OR_RETURN(std::vector<Series> series, ReadMany({{key, options.version}}, all));
  return std::move(series.front());
}

absl::StatusOr<Series> ChunkStore::Read(const SeriesKey& key, quant::TimeRange range, absl::Time as_of) {
  return Read(key, ReadOptions{.range = range, .as_of = as_of});
}

absl::StatusOr<std::vector<ChunkCursor>> ChunkStore::OpenMany(const std::vector<SeriesVersion>& wanted,
                                                              const ReadOptions& options) {
  const int64_t ahead = std::max<int64_t>(1, kChunksAhead / static_cast<int64_t>(std::max<size_t>(1, wanted.size())));
  std::vector<ChunkCursor> cursors;
  std::vector<int64_t> missing;  // rows of chunks that are not there yet
  const auto open = [&](BinaryTransaction& tx) -> absl::Status {
    cursors.clear();
    missing.assign(wanted.size(), 0);
    return StreamSeries(
        tx, wanted, options, ahead,
        [&](size_t, SeriesHead head) { cursors.push_back(ChunkCursor(database_, std::move(head), options)); },
        [&](size_t place, const ChunkView& chunk) {
          if (cursors[place].ahead_.empty()) missing[place] = chunk.all_rows;
          missing[place] -= chunk.rows;
          cursors[place].ahead_.push_back(Copy(chunk));
          return absl::OkStatus();
        });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, open, BulkOptions(options.deadline, true)));
  for (size_t i = 0; i < cursors.size(); ++i) cursors[i].exhausted_ = missing[i] == 0;
  return cursors;
}

absl::StatusOr<ChunkCursor> ChunkStore::Open(const SeriesKey& key, const ReadOptions& options) {
  ReadOptions all = options;
  if (options.version > 0) all.as_of = absl::InfiniteFuture();
  BF_ASSIGN_OR_RETURN(std::vector<ChunkCursor> cursors, OpenMany({{key, options.version}}, all));
  return std::move(cursors.front());
}

absl::Status ChunkCursor::ReadAhead() {
  const auto read = [&](BinaryTransaction& tx) -> absl::Status {
    ahead_.clear();
    return tx.Stream(kBodies, {head_.id, head_.version, range_.start_ns, range_.end_ns, kChunksAhead},
                     [&](const BinaryRow& row) {
                       ahead_.push_back(Copy({.rows = row.Int32(0),
                                              .first_time_ns = row.Int64(1),
                                              .last_time_ns = row.Int64(2),
                                              .body = row.View(3)}));
                       return absl::OkStatus();
                     });
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(*database_, read, BulkOptions(deadline_, true)));
  exhausted_ = static_cast<int64_t>(ahead_.size()) < kChunksAhead;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EncodedChunk>> ChunkCursor::Next() {
  if (ahead_.empty() && !exhausted_) BF_RETURN_IF_ERROR(ReadAhead());
  if (ahead_.empty()) return std::nullopt;
  EncodedChunk chunk = std::move(ahead_.front());
  ahead_.pop_front();
  if (begun_ && chunk.first_time_ns < range_.start_ns) {
    // Compaction has put rows that were handed over already into one chunk with those that follow.
    Series rest;
    BF_RETURN_IF_ERROR(AppendChunk(chunk.bytes, {range_.start_ns, INT64_MAX}, {}, rest));
    BF_ASSIGN_OR_RETURN(chunk.bytes, EncodeChunk(rest));
    chunk.rows = static_cast<int64_t>(rest.size());
    chunk.first_time_ns = rest.times.front();
  }
  begun_ = true;
  // The next batch begins behind this chunk.
  range_.start_ns = std::max(range_.start_ns, chunk.last_time_ns + 1);
  return chunk;
}

}  // namespace breadthflow::columnar
