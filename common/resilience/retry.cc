#include "common/resilience/retry.h"

#include <algorithm>
#include <cmath>

#include "common/base/status.h"

namespace breadthflow::resilience {

bool OnlyUnavailable(const absl::Status& status) { return status.code() == absl::StatusCode::kUnavailable; }

absl::Duration BackoffBefore(const RetryPolicy& policy, int next_attempt, double chance, const absl::Status& error) {
  // Beyond 2^60 the exponent only overflows; the maximum was reached long before.
  const int exponent = std::clamp(next_attempt - 2, 0, 60);
  const absl::Duration ceiling =
      std::min(policy.max_backoff, policy.initial_backoff * std::pow(policy.multiplier, exponent));
  const absl::Duration jitter = ceiling * chance;
  const std::optional<absl::Duration> wished = base::DetailsOf(error).retry_after;
  if (!wished) return jitter;
  return std::clamp(*wished, absl::ZeroDuration(), policy.max_retry_after) + jitter;
}

void RetryBudget::Success() {
  absl::MutexLock lock(&mutex_);
  tokens_ = std::min(capacity_, tokens_ + ratio_);
}

void RetryBudget::Failure() {
  absl::MutexLock lock(&mutex_);
  tokens_ = std::max(0.0, tokens_ - 1);
}

bool RetryBudget::MayRetry() const {
  absl::MutexLock lock(&mutex_);
  return tokens_ > capacity_ / 2;
}

absl::Status Retry(const RetryPolicy& policy, const RetryEnvironment& environment, absl::Time deadline,
                   const std::function<absl::Status(int)>& attempt) {
  for (int number = 1;; ++number) {
    absl::Status status = attempt(number);
    if (status.ok()) {
      if (environment.budget) environment.budget->Success();
      return status;
    }
    if (!environment.retryable(status)) return status;
    if (environment.budget) environment.budget->Failure();
    if (number >= policy.max_attempts) return status;
    if (environment.budget && !environment.budget->MayRetry()) return status;
    const absl::Duration wait = BackoffBefore(policy, number + 1, environment.chance(), status);
    if (environment.clock.Now() + wait >= deadline) return status;
    BF_RETURN_IF_ERROR(environment.sleep(wait));
  }
}

}  // namespace breadthflow::resilience
