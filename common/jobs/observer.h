#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "common/jobs/store.h"

namespace breadthflow::jobs {

// What a Runner tells about its work; process wiring turns it into metrics and log lines. Called on the runner's
// threads, from several at once; must not block. Every method may be left out.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void Started(const Job&) {}
  // An attempt ended and `state` was written: SUCCEEDED, FAILED, CANCELLED, or QUEUED (it will be tried again).
  virtual void Ended(const Job&, State, const absl::Status&, absl::Duration) {}
  // Another worker was given the job (bf_lease_lost_total): what this one did was not written.
  virtual void LeaseLost(const Job&) {}
  virtual void Rescued(const Job&) {}  // bf_rescued_total; the job as it is after the rescue
  virtual void Depth(const QueueDepth&) {}
  // The runner itself could not do `what` ("claim", "heartbeat", "rescue" ...); it goes on and tries again.
  virtual void Trouble(std::string_view, const absl::Status&) {}
};

}  // namespace breadthflow::jobs
