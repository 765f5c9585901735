#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/data/app/live.h"
#include "services/data/app/live_hub.h"
#include "services/data/app/live_poller.h"
#include "services/data/store/live_log.h"
#include "services/data/store/live_poll_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Live rows and replays. Rows are stored first and published then: what a subscriber gets is read from the chunk store
// behind its commit, so that every replica sees the same rows in the same order, and a stream that broke off goes on
// anywhere. Thread-safe; all references must outlive the streamer, and the streamer the streams.
class Streamer {
 public:
  Streamer(postgres::Database& database, ResourceStore& resources, SeriesStore& series, Fetcher& fetcher,
           FetchStore& runs, telemetry::Metrics& metrics, const base::Clock& clock, EncodeRows encode);

  // After the migrations.
  void Start();
  void Stop();

  // Opens a stream; `resume` is LiveCursor::ToText() of an event, or empty. INVALID_ARGUMENT with every violation, and
  // DERIVED_RESOURCE for a market_cap that is derived when it is read;
  // NOT_FOUND UNKNOWN_RESOURCE, and for a replay every symbol that is not stored; FAILED_PRECONDITION SEVERAL_SOURCES,
  // and what a source that is to be polled refuses for good.
  absl::StatusOr<std::unique_ptr<LiveSource>> Open(LiveSpec spec, const std::string& resume);

  LiveHub& hub() { return hub_; }

 private:
  absl::StatusOr<std::unique_ptr<LiveSource>> OpenReplay(const LiveSpec& spec, bool bars, const columnar::LogHead& head,
                                                         std::optional<LiveCursor> cursor);

  ResourceStore& resources_;
  SeriesStore& series_;
  const base::Clock& clock_;
  LiveLog log_;
  LivePollStore polls_;
  LivePoller poller_;
  LiveHub hub_;
  telemetry::Counter conflated_;
};

}  // namespace breadthflow::data
