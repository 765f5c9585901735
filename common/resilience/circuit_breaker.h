#pragma once

#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"

namespace breadthflow::resilience {

// Stops calling a peer that keeps failing, and probes whether it healed.
//
// CLOSED   calls pass. Opens after `consecutive_failures` in a row, or when at least `minimum_calls` finished within
//          `window` and the share of failures among them reaches `failure_rate`.
// OPEN     calls are refused for `open_for`.
// HALF_OPEN `probes` calls at a time pass; that many successes in a row close it, one failure opens it again.
//
// Only errors of the server or the way to it count: UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, DATA_LOSS and
// RESOURCE_EXHAUSTED. INVALID_ARGUMENT or NOT_FOUND shows that the peer works. Thread-safe.
class CircuitBreaker {
 public:
  enum class State { kClosed = 0, kHalfOpen = 1, kOpen = 2 };
  struct Options {
    int consecutive_failures = 5;
    double failure_rate = 0.5;
    int minimum_calls = 20;
    absl::Duration window = absl::Seconds(30);
    absl::Duration open_for = absl::Seconds(60);
    int probes = 1;
  };

  CircuitBreaker(Options options, const base::Clock& clock) : options_(options), clock_(clock) {}

  // OK, or UNAVAILABLE `CIRCUIT_OPEN` with the time left as retry_after. Each OK must be followed by one Record().
  absl::Status Allow();
  // How long until Allow() may let a call pass: zero when it may now. Takes nothing.
  absl::Duration Wait() const;
  void Record(const absl::Status& outcome);
  // Instead of Record() for a call that was given up on our side: it says nothing about the peer. Another probe may
  // leave in its place.
  void Withdraw();
  State state() const;

 private:
  struct Outcome {
    absl::Time time;
    bool failed;
  };
  void Open(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const base::Clock& clock_;
  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kClosed;
  absl::Time opened_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int consecutive_ ABSL_GUARDED_BY(mutex_) = 0;
  int probing_ ABSL_GUARDED_BY(mutex_) = 0;
  int probes_passed_ ABSL_GUARDED_BY(mutex_) = 0;
  int failed_in_window_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Outcome> window_ ABSL_GUARDED_BY(mutex_);
};

// True for the codes that count as failures of the peer.
bool IsPeerFailure(const absl::Status& status);

}  // namespace breadthflow::resilience
