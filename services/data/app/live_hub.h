#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/data/app/live.h"
#include "services/data/app/live_calendars.h"
#include "services/data/app/live_queue.h"
#include "services/data/store/live_log.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// The one reader of a replica: as long as somebody subscribes, it reads what was committed since it last looked, once
// for all, and puts it into the queues of those who want it. It looks when a commit notifies, and each second in any
// case. Thread-safe. Metrics: bf_live_subscribers, bf_live_rows_published_total (rows times subscribers),
// bf_live_rows_read_total, bf_live_lag_seconds (stored until published), bf_live_scan_failures_total,
// bf_live_calendar_queries_total.
class LiveHub {
 public:
  // `series` says which calendars were named. All references must outlive the hub.
  LiveHub(LiveLog& log, SeriesStore& series, telemetry::Metrics& metrics, const base::Clock& clock, EncodeRows encode);
  ~LiveHub() { Stop(); }

  void Start();
  // Waits for the reading under way; queues get nothing from then on. Safe without Start and more than once.
  void Stop();

  // From the position returned on, `queue` gets what is committed on series of its resource, timeframe and symbols,
  // except what `seen` sees. May be called again for a queue that lost something.
  absl::StatusOr<columnar::CommitPosition> Join(const std::shared_ptr<LiveQueue>& queue, const LiveSpec& spec,
                                                columnar::CommitPosition seen);
  void Leave(const std::shared_ptr<LiveQueue>& queue, const LiveSpec& spec);

  // The calendars that were named for series; each is asked for once as long as nothing says that it changed.
  absl::StatusOr<NamedCalendars> Calendars(const std::vector<quant::SeriesKey>& keys) { return calendars_.Of(keys); }

  // Looks once; for tests and while no thread does.
  absl::Status Scan();

 private:
  struct Batch {
    columnar::CommitPosition from;
    std::shared_ptr<const columnar::CommitPosition> to;
    columnar::ChangePlace after;
    std::vector<columnar::Change> changes;  // read, not yet published
    size_t next = 0;
    int64_t up_to_ns = INT64_MIN;  // of changes[next]
  };

  void Work();
  absl::Status PublishBatch();
  absl::Status PublishChanges();
  void Publish(std::shared_ptr<const LivePiece> piece);
  std::vector<std::shared_ptr<LiveQueue>> Interested(const columnar::Change& change);

  LiveLog& log_;
  const base::Clock& clock_;
  const EncodeRows encode_;
  telemetry::Gauge subscribers_;
  telemetry::Counter rows_published_;
  telemetry::Counter rows_read_;
  telemetry::Counter failures_;
  telemetry::Histogram lag_;
  telemetry::Counter calendar_queries_;
  LiveCalendars calendars_;

  absl::Mutex scanning_;  // one scan at a time; before mutex_
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool hint_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t queues_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t batch_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<columnar::CommitPosition> position_ ABSL_GUARDED_BY(mutex_);  // all before it is published
  std::optional<Batch> batch_;  // written under both mutexes, read under either
  std::unordered_map<std::string, std::vector<std::shared_ptr<LiveQueue>>> by_series_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<LiveQueue*, std::shared_ptr<LiveQueue>> all_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
  std::unique_ptr<postgres::Listener> listener_;
};

}  // namespace breadthflow::data
