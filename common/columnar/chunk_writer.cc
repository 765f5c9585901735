// ChunkStore: how rows come in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/chunk_sink.h"
#include "common/columnar/chunk_store.h"
#include "common/columnar/series_lookup.h"
#include "common/columnar/series_merge.h"
#include "common/columnar/series_unite.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryTransaction;
using quant::Series;

constexpr size_t kMostKeptBytes = size_t{16} << 20;  // of one write

constexpr std::string_view kParts = R"sql(
  SELECT id, row_count, first_time_ns, last_time_ns, rows_digest FROM series_chunk
  WHERE series_id = $1 AND version_to = 9223372036854775807 ORDER BY first_time_ns)sql";

constexpr std::string_view kPartBody = R"sql(
  SELECT c.body FROM series_chunk r JOIN chunk c ON c.hash = r.chunk_hash WHERE r.id = $1)sql";

constexpr std::string_view kInsertSeries = R"sql(
  INSERT INTO series (resource, symbol, timeframe, variant, basis, repeats, version)
  VALUES ($1, $2, $3, $4, $5, $6, 1)
  ON CONFLICT ON CONSTRAINT series_key DO NOTHING RETURNING id, changed_at)sql";

// The clock is read when the row is held: who holds it in between (SELECT ... FOR SHARE) and reads the clock then knows
// that what comes later is later.
constexpr std::string_view kAdvanceSeries = R"sql(
  WITH held AS MATERIALIZED (
    SELECT id FROM series
    WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 AND version = $5 FOR UPDATE)
  UPDATE series s SET version = s.version + 1,
                      changed_at = greatest(clock_timestamp(), s.changed_at + interval '1 microsecond')
  FROM held WHERE s.id = held.id RETURNING s.id, s.changed_at)sql";

constexpr std::string_view kHoldSeries = R"sql(
  SELECT id FROM series
  WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 AND version = $5 FOR SHARE)sql";

// Who listens is told that there is something new, once per transaction and not before it is committed (change_log.h).
constexpr std::string_view kInsertVersion = R"sql(
  INSERT INTO series_version (series_id, version, known_at, provenance) VALUES ($1, $2, $3, $4)
  RETURNING pg_notify(current_schema() || '_series', ''))sql";

constexpr std::string_view kCloseParts = R"sql(
  UPDATE series_chunk SET version_to = $2
  WHERE series_id = $1 AND id = ANY($3::bigint[]) AND version_to = 9223372036854775807)sql";

std::optional<base::Sha256Digest> DigestOf(const postgres::BinaryRow& row, int column) {
  base::Sha256Digest digest{};
  if (row.IsNull(column)) return std::nullopt;
  const std::string_view bytes = row.View(column);
  if (bytes.size() != digest.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
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
    BF_ASSIGN_OR_RETURN(head, FindSeries(tx, series.key, {}));
    if (!head) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kParts, {head->id}));
    for (int i = 0; i < rows.size(); ++i) {
      parts.push_back({rows[i].Int64(0), rows[i].Int32(1), rows[i].Int64(2), rows[i].Int64(3), DigestOf(rows[i], 4)});
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, look, BulkOptions(absl::InfiniteFuture(), true)));
  if (head) {
    written.base_version = head->version;
    for (const StoredPart& part : parts) {
      written.base_last_time_ns = std::max(written.base_last_time_ns, part.last_time_ns);
    }
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
  // Bodies that the union has read stay for the merge, which mostly wants the same ones: packed, and not too many.
  bool uniting = options.adds_by.has_value();
  std::map<int64_t, std::string> kept;  // by part
  size_t kept_bytes = 0;
  const auto load = [&](const StoredPart& part) -> absl::StatusOr<Series> {
    if (const auto known = kept.extract(part.id)) {
      kept_bytes -= known.mapped().size();
      return DecodeChunk(known.mapped());
    }
    std::string body;
    BF_RETURN_IF_ERROR(postgres::TransactBinary(
        database_,
        [&](BinaryTransaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kPartBody, {part.id}));
          if (rows.empty()) return SeriesMoved(series.key);
          body = std::string(rows[0].View(0));
          return absl::OkStatus();
        },
        BulkOptions(absl::InfiniteFuture(), true)));
    absl::StatusOr<Series> rows = DecodeChunk(body);
    if (uniting && kept_bytes + body.size() <= kMostKeptBytes) {
      kept_bytes += body.size();
      kept.emplace(part.id, std::move(body));
    }
    return rows;
  };
  std::optional<Series> united;
  if (options.adds_by) {
    BF_ASSIGN_OR_RETURN(united, UniteSeries(parts, series, *options.adds_by, load));
  }
  uniting = false;
  ChunkSink sink(database_);
  BF_ASSIGN_OR_RETURN(MergeResult merged, MergeSeries(parts, united ? *united : series, options.replaces, load,
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
  if (rows.empty()) return SeriesMoved(written.key);
  if (same) return written.base_version;
  const int64_t id = rows[0].Int(0);
  const int64_t version = written.base_version + 1;
  BF_RETURN_IF_ERROR(tx.Execute(kInsertVersion, {id, version, rows[0].Time(1), written.provenance}).status());
  if (!written.closed_ids.empty()) {
    BF_ASSIGN_OR_RETURN(const int64_t closed,
                        tx.Execute(kCloseParts, {id, version, postgres::IntArray(written.closed_ids)}));
    // The version is the one we know, but compaction has put some of its chunks together meanwhile.
    if (closed != static_cast<int64_t>(written.closed_ids.size())) return SeriesMoved(written.key);
  }
  BF_RETURN_IF_ERROR(InsertParts(tx, id, version, written.added));
  return version;
}

absl::StatusOr<WrittenSeries> ChunkStore::Put(const Series& series, const WriteOptions& options) {
  absl::Status status;
  for (int attempt = 0; attempt < kWriteTries; ++attempt) {
    BF_ASSIGN_OR_RETURN(WrittenSeries written, Write(series, options));
    status = database_.Transact([&](postgres::Transaction& tx) { return Commit(tx, written).status(); });
    if (status.ok()) return written;
    if (status.code() != absl::StatusCode::kAborted) break;
  }
  return status;
}

}  // namespace breadthflow::columnar
