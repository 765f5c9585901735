#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/columnar/chunk_sink.h"
#include "common/columnar/chunk_store.h"
#include "common/postgres/database.h"
#include "common/quant/series.h"

namespace breadthflow::columnar {

// What a series has before an instant in its newest version, or had when it was dropped.
struct OldRange {
  int64_t series_id = 0;
  quant::SeriesKey key;
  int64_t version = 0;       // the newest one: that which has the rows
  int64_t rows = 0;          // before the instant, that go
  int64_t staying_rows = 0;  // before the instant, that stay; where all do, nothing is done to the series
  int64_t chunks = 0;        // that have some of those that go
  // Those of these chunks that also have rows that stay, ascending, and what replaces them, in their order.
  std::vector<int64_t> mixed;
  std::vector<ChunkRef> rest;
  std::vector<int64_t> untouched;  // chunks with rows before the instant all of which stay, ascending
};

// Leaves in rows of a series those that stay; they are all those of each of their instants, times ascending. Rows from
// the instant on must stay. Called for series of one resource; pure.
using Leave = std::function<void(quant::Series&)>;

// Drops the rows of series before an instant: that makes a next version that has only the later ones, and those earlier
// ones that Leave leaves. Without it no chunk but the one at the border is read or written, so that the cost does not
// depend on how much is dropped; with it every chunk before the instant is read. Listeners are not told: to drop is to
// free place, not to correct (change_log.h).
//
// Their place is free once they are swept: earlier versions, which had them, lose them then, but for those versions
// that somebody needs. What was lost, or will be, is in SeriesHead::lost_before_ns at once. Thread-safe; holds no state
// but the database.
class RangeDropper {
 public:
  explicit RangeDropper(postgres::Database& database) : database_(database) {}

  // What the series that match have before `before_ns`, ordered by key; those with nothing there are left out. A null
  // `leave`: nothing before it stays. Reads the chunks whose rows must be counted one by one, and stores nothing.
  absl::StatusOr<std::vector<OldRange>> Find(const SeriesFilter& filter, int64_t before_ns,
                                             const base::CancelToken& cancel, const Leave& leave = nullptr);

  // Find, which also stores what replaces the chunks that have rows of both kinds; it belongs to no series before
  // Commit.
  absl::StatusOr<std::vector<OldRange>> Prepare(const SeriesFilter& filter, int64_t before_ns,
                                                const base::CancelToken& cancel, const Leave& leave = nullptr);

  // Bytes of the chunks, of all versions, that have nothing but rows before the instant: of those that a sweep will set
  // free, and of those that stay because the versions `needed` have them. Nothing where no row goes.
  struct Place {
    int64_t freed_bytes = 0;
    int64_t kept_bytes = 0;
  };
  static absl::StatusOr<Place> PlaceOf(postgres::Transaction& transaction, const OldRange& range, int64_t before_ns,
                                       const std::vector<int64_t>& needed);

  // Makes it so, within the caller's transaction. ABORTED SERIES_MOVED when one of the series has changed, or the
  // layout of its chunks, since Prepare: prepare again.
  absl::Status Commit(postgres::Transaction& transaction, const std::vector<OldRange>& prepared, int64_t before_ns,
                      const std::string& provenance);

  // Forgets which chunks held the rows that were dropped at least `min_age` ago, but for the versions that `needed`
  // names of a series; ChunkStore::SweepOrphans then removes those chunks. Returns how many references went.
  using NeededVersions =
      std::function<absl::StatusOr<std::vector<int64_t>>(postgres::Transaction&, const quant::SeriesKey&)>;
  absl::StatusOr<int64_t> Sweep(absl::Duration min_age, const NeededVersions& needed);

 private:
  struct Cut {
    int64_t before_ns = 0;
    const Leave& leave;
    ChunkSink* sink = nullptr;  // null: nothing is stored
  };
  absl::StatusOr<std::vector<OldRange>> Look(const SeriesFilter& filter, const Cut& cut,
                                             const base::CancelToken& cancel);
  // Reads the chunks of found[begin..end) that must be, and fills in what they tell. `ids`: of each of found, these
  // chunks as text.
  absl::Status LookInside(std::vector<OldRange>& found, const std::vector<std::string>& ids, size_t begin, size_t end,
                          const Cut& cut);

  postgres::Database& database_;
};

}  // namespace breadthflow::columnar
