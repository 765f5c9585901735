#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/data/app/fetcher.h"
#include "services/data/app/live.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/live_poll_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Fetches again and again what somebody listens to. Time is cut into slots of the interval; in each slot every symbol
// of a feed (source with parameters, resource, timeframe, interval) is asked for once, whoever of the subscribers and
// replicas wants it. A poll is one or more fetch runs like any other, from the last stored row of each symbol to now,
// or from as long ago as the source can be asked for at once. One that is still at work lets the next slot pass.
// Failures are logged and counted, and do not end anything. Thread-safe. Metrics: bf_live_polls_total{outcome}:
// submitted, succeeded, failed, skipped, refused.
class LivePoller {
 public:
  LivePoller(Fetcher& fetcher, FetchStore& runs, SeriesStore& series, LivePollStore& polls, telemetry::Metrics& metrics,
             const base::Clock& clock);
  ~LivePoller() { Stop(); }

  void Start();
  // Waits for the poll under way. Safe without Start and more than once.
  void Stop();

  struct Polling {
    std::shared_ptr<void> keep;  // polls until it dies
    std::string variant;         // of the series that get the rows
    std::string feed;            // see Failures
  };
  // Polls the symbols; begins at once, so that what can never be (an unknown source, wrong
  // parameters, a missing key) is an error now.
  absl::StatusOr<Polling> Poll(const LiveSpec& spec);

  // Those of the symbols that the last poll of a feed could not have, of the polls that this replica made. What made a
  // poll as a whole impossible is the failure of each of its symbols.
  std::map<std::string, absl::Status> Failures(const std::string& feed, const std::vector<std::string>& symbols) const;

  // Polls what is due; for tests and while no thread does.
  void Round();

  // Default of PollSpec::interval.
  static absl::Duration DefaultInterval(quant::Timeframe timeframe);

 private:
  struct Feed {
    LiveSpec spec;  // without symbols
    absl::Duration interval;
    std::map<std::string, int> symbols;  // with the number of subscribers
    absl::Time slot = absl::InfinitePast();
    std::vector<std::string> runs;                 // of this replica, not known to have ended
    std::map<std::string, absl::Status> failures;  // by symbol, of those that have ended
  };
  void Work();
  // Symbols that are asked for in one run.
  struct Group {
    std::vector<std::string> symbols;
    quant::TimeRange range;
  };
  // Claims and submits. What can not be submitted does not stop the rest; the error is the first one.
  absl::Status PollNow(const std::string& id, const LiveSpec& spec, const std::vector<std::string>& symbols,
                       absl::Time slot);
  // By when their last rows are: none is asked for from much earlier than it needs since another lags behind.
  absl::StatusOr<std::vector<Group>> GroupsOf(const LiveSpec& spec, const std::vector<std::string>& symbols);
  // Submits a run, of a shorter range when that is too long for the source.
  absl::StatusOr<std::string> Submit(const LiveSpec& spec, Group group, const std::string& request);
  void LookAtRuns();
  void Release(const std::string& id, const std::vector<std::string>& symbols);

  Fetcher& fetcher_;
  FetchStore& runs_;
  SeriesStore& series_;
  LivePollStore& polls_;
  const base::Clock& clock_;
  telemetry::Counter submitted_;
  telemetry::Counter succeeded_;
  telemetry::Counter failed_;
  telemetry::Counter skipped_;
  telemetry::Counter refused_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Feed> feeds_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_forget_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace breadthflow::data
