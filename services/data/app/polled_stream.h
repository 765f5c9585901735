#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "services/data/app/live.h"
#include "services/data/app/live_poller.h"

namespace breadthflow::data {

// A stream whose source is polled: what `inner` tells, and which symbols the polls could not have. A failure is told
// once, and again when it is another one or comes back. Polls of other replicas count only when they concern rows. Not
// thread-safe.
class PolledStream final : public LiveSource {
 public:
  // `poller` and `clock` must outlive the stream, which polls as long as it lives.
  PolledStream(std::unique_ptr<LiveSource> inner, const LivePoller& poller, LivePoller::Polling polling,
               std::vector<std::string> symbols, const base::Clock& clock)
      : inner_(std::move(inner)),
        poller_(poller),
        polling_(std::move(polling)),
        symbols_(std::move(symbols)),
        clock_(clock) {}

  absl::StatusOr<LiveStep> Next(LiveEvent& event) override;

 private:
  void Look();

  const std::unique_ptr<LiveSource> inner_;
  const LivePoller& poller_;
  const LivePoller::Polling polling_;
  const std::vector<std::string> symbols_;
  const base::Clock& clock_;
  absl::Time next_look_ = absl::InfinitePast();
  bool begun_ = false;                        // `inner_` has said where the stream stands
  LiveCursor cursor_;                         // behind its last event
  std::map<std::string, absl::Status> told_;  // failures by symbol
  std::deque<LiveEvent> out_;
};

}  // namespace breadthflow::data
