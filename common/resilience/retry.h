#pragma once

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"

// Retries that do not make an outage worse: full jitter, few attempts, and a budget shared by all calls to one peer.
// Logic only: time, sleep and chance are given.
namespace breadthflow::resilience {

struct RetryPolicy {
  int max_attempts = 4;  // the first one included
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(1);
  double multiplier = 2.0;
  absl::Duration max_retry_after = absl::Hours(1);  // a longer wish of the peer is cut to this
};

// What decides whether another attempt may help. The default is AIP-194: UNAVAILABLE only.
using Retryable = std::function<bool(const absl::Status&)>;
bool OnlyUnavailable(const absl::Status& status);

// Wait before attempt `next_attempt` (2 is the first retry): uniform in [0, min(max, initial x multiplier^(n-2))] by
// `chance` in [0, 1) (AWS "full jitter"); when the error names a retry_after, that time (cut to max_retry_after) plus
// the jitter.
absl::Duration BackoffBefore(const RetryPolicy& policy, int next_attempt, double chance, const absl::Status& error);

// Lets retries through only while most calls succeed (gRPC A6 throttling): a failure takes one token, a success gives
// `ratio` back, and a retry needs more than half of `capacity`. With a peer that is wholly down, retries stop after
// capacity / 2 failures. Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(double capacity = 10, double ratio = 0.1)
      : capacity_(capacity), ratio_(ratio), tokens_(capacity) {}
  void Success();
  void Failure();
  bool MayRetry() const;

 private:
  const double capacity_;
  const double ratio_;
  mutable absl::Mutex mutex_;
  double tokens_ ABSL_GUARDED_BY(mutex_);
};

// Calls `attempt` until it succeeds, fails with an error that is not retryable, runs out of attempts or budget, or the
// next attempt could not start before `deadline`. Returns the last status. `sleep` waits and returns non-OK to give up
// (a cancelled token, say), which is then the result. `budget` may be null. `attempt` gets its number, from 1.
struct RetryEnvironment {
  const base::Clock& clock;
  std::function<absl::Status(absl::Duration)> sleep;
  std::function<double()> chance;  // uniform in [0, 1)
  RetryBudget* budget = nullptr;
  Retryable retryable = OnlyUnavailable;
};
absl::Status Retry(const RetryPolicy& policy, const RetryEnvironment& environment, absl::Time deadline,
                   const std::function<absl::Status(int)>& attempt);

}  // namespace breadthflow::resilience
