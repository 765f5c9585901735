#include "services/data/store/rate_limit_store.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kCreate = R"sql(
  INSERT INTO rate_limit (key, tokens, refill_time) VALUES ($1, 1, coalesce($2::timestamptz, clock_timestamp()))
  ON CONFLICT (key) DO NOTHING)sql";

// The state at this moment, under the row's lock: tokens refilled, requests of the last day, how long it is blocked and
// when the oldest request of the day leaves it. A clock that steps back refills nothing.
constexpr std::string_view kLook = R"sql(
  SELECT least($3::double precision, tokens + $2::double precision * greatest(0, extract(epoch FROM now.t - refill_time)::double precision)),
         extract(epoch FROM greatest(blocked_until, now.t) - now.t)::double precision,
         (SELECT count(*) FROM unnest(day_times) AS used WHERE used > now.t - interval '24 hours'),
         coalesce((SELECT extract(epoch FROM min(used) + interval '24 hours' - now.t)::double precision
                   FROM unnest(day_times) AS used WHERE used > now.t - interval '24 hours'), 0),
         now.t
  FROM rate_limit, (SELECT coalesce($4::timestamptz, clock_timestamp()) AS t) AS now
  WHERE key = $1)sql";

constexpr std::string_view kLock = "SELECT 1 FROM rate_limit WHERE key = $1 FOR UPDATE";

constexpr std::string_view kTake = R"sql(
  UPDATE rate_limit
  SET tokens = $2::double precision, refill_time = greatest(refill_time, $3::timestamptz),
      day_times = CASE WHEN $4::boolean THEN
        array(SELECT used FROM unnest(day_times) AS used WHERE used > $3::timestamptz - interval '24 hours' ORDER BY used) || $3::timestamptz
        ELSE '{}'::timestamptz[] END
  WHERE key = $1)sql";

constexpr std::string_view kBlock = R"sql(
  UPDATE rate_limit
  SET blocked_until = greatest(blocked_until, coalesce($3::timestamptz, clock_timestamp()) + make_interval(secs => $2::double precision))
  WHERE key = $1)sql";

}  // namespace

postgres::Param RateLimitStore::Now() const {
  if (clock_ == nullptr) return nullptr;
  return clock_->Now();
}

absl::StatusOr<absl::Duration> RateLimitStore::TryTake(const std::string& key, const resilience::RateLimit& limit) {
  absl::Duration wait;
  BF_RETURN_IF_ERROR(database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Execute(kCreate, {key, Now()}).status());
    BF_RETURN_IF_ERROR(tx.Query(kLock, {key}).status());
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kLook, {key, limit.per_second, limit.burst, Now()}));
    if (rows.size() != 1) return base::MakeError(absl::StatusCode::kAborted, "LIMIT_GONE", "the limit was removed");
    const double tokens = rows[0].Double(0);
    wait = absl::Seconds(rows[0].Double(1));
    if (limit.per_day > 0 && rows[0].Int(2) >= limit.per_day) wait = std::max(wait, absl::Seconds(rows[0].Double(3)));
    if (tokens < 1) wait = std::max(wait, absl::Seconds((1 - tokens) / limit.per_second));
    if (wait > absl::ZeroDuration()) {
      wait = absl::Ceil(wait, absl::Microseconds(1));
      return absl::OkStatus();
    }
    return tx.Execute(kTake, {key, tokens - 1, rows[0].Time(4), limit.per_day > 0}).status();
  }));
  return wait;
}

absl::Status RateLimitStore::Block(const std::string& key, absl::Duration wait) {
  return database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Execute(kCreate, {key, Now()}).status());
    return tx.Execute(kBlock, {key, absl::ToDoubleSeconds(wait), Now()}).status();
  });
}

}  // namespace breadthflow::data
