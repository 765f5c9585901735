#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/postgres/database.h"
#include "common/resilience/rate_limiter.h"

namespace breadthflow::data {

// The limiter that all replicas share: a row per key, worked on under its lock, by the database's clock. A key starts
// with one token and not with a full bucket, so that a new key or an emptied table lets no burst out twice.
// A limit per day counts the last 24 hours, not calendar days. Thread-safe.
class RateLimitStore final : public resilience::RateLimiter {
 public:
  // `clock` is for tests; null: the database's.
  explicit RateLimitStore(postgres::Database& database, const base::Clock* clock = nullptr)
      : database_(database), clock_(clock) {}

  // UNAVAILABLE and the like when the database can not be asked: then nobody may send.
  absl::StatusOr<absl::Duration> TryTake(const std::string& key, const resilience::RateLimit& limit) override;
  absl::Status Block(const std::string& key, absl::Duration wait) override;

 private:
  postgres::Param Now() const;

  postgres::Database& database_;
  const base::Clock* clock_;
};

}  // namespace breadthflow::data
