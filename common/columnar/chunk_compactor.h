#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/columnar/series_merge.h"
#include "common/postgres/database.h"

namespace breadthflow::columnar {

struct CompactionRound {
  int64_t series = 0;          // whose chunks were put together
  int64_t chunks_merged = 0;   // that are no part of a newest version any more
  int64_t chunks_written = 0;  // in their place
  int64_t conflicts = 0;       // series that a writer moved meanwhile: another time
  bool done = true;            // false: there are more candidates behind these
};

// Puts the small chunks that appends leave behind into full ones: rows and version of a series stay what they are, only
// how its newest version is cut changes. The references of that version are swapped in one short transaction that gives
// way to every writer (compare-and-swap on the version); earlier versions keep their own chunks, so every state can
// still be read, and whoever reads meanwhile sees one layout or the other. A writer whose chunks were swapped between
// its Write and its Commit gets ABORTED SERIES_MOVED, as from another writer.
//
// Any number of processes may compact one database. Not thread-safe.
class ChunkCompactor {
 public:
  // A series is looked at when its newest version has at least `min_small` chunks that are less than half full.
  explicit ChunkCompactor(postgres::Database& database, int64_t min_small = 4)
      : database_(database), min_small_(min_small) {}

  // Looks at up to `max_series` series, behind those of the last round; after the last one it begins anew.
  absl::StatusOr<CompactionRound> Run(int64_t max_series);

 private:
  struct Candidate {
    int64_t id = 0;
    int64_t version = 0;
    bool repeats = false;
    std::vector<StoredPart> parts;
  };
  absl::StatusOr<std::vector<int64_t>> Candidates(int64_t max_series);
  absl::StatusOr<Candidate> Load(int64_t series_id);
  absl::Status CompactSeries(const Candidate& candidate, CompactionRound& round);

  postgres::Database& database_;
  const int64_t min_small_;
  int64_t after_ = 0;  // id of the last series looked at
};

}  // namespace breadthflow::columnar
