#include "services/data/app/write_again.h"

#include <algorithm>
#include <random>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/resilience/retry.h"
#include "services/data/app/symbol_commits.h"

namespace breadthflow::data {
namespace {

constexpr resilience::RetryPolicy kPauses = {.max_attempts = kWriteAttempts,
                                             .initial_backoff = absl::Milliseconds(50),
                                             .max_backoff = absl::Seconds(2),
                                             .max_retry_after = absl::Seconds(2)};
constexpr absl::Duration kLook = absl::Milliseconds(50);  // between two looks at the token
constexpr absl::Duration kRetryAfter = absl::Seconds(2);  // what a caller is advised

double Chance() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

absl::Duration Before(int failures, const absl::Status& failure) {
  return resilience::BackoffBefore(kPauses, failures + 1, Chance(), failure);
}

absl::Status Pause(absl::Duration pause, const base::CancelToken& cancel) {
  const absl::Time until = absl::Now() + pause;
  for (absl::Time now = absl::Now(); now < until; now = absl::Now()) {
    BF_RETURN_IF_ERROR(cancel.Check());
    absl::SleepFor(std::min(kLook, until - now));
  }
  return cancel.Check();
}

absl::Status TryLater(const absl::Status& failure) {
  base::ErrorDetails details = base::DetailsOf(failure);
  details.retry_after = kRetryAfter;
  return base::MakeError(failure.code(), fmt::format("{}: try again", base::Message(failure)), details);
}

}  // namespace

absl::Status PauseBeforeWrite(int failures, const absl::Status& failure, const base::CancelToken& cancel) {
  return Pause(Before(failures, failure), cancel);
}

absl::Status WaitToWriteAgain(const absl::Status& failure, int attempt, absl::Time deadline,
                              const base::CancelToken& cancel) {
  if (!SymbolCommits::IsMoved(failure)) return failure;
  if (attempt >= kWriteAttempts) return TryLater(failure);
  const absl::Duration pause = Before(attempt, failure);
  if (absl::Now() + pause >= deadline) return TryLater(failure);
  return Pause(pause, cancel);
}

}  // namespace breadthflow::data
