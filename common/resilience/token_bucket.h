#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"

namespace breadthflow::resilience {

// At most `burst` tokens, refilled continuously at `per_second`; starts full. Over any span of t seconds it grants at
// most burst + per_second x t. A clock that steps back refills nothing. Thread-safe.
class TokenBucket {
 public:
  // per_second > 0, burst >= 1.
  TokenBucket(double per_second, double burst, const base::Clock& clock);

  bool TryTake(double tokens = 1);
  // How long until TryTake(tokens) could succeed: zero when now, infinite when tokens > burst. Takes nothing.
  absl::Duration WaitFor(double tokens = 1) const;

 private:
  double Refilled(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double per_second_;
  const double burst_;
  const base::Clock& clock_;
  mutable absl::Mutex mutex_;
  double tokens_ ABSL_GUARDED_BY(mutex_);
  absl::Time refilled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::resilience
