#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/jobs/observer.h"
#include "common/telemetry/metrics.h"

namespace breadthflow::process {

// Metrics and log lines of the jobs of one module: bf_queue_depth, bf_queue_oldest_ready_seconds,
// bf_job_duration_seconds, bf_lease_lost_total, bf_rescued_total, all labelled with the module; one log line per
// attempt that ended.
class JobObserver final : public jobs::Observer {
 public:
  JobObserver(telemetry::Metrics& metrics, std::string module);

  void Ended(const jobs::Job& job, jobs::State state, const absl::Status& error, absl::Duration elapsed) override;
  void LeaseLost(const jobs::Job& job) override;
  void Rescued(const jobs::Job& job) override;
  void Depth(const jobs::QueueDepth& depth) override;
  void Trouble(std::string_view what, const absl::Status& error) override;

 private:
  telemetry::Metrics& metrics_;
  const std::string module_;
  telemetry::Counter lease_lost_;
  telemetry::Counter rescued_;
  absl::Mutex mutex_;
  // Handles by kind and outcome: asking the registry for one is slow.
  std::map<std::pair<std::string, std::string>, telemetry::Histogram> durations_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, telemetry::Gauge> depths_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, telemetry::Gauge> oldest_ ABSL_GUARDED_BY(mutex_);
  absl::Time quiet_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::StatusCode last_trouble_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kOk;
};

}  // namespace breadthflow::process
