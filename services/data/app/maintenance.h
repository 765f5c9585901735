#pragma once

#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/raw_body_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

struct MaintenanceOptions {
  absl::Duration interval = absl::Minutes(1);      // between two rounds
  absl::Duration sweep_interval = absl::Hours(1);  // between two sweeps
  absl::Duration orphan_age = absl::Hours(24);     // of chunks that no series refers to, before they are removed
  absl::Duration drop_age = absl::Hours(24);       // of a drop, before its rows go out of earlier states: reads end
  int64_t series_per_round = 64;                   // looked at by compaction
  absl::Duration raw_body_retention = absl::Hours(24 * 30);  // of bodies that nobody received since
  absl::Duration run_retention = absl::Hours(24 * 90);       // of fetch runs that nothing is left of; zero: for ever
};

// What the data service does for its store while nobody asks: puts small chunks together, takes what was dropped out of
// earlier states, removes chunks that no series refers to, bodies of providers that are old and old fetch runs that
// nothing is left of (FetchStore::Prune). Compaction and the removal of chunks are not seen by readers
// (chunk_compactor.h); every replica may do it. A round that fails is logged and counted, and the next one tries again.
// Metrics: bf_compacted_series_total, bf_compacted_chunks_total, bf_compaction_conflicts_total, bf_swept_ranges_total,
// bf_swept_chunks_total, bf_swept_raw_bodies_total, bf_swept_fetch_runs_total, bf_maintenance_failures_total.
class Maintenance {
 public:
  Maintenance(SeriesStore& series, RawBodyStore& bodies, FetchStore& runs, telemetry::Metrics& metrics,
              const base::Clock& clock, const MaintenanceOptions& options = {});
  ~Maintenance() { Stop(); }

  // A thread of its own does a round at once and then one every interval.
  void Start();
  // Waits for the round under way. Safe without Start and more than once.
  void Stop();

  // One round; not while a thread does them.
  void Round();

 private:
  void Work();
  void Compact();
  void SweepDropped();
  void Sweep();
  void SweepBodies();
  void PruneRuns();

  SeriesStore& series_;
  RawBodyStore& bodies_;
  FetchStore& runs_;
  const base::Clock& clock_;
  const MaintenanceOptions options_;
  absl::Time next_sweep_ = absl::InfinitePast();
  telemetry::Counter compacted_series_;
  telemetry::Counter compacted_chunks_;
  telemetry::Counter conflicts_;
  telemetry::Counter swept_ranges_;
  telemetry::Counter swept_chunks_;
  telemetry::Counter swept_bodies_;
  telemetry::Counter pruned_runs_;
  telemetry::Counter failures_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::data
