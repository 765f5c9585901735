#include "common/columnar/chunk_store.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/series_merge.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::Series;
using quant::SeriesKey;

constexpr absl::Duration kBulkTimeout = absl::Seconds(60);
constexpr size_t kBatchBytes = size_t{16} << 20;  // encoded chunks held before they are written
constexpr int64_t kChunksAhead = 16;              // of a cursor: about 1.5 MB
constexpr int kTries = 3;

constexpr std::string_view kFindLatest = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id AND v.version = s.version
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4)sql";

constexpr std::string_view kFindVersion = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4 AND v.version = $5)sql";

constexpr std::string_view kFindAsOf = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4 AND v.known_at <= $5
  ORDER BY v.version DESC LIMIT 1)sql";

constexpr std::string_view kCount = R"sql(
  SELECT coalesce(sum(row_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint,
         coalesce(min(first_time_ns), 0), coalesce(max(last_time_ns), 0), count(*)
  FROM series_chunk WHERE series_id = $1 AND version_from <= $2 AND version_to > $2)sql";

constexpr std::string_view kParts = R"sql(
  SELECT id, row_count, first_time_ns, last_time_ns FROM series_chunk
  WHERE series_id = $1 AND version_to = 9223372036854775807 ORDER BY first_time_ns)sql";

constexpr std::string_view kPartBody = R"sql(
  SELECT c.body FROM series_chunk r JOIN chunk c ON c.hash = r.chunk_hash WHERE r.id = $1)sql";

constexpr std::string_view kBodies = R"sql(
  SELECT r.row_count, r.first_time_ns, r.last_time_ns, c.body
  FROM (SELECT chunk_hash, row_count, first_time_ns, last_time_ns FROM series_chunk
        WHERE series_id = $1 AND version_from <= $2 AND version_to > $2 AND first_time_ns < $4 AND last_time_ns >= $3
        ORDER BY first_time_ns LIMIT $5) r
  JOIN chunk c ON c.hash = r.chunk_hash ORDER BY r.first_time_ns)sql";

// What is there already is marked as wanted, so that the sweep leaves it alone until Commit.
constexpr std::string_view kRenewKnown = R"sql(
  UPDATE chunk SET stored_at = clock_timestamp() WHERE hash = ANY($1::bytea[]) RETURNING hash)sql";

constexpr std::string_view kCopyChunks = "COPY chunk (hash, body) FROM STDIN (FORMAT binary)";

constexpr std::string_view kInsertSeries = R"sql(
  INSERT INTO series (resource, symbol, timeframe, variant, basis, repeats, version)
  VALUES ($1, $2, $3, $4, $5, $6, 1)
  ON CONFLICT ON CONSTRAINT series_key DO NOTHING RETURNING id, changed_at)sql";

constexpr std::string_view kAdvanceSeries = R"sql(
  UPDATE series SET version = version + 1,
                    changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
  WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 AND version = $5 RETURNING id, changed_at)sql";

constexpr std::string_view kHoldSeries = R"sql(
  SELECT id FROM series
  WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 AND version = $5 FOR SHARE)sql";

constexpr std::string_view kInsertVersion =
    "INSERT INTO series_version (series_id, version, known_at, provenance) VALUES ($1, $2, $3, $4)";

constexpr std::string_view kCloseParts = R"sql(
  UPDATE series_chunk SET version_to = $2
  WHERE series_id = $1 AND id = ANY($3::bigint[]) AND version_to = 9223372036854775807)sql";

constexpr std::string_view kInsertParts = R"sql(
  INSERT INTO series_chunk (series_id, version_from, chunk_hash, row_count, byte_count, first_time_ns, last_time_ns)
  SELECT $1::bigint, $2::bigint, decode(p.hash, 'hex'), p.row_count, p.byte_count, p.first_time_ns, p.last_time_ns
  FROM unnest($3::text[], $4::int[], $5::int[], $6::bigint[], $7::bigint[])
       AS p (hash, row_count, byte_count, first_time_ns, last_time_ns))sql";

constexpr std::string_view kSweep = R"sql(
  DELETE FROM chunk WHERE hash IN (
    SELECT c.hash FROM chunk c
    WHERE c.stored_at < clock_timestamp() - make_interval(secs => $1)
      AND NOT EXISTS (SELECT 1 FROM series_chunk r WHERE r.chunk_hash = c.hash)
    LIMIT $2 FOR UPDATE SKIP LOCKED))sql";

std::string Describe(const SeriesKey& key) {
  return fmt::format("{} {} {}{}{}", key.resource, key.symbol, quant::ToText(key.timeframe),
                     key.variant.empty() ? "" : " ", key.variant);
}

absl::Status Unknown(const SeriesKey& key) {
  return base::MakeError(
      absl::StatusCode::kNotFound, fmt::format("series {} is not stored", Describe(key)),
      {.reason = "UNKNOWN_SERIES", .metadata = {{"resource", key.resource}, {"symbol", key.symbol}}});
}

absl::Status Moved(const SeriesKey& key) {
  return base::MakeError(absl::StatusCode::kAborted,
                         fmt::format("another writer has changed series {} meanwhile", Describe(key)),
                         {.reason = "CONFLICT", .retry_after = absl::Milliseconds(50)});
}

std::vector<postgres::Param> KeyParams(const SeriesKey& key) {
  return {key.resource, key.symbol, static_cast<int64_t>(key.timeframe), key.variant};
}

postgres::TransactOptions BulkOptions(absl::Time deadline, bool read_only) {
  return {.deadline = deadline, .statement_timeout = kBulkTimeout, .read_only = read_only};
}

// nullopt when there is no such series or version.
absl::StatusOr<std::optional<SeriesHead>> Find(BinaryTransaction& tx, const SeriesKey& key,
                                               const ReadOptions& options) {
  std::vector<postgres::Param> params = KeyParams(key);
  std::string_view sql = kFindLatest;
  if (options.version > 0) {
    sql = kFindVersion;
    params.emplace_back(options.version);
  } else if (options.as_of != absl::InfiniteFuture()) {
    sql = kFindAsOf;
    params.emplace_back(options.as_of);
  }
  BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(sql, params));
  if (rows.empty()) return std::nullopt;
  const BinaryRow row = rows[0];
  SeriesHead head;
  head.id = row.Int64(0);
  head.key = key;
  head.basis = static_cast<quant::PriceBasis>(row.Int16(1));
  head.repeats = row.Bool(2);
  head.version = row.Int64(3);
  head.known_at = row.Time(4);
  head.provenance = std::string(row.View(5));
  return head;
}

absl::Status ReadAhead(BinaryTransaction& tx, const SeriesHead& head, quant::TimeRange range,
                       std::deque<EncodedChunk>& ahead) {
  ahead.clear();
  BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows,
                      tx.Query(kBodies, {head.id, head.version, range.start_ns, range.end_ns, kChunksAhead}));
  for (int i = 0; i < rows.size(); ++i) {
    const BinaryRow row = rows[i];
    ahead.push_back({std::string(row.View(3)), row.Int32(0), row.Int64(1), row.Int64(2)});
  }
  return absl::OkStatus();
}

struct PendingChunk {
  base::Sha256Digest hash{};
  std::string body;
};

std::string_view View(const base::Sha256Digest& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

absl::Status StoreChunks(postgres::Database& database, const std::vector<PendingChunk>& chunks) {
  if (chunks.empty()) return absl::OkStatus();
  std::vector<std::string> hashes;
  for (const PendingChunk& chunk : chunks) hashes.push_back("\\x" + base::ToHex(chunk.hash));
  const std::string list = postgres::TextArray(hashes);
  const auto store = [&](BinaryTransaction& tx) -> absl::Status {
    // Durable at the latest with the transaction that refers to the chunks: the log is written in order.
    BF_RETURN_IF_ERROR(tx.Execute("SET LOCAL synchronous_commit = off").status());
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows known, tx.Query(kRenewKnown, {list}));
    std::unordered_set<std::string> done;
    for (int i = 0; i < known.size(); ++i) done.emplace(known[i].View(0));
    return tx
        .CopyIn(kCopyChunks,
                [&](postgres::CopyWriter& out) {
                  for (const PendingChunk& chunk : chunks) {
                    if (!done.emplace(View(chunk.hash)).second) continue;
                    out.StartRow(2);
                    out.Bytes(View(chunk.hash));
                    out.Bytes(chunk.body);
                  }
                  return absl::OkStatus();
                })
        .status();
  };
  absl::Status status;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    status = postgres::TransactBinary(database, store, BulkOptions(absl::InfiniteFuture(), false));
    // Another writer stored one of them between our look and our COPY.
    if (status.code() != absl::StatusCode::kAlreadyExists) break;
  }
  return status;
}

// Encodes what Merge gives out and stores it batch by batch.
class ChunkSink {
 public:
  explicit ChunkSink(postgres::Database& database) : database_(database) {}

  absl::Status Add(const Series& series, size_t begin, size_t end) {
    BF_ASSIGN_OR_RETURN(std::string body, EncodeChunk(series, begin, end));
    PendingChunk chunk{base::Sha256Of(body), std::move(body)};
    refs_.push_back({chunk.hash, static_cast<int64_t>(end - begin), series.times[begin], series.times[end - 1],
                     static_cast<int64_t>(chunk.body.size())});
    bytes_ += chunk.body.size();
    pending_.push_back(std::move(chunk));
    return bytes_ < kBatchBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    BF_RETURN_IF_ERROR(StoreChunks(database_, pending_));
    pending_.clear();
    bytes_ = 0;
    return absl::OkStatus();
  }

  std::vector<ChunkRef> TakeRefs() { return std::move(refs_); }

 private:
  postgres::Database& database_;
  std::vector<PendingChunk> pending_;
  size_t bytes_ = 0;
  std::vector<ChunkRef> refs_;
};

absl::Status InsertParts(postgres::Transaction& tx, int64_t series_id, int64_t version,
                         const std::vector<ChunkRef>& added) {
  if (added.empty()) return absl::OkStatus();
  std::vector<std::string> hashes;
  std::vector<int64_t> rows, bytes, first, last;
  for (const ChunkRef& ref : added) {
    hashes.push_back(base::ToHex(ref.hash));
    rows.push_back(ref.rows);
    bytes.push_back(ref.bytes);
    first.push_back(ref.first_time_ns);
    last.push_back(ref.last_time_ns);
  }
  return tx
      .Execute(kInsertParts, {series_id, version, postgres::TextArray(hashes), postgres::IntArray(rows),
                              postgres::IntArray(bytes), postgres::IntArray(first), postgres::IntArray(last)})
      .status();
}

}  // namespace

absl::StatusOr<WrittenSeries> ChunkStore::Write(const Series& series, const WriteOptions& options) {
  BF_RETURN_IF_ERROR(series.Validate());
  WrittenSeries written{
      .key = series.key, .basis = series.basis, .repeats = series.repeats, .provenance = options.provenance};
  std::optional<SeriesHead> head;
  std::vector<StoredPart> parts;
  const auto look = [&](BinaryTransaction& tx) -> absl::Status {
    parts.clear();
    BF_ASSIGN_OR_RETURN(head, Find(tx, series.key, {}));
    if (!head) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kParts, {head->id}));
    for (int i = 0; i < rows.size(); ++i) {
      parts.push_back({rows[i].Int64(0), rows[i].Int32(1), rows[i].Int64(2), rows[i].Int64(3)});
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, look, BulkOptions(absl::InfiniteFuture(), true)));
  if (head) {
    written.base_version = head->version;
    if (head->basis != series.basis) {
      return base::MakeError(
          absl::StatusCode::kFailedPrecondition, "BASIS_CONFLICT",
          fmt::format("series {} is stored with price basis {}, new rows have {}", Describe(series.key),
                      quant::ToText(head->basis), quant::ToText(series.basis)));
    }
    if (head->repeats != series.repeats) {
      constexpr std::string_view kWhat[] = {"one row an instant", "rows that may share their instant"};
      return base::MakeError(absl::StatusCode::kFailedPrecondition, "ROW_UNIQUENESS_CONFLICT",
                             fmt::format("series {} is stored with {}, new rows have {}", Describe(series.key),
                                         kWhat[head->repeats], kWhat[series.repeats]));
    }
  }
  const auto load = [&](const StoredPart& part) -> absl::StatusOr<Series> {
    std::string body;
    BF_RETURN_IF_ERROR(postgres::TransactBinary(
        database_,
        [&](BinaryTransaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kPartBody, {part.id}));
          if (rows.empty()) return Moved(series.key);
          body = std::string(rows[0].View(0));
          return absl::OkStatus();
        },
        BulkOptions(absl::InfiniteFuture(), true)));
    return DecodeChunk(body);
  };
  ChunkSink sink(database_);
  BF_ASSIGN_OR_RETURN(MergeResult merged, MergeSeries(parts, series, options.replaces, load,
                                                      [&](const Series& rows, size_t begin, size_t end) {
                                                        return sink.Add(rows, begin, end);
                                                      }));
  BF_RETURN_IF_ERROR(sink.Flush());
  written.added = sink.TakeRefs();
  written.closed_ids = std::move(merged.closed_ids);
  written.rows_inserted = merged.rows_inserted;
  written.rows_revised = merged.rows_revised;
  written.rows_removed = merged.rows_removed;
  return written;
}

absl::StatusOr<int64_t> ChunkStore::Commit(postgres::Transaction& tx, const WrittenSeries& written) {
  std::vector<postgres::Param> params = KeyParams(written.key);
  if (written.base_version == 0) {
    params.emplace_back(static_cast<int64_t>(written.basis));
    params.emplace_back(written.repeats);
  } else {
    params.emplace_back(written.base_version);
  }
  const bool same = written.base_version > 0 && written.unchanged();
  const std::string_view sql = written.base_version == 0 ? kInsertSeries : same ? kHoldSeries : kAdvanceSeries;
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(sql, std::move(params)));
  if (rows.empty()) return Moved(written.key);
  if (same) return written.base_version;
  const int64_t id = rows[0].Int(0);
  const int64_t version = written.base_version + 1;
  BF_RETURN_IF_ERROR(tx.Execute(kInsertVersion, {id, version, rows[0].Time(1), written.provenance}).status());
  if (!written.closed_ids.empty()) {
    BF_ASSIGN_OR_RETURN(const int64_t closed,
                        tx.Execute(kCloseParts, {id, version, postgres::IntArray(written.closed_ids)}));
    if (closed != static_cast<int64_t>(written.closed_ids.size())) {
      return base::MakeError(
          absl::StatusCode::kInternal, "INTERNAL",
          fmt::format("closed {} of {} chunks of series {}", closed, written.closed_ids.size(), Describe(written.key)));
    }
  }
  BF_RETURN_IF_ERROR(InsertParts(tx, id, version, written.added));
  return version;
}

absl::StatusOr<WrittenSeries> ChunkStore::Put(const Series& series, const WriteOptions& options) {
  absl::Status status;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    BF_ASSIGN_OR_RETURN(WrittenSeries written, Write(series, options));
    status = database_.Transact([&](postgres::Transaction& tx) { return Commit(tx, written).status(); });
    if (status.ok()) return written;
    if (status.code() != absl::StatusCode::kAborted) break;
  }
  return status;
}

absl::StatusOr<ChunkCursor> ChunkStore::Open(const SeriesKey& key, const ReadOptions& options) {
  std::optional<ChunkCursor> cursor;
  const auto open = [&](BinaryTransaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(std::optional<SeriesHead> head, Find(tx, key, options));
    if (!head) return Unknown(key);
    cursor = ChunkCursor(database_, *std::move(head), options);
    BF_RETURN_IF_ERROR(ReadAhead(tx, cursor->head_, cursor->range_, cursor->ahead_));
    cursor->exhausted_ = static_cast<int64_t>(cursor->ahead_.size()) < kChunksAhead;
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, open, BulkOptions(options.deadline, true)));
  return *std::move(cursor);
}

absl::StatusOr<std::optional<EncodedChunk>> ChunkCursor::Next() {
  if (ahead_.empty() && !exhausted_) {
    BF_RETURN_IF_ERROR(postgres::TransactBinary(
        *database_, [&](BinaryTransaction& tx) { return ReadAhead(tx, head_, range_, ahead_); },
        BulkOptions(deadline_, true)));
    exhausted_ = static_cast<int64_t>(ahead_.size()) < kChunksAhead;
  }
  if (ahead_.empty()) return std::nullopt;
  EncodedChunk chunk = std::move(ahead_.front());
  ahead_.pop_front();
  // The next batch begins behind this chunk.
  range_.start_ns = std::max(range_.start_ns, chunk.last_time_ns + 1);
  return chunk;
}

absl::StatusOr<Series> ChunkStore::Read(const SeriesKey& key, const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(ChunkCursor cursor, Open(key, options));
  std::vector<std::string> chunks;
  size_t rows = 0;
  while (true) {
    BF_ASSIGN_OR_RETURN(std::optional<EncodedChunk> chunk, cursor.Next());
    if (!chunk) break;
    rows += static_cast<size_t>(chunk->rows);
    chunks.push_back(std::move(chunk->bytes));
  }
  // Decoded at last, when it is known how much room the rows need.
  Series series{.key = key, .basis = cursor.head().basis, .repeats = cursor.head().repeats};
  series.times.reserve(rows);
  for (std::string& bytes : chunks) {
    BF_RETURN_IF_ERROR(AppendChunk(bytes, options.range, options.columns, series));
    bytes = {};
  }
  return series;
}

absl::StatusOr<Series> ChunkStore::Read(const SeriesKey& key, quant::TimeRange range, absl::Time as_of) {
  return Read(key, ReadOptions{.range = range, .as_of = as_of});
}

absl::Status ChunkStore::Stream(const SeriesKey& key, const ReadOptions& options,
                                const std::function<absl::Status(EncodedChunk)>& fn) {
  BF_ASSIGN_OR_RETURN(ChunkCursor cursor, Open(key, options));
  while (true) {
    BF_ASSIGN_OR_RETURN(std::optional<EncodedChunk> chunk, cursor.Next());
    if (!chunk) return absl::OkStatus();
    BF_RETURN_IF_ERROR(fn(*std::move(chunk)));
  }
}

absl::StatusOr<SeriesHead> ChunkStore::Head(const SeriesKey& key, const ReadOptions& options) {
  std::optional<SeriesHead> head;
  const auto look = [&](BinaryTransaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(head, Find(tx, key, options));
    if (!head) return Unknown(key);
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
           v.provenance, c.row_count, c.byte_count, c.first_time_ns, c.last_time_ns, c.chunk_count
    FROM series s
    CROSS JOIN LATERAL (SELECT version, known_at, provenance FROM series_version
                        WHERE series_id = s.id AND known_at <= $1 ORDER BY version DESC LIMIT 1) v
    CROSS JOIN LATERAL (SELECT coalesce(sum(row_count), 0)::bigint AS row_count,
                               coalesce(sum(byte_count), 0)::bigint AS byte_count,
                               coalesce(min(first_time_ns), 0) AS first_time_ns,
                               coalesce(max(last_time_ns), 0) AS last_time_ns, count(*) AS chunk_count
                        FROM series_chunk WHERE series_id = s.id AND version_from <= v.version
                                            AND version_to > v.version) c
    WHERE true)sql";
  std::vector<postgres::Param> params = {as_of};
  const auto bind = [&](postgres::Param param) {
    params.push_back(std::move(param));
    return fmt::format("${}", params.size());
  };
  if (!filter.resource.empty()) sql += fmt::format(" AND s.resource = {}", bind(filter.resource));
  if (!filter.symbols.empty()) {
    sql += fmt::format(" AND s.symbol = ANY({}::text[])", bind(postgres::TextArray(filter.symbols)));
  }
  if (filter.timeframe) sql += fmt::format(" AND s.timeframe = {}", bind(static_cast<int64_t>(*filter.timeframe)));
  if (filter.variant) sql += fmt::format(" AND s.variant = {}", bind(*filter.variant));
  if (filter.after) {
    sql += fmt::format(" AND (s.resource, s.symbol, s.timeframe, s.variant) > ({}, {}, {}, {})",
                       bind(filter.after->resource), bind(filter.after->symbol),
                       bind(static_cast<int64_t>(filter.after->timeframe)), bind(filter.after->variant));
  }
  sql += " ORDER BY s.resource, s.symbol, s.timeframe, s.variant";
  if (filter.limit > 0) sql += fmt::format(" LIMIT {}", bind(filter.limit));
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
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, list, BulkOptions(absl::InfiniteFuture(), true)));
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
