#include "common/columnar/chunk_compactor.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/chunk_sink.h"
#include "common/columnar/compaction_plan.h"
#include "common/columnar/series_lookup.h"
#include "common/columnar/series_rows.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {
namespace {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::Series;

// By the index series_chunk_small.
constexpr std::string_view kCandidates = R"sql(
  SELECT series_id FROM series_chunk
  WHERE version_to = 9223372036854775807 AND row_count < 4096 AND series_id > $1
  GROUP BY series_id HAVING count(*) >= $2 ORDER BY series_id LIMIT $3)sql";

constexpr std::string_view kParts = R"sql(
  SELECT s.version, s.repeats, r.id, r.row_count, r.first_time_ns, r.last_time_ns
  FROM series s JOIN series_chunk r ON r.series_id = s.id AND r.version_to = 9223372036854775807
  WHERE s.id = $1 ORDER BY r.first_time_ns)sql";

constexpr std::string_view kBodies = R"sql(
  SELECT c.body FROM series_chunk r JOIN chunk c ON c.hash = r.chunk_hash
  WHERE r.id = ANY($1::bigint[]) ORDER BY r.first_time_ns)sql";

constexpr std::string_view kHoldVersion = "SELECT id FROM series WHERE id = $1 AND version = $2 FOR NO KEY UPDATE";

// A part that this version began is forgotten; one that earlier versions have ends with them.
constexpr std::string_view kForgetParts = R"sql(
  DELETE FROM series_chunk
  WHERE id = ANY($1::bigint[]) AND version_from = $2 AND version_to = 9223372036854775807)sql";

constexpr std::string_view kCloseParts = R"sql(
  UPDATE series_chunk SET version_to = $2
  WHERE id = ANY($1::bigint[]) AND version_from < $2 AND version_to = 9223372036854775807)sql";

bool SameColumns(const Series& a, const Series& b) {
  return std::equal(
      a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
      [](const quant::Column& x, const quant::Column& y) { return x.name == y.name && x.type() == y.type(); });
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> ChunkCompactor::Candidates(int64_t max_series) {
  std::vector<int64_t> ids;
  const auto look = [&](BinaryTransaction& tx) -> absl::Status {
    ids.clear();
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kCandidates, {after_, min_small_, max_series}));
    for (int i = 0; i < rows.size(); ++i) ids.push_back(rows[i].Int64(0));
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, look, BulkOptions(absl::InfiniteFuture(), true)));
  return ids;
}

absl::StatusOr<ChunkCompactor::Candidate> ChunkCompactor::Load(int64_t series_id) {
  Candidate candidate;
  const auto look = [&](BinaryTransaction& tx) -> absl::Status {
    candidate = {.id = series_id};
    BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(kParts, {series_id}));
    for (int i = 0; i < rows.size(); ++i) {
      candidate.version = rows[i].Int64(0);
      candidate.repeats = rows[i].Bool(1);
      candidate.parts.push_back({rows[i].Int64(2), rows[i].Int32(3), rows[i].Int64(4), rows[i].Int64(5), std::nullopt});
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, look, BulkOptions(absl::InfiniteFuture(), true)));
  return candidate;
}

absl::Status ChunkCompactor::CompactSeries(const Candidate& candidate, CompactionRound& round) {
  ChunkSink sink(database_);
  std::vector<int64_t> merged;
  for (const auto& [begin, end] : PlanCompaction(candidate.parts)) {
    std::vector<int64_t> ids;
    for (size_t i = begin; i < end; ++i) ids.push_back(candidate.parts[i].id);
    Series rows;
    size_t chunks = 0;
    bool same_columns = true;
    const auto load = [&](BinaryTransaction& tx) -> absl::Status {
      rows = {.repeats = candidate.repeats};
      chunks = 0;
      same_columns = true;
      return tx.Stream(kBodies, {postgres::IntArray(ids)}, [&](const BinaryRow& row) -> absl::Status {
        BF_ASSIGN_OR_RETURN(Series part, DecodeChunk(row.View(0)));
        same_columns &= chunks++ == 0 || SameColumns(rows, part);
        return AppendRows(std::move(part), rows);
      });
    };
    BF_RETURN_IF_ERROR(postgres::TransactBinary(database_, load, BulkOptions(absl::InfiniteFuture(), true)));
    // Together, one part would get columns that it does not have: it would read differently.
    if (!same_columns) continue;
    if (chunks != ids.size()) {
      ++round.conflicts;
      return absl::OkStatus();
    }
    BF_RETURN_IF_ERROR(sink.Add(rows, 0, rows.size()));
    merged.insert(merged.end(), ids.begin(), ids.end());
  }
  if (merged.empty()) return absl::OkStatus();
  BF_RETURN_IF_ERROR(sink.Flush());
  const std::vector<ChunkRef> written = sink.TakeRefs();
  bool moved = false;
  const absl::Status swapped = database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const postgres::Rows held, tx.Query(kHoldVersion, {candidate.id, candidate.version}));
    moved = held.empty();
    if (moved) return absl::AbortedError("the series has moved");
    const std::string list = postgres::IntArray(merged);
    BF_ASSIGN_OR_RETURN(const int64_t forgotten, tx.Execute(kForgetParts, {list, candidate.version}));
    BF_ASSIGN_OR_RETURN(const int64_t closed, tx.Execute(kCloseParts, {list, candidate.version}));
    moved = forgotten + closed != static_cast<int64_t>(merged.size());
    if (moved) return absl::AbortedError("its chunks have been replaced");
    return InsertParts(tx, candidate.id, candidate.version, written);
  });
  if (moved) {
    ++round.conflicts;
    return absl::OkStatus();
  }
  BF_RETURN_IF_ERROR(swapped);
  ++round.series;
  round.chunks_merged += static_cast<int64_t>(merged.size());
  round.chunks_written += static_cast<int64_t>(written.size());
  return absl::OkStatus();
}

absl::StatusOr<CompactionRound> ChunkCompactor::Run(int64_t max_series) {
  CompactionRound round;
  BF_ASSIGN_OR_RETURN(const std::vector<int64_t> ids, Candidates(max_series));
  for (const int64_t id : ids) {
    after_ = id;
    BF_ASSIGN_OR_RETURN(const Candidate candidate, Load(id));
    BF_RETURN_IF_ERROR(CompactSeries(candidate, round));
  }
  round.done = static_cast<int64_t>(ids.size()) < max_series;
  if (round.done) after_ = 0;
  return round;
}

}  // namespace breadthflow::columnar
