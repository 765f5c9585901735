#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace breadthflow::resilience {

// At most `burst` requests at once, refilled at `per_second`, and at most `per_day` in any 24 hours (0: no such limit).
struct RateLimit {
  double per_second = 1;
  double burst = 1;
  int64_t per_day = 0;
};

// Who may send the next request of a key (a provider and a credential), however many processes ask. Thread-safe.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;

  // Zero: the request may leave now, and is counted. Else nothing is counted and it is worth asking again after that
  // long.
  virtual absl::StatusOr<absl::Duration> TryTake(const std::string& key, const RateLimit& limit) = 0;

  // Nobody takes for `wait` from now: what the other side asked for (Retry-After).
  virtual absl::Status Block(const std::string& key, absl::Duration wait) = 0;
};

}  // namespace breadthflow::resilience
