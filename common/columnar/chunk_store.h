#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/hash.h"
#include "common/columnar/chunk_codec.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "common/quant/series.h"

// Where Series are kept: immutable, content-addressed chunks plus references that say which chunk held which rows of
// which series, from which version to which. Every service that keeps Series has these tables in its own schema.
//
// Two times: a row's own time, and the knowledge time at which this store learnt it. Nothing is overwritten: a
// correction closes the references it replaces and adds new ones, and every earlier state can still be read, by time
// (`as_of`) or by version, unless old rows were dropped (range_dropper.h). A version is a number per series that grows
// by one with every change.
namespace breadthflow::columnar {

// Tables chunk, series, series_version, series_chunk and series_drop; numbers 10-19. To be given to postgres::Migrate
// with the service's own.
const std::vector<postgres::Migration>& Migrations();

struct ChunkRef {
  base::Sha256Digest hash{};         // of the encoded bytes
  base::Sha256Digest rows_digest{};  // of the rows (row_match.h)
  int64_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  int64_t bytes = 0;
  std::vector<BlockEnd> blocks;  // empty when there is only one
};

struct WriteOptions {
  // Empty: rows are inserted or replace the stored rows of the same time. Set: the new rows are all there is in that
  // range, so that stored rows in it that the new series does not have are gone in the new version.
  std::optional<quant::TimeRange> replaces;
  // Set: nothing that is stored goes away but values that the new rows have; rows of one instant are told apart by
  // these columns (series_unite.h). Not together with `replaces`.
  std::optional<std::vector<std::string>> adds_by;
  // Where the rows came from; kept with the version, for lineage. Free text ("fetchRuns/0190...").
  std::string provenance;
};

// The outcome of Write: chunks that are stored but belong to no series until Commit.
struct WrittenSeries {
  quant::SeriesKey key;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;
  std::string provenance;
  int64_t base_version = 0;  // the version this was computed from; 0 when the series is new
  int64_t base_last_time_ns = std::numeric_limits<int64_t>::min();  // of the last row of that version, if it has rows
  std::vector<ChunkRef> added;                                      // in time order
  std::vector<int64_t> closed_ids;                                  // references that end
  int64_t rows_inserted = 0;
  int64_t rows_revised = 0;
  int64_t rows_removed = 0;
  bool unchanged() const { return added.empty() && closed_ids.empty(); }
};

// Rows before an instant were dropped.
struct SeriesDrop {
  int64_t before_ns = 0;
  absl::Time known_at;  // of the version that lacks them
};

struct SeriesHead {
  int64_t id = 0;  // of this schema
  quant::SeriesKey key;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;  // rows may share their instant
  int64_t version = 0;
  absl::Time known_at;     // knowledge time of this version
  std::string provenance;  // of this version
  int64_t rows = 0;
  int64_t bytes = 0;  // of the chunks of this version
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  int64_t chunk_count = 0;  // rows .. chunk_count are filled by Head and List only
  // Filled by List only (range_dropper.h). This state had rows before that instant, which were dropped in a later one:
  // they may be gone, or go. The smallest int64: none were.
  int64_t lost_before_ns = std::numeric_limits<int64_t>::min();
  absl::Time lost_since = absl::InfiniteFuture();  // when that began
  // Rows before that instant were dropped by this state or an earlier one, and none has come back from before the first
  // one that the drop left.
  int64_t dropped_before_ns = std::numeric_limits<int64_t>::min();
  std::vector<SeriesDrop> drops{};  // by this state or an earlier one, ascending, whatever has come back since

  // The instant before which rows were dropped by this state or an earlier one, at `since` or later; the smallest
  // int64: none were. What somebody was given whole after `since` has come back.
  int64_t DroppedSince(absl::Time since) const;
};

// Which rows of which state. The default is everything in the latest version.
struct ReadOptions {
  quant::TimeRange range;
  absl::Time as_of = absl::InfiniteFuture();  // knowledge time; ignored when `version` is set
  int64_t version = 0;                        // > 0: exactly this version
  std::vector<std::string> columns;           // empty: all
  // Of Read: asked before more rows than one chunk has are put together, with the bytes that they will take in memory,
  // about. An error ends the read. Null: any number of them.
  std::function<absl::Status(int64_t)> admit;
  absl::Time deadline = absl::InfiniteFuture();
};

// A series in one of its states.
struct SeriesVersion {
  quant::SeriesKey key;
  int64_t version = 0;  // 0: the one that ReadOptions::as_of names
};

struct EncodedChunk {
  std::string bytes;  // where it reaches beyond the range read, blocks may be left out: AppendChunk knows
  int64_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
};

// Hands over, in time order, the chunks of one version of one series that overlap a range: the first and the last may
// hold rows outside it. Reads ahead a few chunks; no connection is held between calls, so a slow reader costs nothing.
// Not thread-safe; the database must outlive it.
class ChunkCursor {
 public:
  const SeriesHead& head() const { return head_; }
  // The next chunk, or nullopt at the end. After an error, the same call may be tried again.
  absl::StatusOr<std::optional<EncodedChunk>> Next();

 private:
  friend class ChunkStore;
  ChunkCursor(postgres::Database& database, SeriesHead head, const ReadOptions& options)
      : database_(&database), head_(std::move(head)), range_(options.range), deadline_(options.deadline) {}
  postgres::Database* database_;
  SeriesHead head_;
  absl::Status ReadAhead();

  quant::TimeRange range_;  // what is still to come
  absl::Time deadline_;
  std::deque<EncodedChunk> ahead_;
  bool begun_ = false;
  bool exhausted_ = false;
};

// A part of a resource's series by key; empty fields select all.
struct SeriesFilter {
  std::string resource;
  std::vector<std::string> symbols;
  std::optional<quant::Timeframe> timeframe;
  std::optional<std::string> variant;
  std::optional<quant::SeriesKey> after;  // only keys that sort behind this one
  int64_t limit = 0;                      // 0: no limit
  absl::Time deadline = absl::InfiniteFuture();
};

// Thread-safe; holds no state but the database. chunk_writer.cc, chunk_reader.cc and chunk_catalog.cc have its parts.
// Many small chunks of a series are put together by ChunkCompactor (chunk_compactor.h), which no reader sees. Errors of
// the database as postgres::Database says.
class ChunkStore {
 public:
  explicit ChunkStore(postgres::Database& database) : database_(database) {}

  // Compares `series` with what is stored, encodes the rows that are new or differ (with a small last chunk, if the
  // rows follow it) and stores those chunks. Nothing is visible before Commit; a crash in between leaves chunks that
  // SweepOrphans removes. Unchanged rows write nothing: `unchanged()` is then true.
  // FAILED_PRECONDITION when the stored series has another price basis (BASIS_CONFLICT) or another `repeats`
  // (ROW_UNIQUENESS_CONFLICT), INVALID_ARGUMENT when the series is not valid, a column would change its type or more
  // than kMaxChunkRows rows share an instant.
  absl::StatusOr<WrittenSeries> Write(const quant::Series& series, const WriteOptions& options = {});

  // Makes `written` the next version of its series, within the caller's transaction. ABORTED SERIES_MOVED when another
  // writer has moved the series since Write: write again. Returns the version that holds the rows (the old one when
  // unchanged). Commit several series in key order, else two transactions may deadlock (and one is retried).
  absl::StatusOr<int64_t> Commit(postgres::Transaction& transaction, const WrittenSeries& written);

  // Write and Commit in a transaction of its own, again on SERIES_MOVED (at most 3 times).
  absl::StatusOr<WrittenSeries> Put(const quant::Series& series, const WriteOptions& options = {});

  // NOT_FOUND UNKNOWN_SERIES when the series does not exist (or did not at `as_of`); a range without rows is OK and
  // empty (no columns then).
  absl::StatusOr<quant::Series> Read(const quant::SeriesKey& key, const ReadOptions& options = {});
  absl::StatusOr<quant::Series> Read(const quant::SeriesKey& key, quant::TimeRange range, absl::Time as_of);

  // The same rows of many series, in the order wanted, by one statement whose chunks are decoded as they arrive: a
  // cross-section. `options.version` is not used. NOT_FOUND names the first series (or version) that does not exist.
  absl::StatusOr<std::vector<quant::Series>> ReadMany(const std::vector<SeriesVersion>& wanted,
                                                      const ReadOptions& options);

  // Opens a series for reading chunk by chunk, in bounded memory. NOT_FOUND as Read. `columns` is not applied.
  absl::StatusOr<ChunkCursor> Open(const quant::SeriesKey& key, const ReadOptions& options = {});

  // Opens many at once by one statement, which already brings the first chunk of each, or more when they are few: for
  // up to a few dozen series at a time. Errors as ReadMany.
  absl::StatusOr<std::vector<ChunkCursor>> OpenMany(const std::vector<SeriesVersion>& wanted,
                                                    const ReadOptions& options);

  // The state of a series at `options.as_of` or `options.version`; NOT_FOUND as Read.
  absl::StatusOr<SeriesHead> Head(const quant::SeriesKey& key, const ReadOptions& options = {});

  // The states of all series that match, at `as_of`, ordered by key.
  absl::StatusOr<std::vector<SeriesHead>> List(const SeriesFilter& filter, absl::Time as_of = absl::InfiniteFuture());

  // Deletes chunks that no series refers to and that were stored at least `min_age` ago. Returns how many.
  absl::StatusOr<int64_t> SweepOrphans(absl::Duration min_age);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::columnar
