#include "common/resilience/token_bucket.h"

#include <algorithm>

namespace breadthflow::resilience {

TokenBucket::TokenBucket(double per_second, double burst, const base::Clock& clock)
    : per_second_(per_second), burst_(burst), clock_(clock), tokens_(burst), refilled_(clock.Now()) {}

double TokenBucket::Refilled(absl::Time now) const {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - refilled_));
  return std::min(burst_, tokens_ + seconds * per_second_);
}

bool TokenBucket::TryTake(double tokens) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  tokens_ = Refilled(now);
  refilled_ = std::max(refilled_, now);
  if (tokens_ < tokens) return false;
  tokens_ -= tokens;
  return true;
}

absl::Duration TokenBucket::WaitFor(double tokens) const {
  absl::MutexLock lock(&mutex_);
  if (tokens > burst_) return absl::InfiniteDuration();
  const double missing = tokens - Refilled(clock_.Now());
  return missing <= 0 ? absl::ZeroDuration() : absl::Ceil(absl::Seconds(missing / per_second_), absl::Nanoseconds(1));
}

}  // namespace breadthflow::resilience
