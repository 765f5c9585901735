#include "common/columnar/chunk_sink.h"

#include <chrono>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/row_match.h"
#include "common/columnar/series_lookup.h"
#include "common/postgres/binary.h"

namespace breadthflow::columnar {

using postgres::BinaryTransaction;
using quant::Series;

namespace {

// Encoded chunks written by one transaction: few while the writer would have nothing to do, and never more than this.
constexpr size_t kLeastBytes = size_t{160} << 10;
constexpr size_t kMostBytes = size_t{512} << 10;
// Rows from which on a thread of its own pays for their digest.
constexpr size_t kRowsForThread = 2048;

// What is there already is marked as wanted, so that the sweep leaves it alone until Commit.
constexpr std::string_view kRenewKnown = R"sql(
  UPDATE chunk SET stored_at = clock_timestamp() WHERE hash = ANY($1::bytea[]) RETURNING hash)sql";

constexpr std::string_view kCopyChunks = "COPY chunk (hash, body) FROM STDIN (FORMAT binary)";

constexpr std::string_view kInsertParts = R"sql(
  INSERT INTO series_chunk (series_id, version_from, chunk_hash, rows_digest, row_count, byte_count, first_time_ns,
                            last_time_ns, block_last_ns, block_end)
  SELECT $1::bigint, $2::bigint, decode(p.hash, 'hex'), decode(p.digest, 'hex'), p.row_count, p.byte_count,
         p.first_time_ns, p.last_time_ns, p.block_last_ns::bigint[], p.block_end::int[]
  FROM unnest($3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[], $8::bigint[], $9::text[], $10::text[])
       AS p (hash, digest, row_count, byte_count, first_time_ns, last_time_ns, block_last_ns, block_end))sql";

std::string_view View(const base::Sha256Digest& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

absl::Status ChunkSink::Add(const Series& series, size_t begin, size_t end) {
  // Neither needs the other.
  const auto policy = end - begin < kRowsForThread ? std::launch::deferred : std::launch::async;
  std::future<base::Sha256Digest> digest = std::async(policy, [&] { return RowsDigest(series, begin, end); });
  BF_ASSIGN_OR_RETURN(std::string body, EncodeChunk(series, begin, end));
  Pending chunk{base::Sha256Of(body), std::move(body)};
  BF_ASSIGN_OR_RETURN(std::vector<BlockEnd> blocks, ChunkBlocks(chunk.body));
  if (blocks.size() == 1) blocks.clear();
  refs_.push_back({chunk.hash, digest.get(), static_cast<int64_t>(end - begin), series.times[begin],
                   series.times[end - 1], static_cast<int64_t>(chunk.body.size()), std::move(blocks)});
  bytes_ += chunk.body.size();
  pending_.push_back(std::move(chunk));
  const bool idle = !under_way_.valid() || under_way_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  if (bytes_ < (idle ? kLeastBytes : kMostBytes)) return absl::OkStatus();
  BF_RETURN_IF_ERROR(Finish());
  under_way_ = std::async(std::launch::async, [this, batch = std::exchange(pending_, {})] { return Store(batch); });
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status ChunkSink::Finish() { return under_way_.valid() ? under_way_.get() : absl::OkStatus(); }

absl::Status ChunkSink::Flush() {
  BF_RETURN_IF_ERROR(Finish());
  BF_RETURN_IF_ERROR(Store(pending_));
  pending_.clear();
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status ChunkSink::Store(const std::vector<Pending>& chunks) {
  if (chunks.empty()) return absl::OkStatus();
  std::vector<std::string> hashes;
  hashes.reserve(chunks.size());
  for (const Pending& chunk : chunks) hashes.push_back("\\x" + base::ToHex(chunk.hash));
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
                  for (const Pending& chunk : chunks) {
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
  for (int attempt = 0; attempt < kWriteTries; ++attempt) {
    status = postgres::TransactBinary(database_, store, BulkOptions(absl::InfiniteFuture(), false));
    // Another writer stored one of them between our look and our COPY.
    if (status.code() != absl::StatusCode::kAlreadyExists) break;
  }
  return status;
}

absl::Status InsertParts(postgres::Transaction& tx, int64_t series_id, int64_t version,
                         const std::vector<ChunkRef>& added) {
  if (added.empty()) return absl::OkStatus();
  std::vector<std::string> hashes, digests, block_times, block_ends;
  std::vector<int64_t> rows, bytes, first, last;
  for (const ChunkRef& ref : added) {
    hashes.push_back(base::ToHex(ref.hash));
    digests.push_back(base::ToHex(ref.rows_digest));
    rows.push_back(ref.rows);
    bytes.push_back(ref.bytes);
    first.push_back(ref.first_time_ns);
    last.push_back(ref.last_time_ns);
    std::vector<int64_t> times, ends;
    for (const BlockEnd& block : ref.blocks) {
      times.push_back(block.last_time_ns);
      ends.push_back(static_cast<int64_t>(block.bytes));
    }
    block_times.push_back(postgres::IntArray(times));
    block_ends.push_back(postgres::IntArray(ends));
  }
  return tx
      .Execute(kInsertParts,
               {series_id, version, postgres::TextArray(hashes), postgres::TextArray(digests), postgres::IntArray(rows),
                postgres::IntArray(bytes), postgres::IntArray(first), postgres::IntArray(last),
                postgres::TextArray(block_times), postgres::TextArray(block_ends)})
      .status();
}

}  // namespace breadthflow::columnar
