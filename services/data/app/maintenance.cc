#include "services/data/app/maintenance.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/data/store/snapshot_store.h"

namespace breadthflow::data {

Maintenance::Maintenance(SeriesStore& series, RawBodyStore& bodies, FetchStore& runs, telemetry::Metrics& metrics,
                         const base::Clock& clock, const MaintenanceOptions& options)
    : series_(series),
      bodies_(bodies),
      runs_(runs),
      clock_(clock),
      options_(options),
      compacted_series_(metrics.Counter("bf_compacted_series_total", "Series whose small chunks were put together.")),
      compacted_chunks_(metrics.Counter("bf_compacted_chunks_total", "Small chunks that went into larger ones.")),
      conflicts_(metrics.Counter("bf_compaction_conflicts_total", "Compactions given up because a writer was first.")),
      swept_ranges_(
          metrics.Counter("bf_swept_ranges_total", "References to chunks of dropped rows that were removed.")),
      swept_chunks_(metrics.Counter("bf_swept_chunks_total", "Chunks removed because no series referred to them.")),
      swept_bodies_(metrics.Counter("bf_swept_raw_bodies_total", "Bodies of providers removed because they were old.")),
      pruned_runs_(metrics.Counter("bf_swept_fetch_runs_total", "Old fetch runs removed that nothing was left of.")),
      failures_(metrics.Counter("bf_maintenance_failures_total", "Compactions and sweeps that failed.")) {}

void Maintenance::Start() {
  thread_ = std::thread([this] { Work(); });
}

void Maintenance::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::Work() {
  while (true) {
    Round();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), options_.interval)) return;
  }
}

void Maintenance::Round() {
  Compact();
  if (clock_.Now() < next_sweep_) return;
  next_sweep_ = clock_.Now() + options_.sweep_interval;
  SweepDropped();
  Sweep();
  SweepBodies();
  PruneRuns();
}

void Maintenance::Compact() {
  const absl::StatusOr<columnar::CompactionRound> round = series_.Compact(options_.series_per_round);
  if (!round.ok()) {
    failures_.Increment();
    telemetry::LogWarning("compaction failed and will be tried again", {{"error", base::Message(round.status())}});
    return;
  }
  compacted_series_.Increment(static_cast<double>(round->series));
  compacted_chunks_.Increment(static_cast<double>(round->chunks_merged));
  conflicts_.Increment(static_cast<double>(round->conflicts));
}

void Maintenance::SweepDropped() {
  const absl::StatusOr<int64_t> swept = series_.dropper().Sweep(options_.drop_age, SnapshotStore::VersionsNeeded);
  if (!swept.ok()) {
    failures_.Increment();
    telemetry::LogWarning("the sweep of dropped rows failed and will be tried again",
                          {{"error", base::Message(swept.status())}});
    return;
  }
  swept_ranges_.Increment(static_cast<double>(*swept));
}

void Maintenance::Sweep() {
  const absl::StatusOr<int64_t> swept = series_.chunks().SweepOrphans(options_.orphan_age);
  if (!swept.ok()) {
    failures_.Increment();
    telemetry::LogWarning("the sweep of chunks failed and will be tried again",
                          {{"error", base::Message(swept.status())}});
    return;
  }
  swept_chunks_.Increment(static_cast<double>(*swept));
}

void Maintenance::SweepBodies() {
  const absl::StatusOr<int64_t> swept = bodies_.Sweep(options_.raw_body_retention);
  if (!swept.ok()) {
    failures_.Increment();
    telemetry::LogWarning("the sweep of bodies failed and will be tried again",
                          {{"error", base::Message(swept.status())}});
    return;
  }
  swept_bodies_.Increment(static_cast<double>(*swept));
}

void Maintenance::PruneRuns() {
  constexpr int kBatch = 200;
  constexpr int kBatches = 50;
  if (options_.run_retention <= absl::ZeroDuration()) return;
  for (int batch = 0; batch < kBatches; ++batch) {
    const absl::StatusOr<int64_t> pruned = runs_.Prune(options_.run_retention, kBatch);
    if (!pruned.ok()) {
      failures_.Increment();
      telemetry::LogWarning("the sweep of old fetch runs failed and will be tried again",
                            {{"error", base::Message(pruned.status())}});
      return;
    }
    pruned_runs_.Increment(static_cast<double>(*pruned));
    if (*pruned < kBatch) return;
  }
}

}  // namespace breadthflow::data
