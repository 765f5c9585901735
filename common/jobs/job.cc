#include "common/jobs/job.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::jobs {

std::string_view StateName(State state) {
  switch (state) {
    case State::kQueued:
      return "QUEUED";
    case State::kRunning:
      return "RUNNING";
    case State::kSucceeded:
      return "SUCCEEDED";
    case State::kFailed:
      return "FAILED";
    case State::kCancelled:
      return "CANCELLED";
  }
  return "UNKNOWN";
}

State AfterFailure(const Job& job, bool retryable) {
  if (job.cancel_requested) return State::kCancelled;
  return retryable && job.attempt < job.max_attempts ? State::kQueued : State::kFailed;
}

State AfterLeaseExpired(const Job& job) { return AfterFailure(job, true); }

absl::Duration Backoff(int attempt, double uniform) {
  const double seconds = std::min(std::ldexp(1.0, std::clamp(attempt - 1, 0, 30)), 100.0);
  return absl::Seconds(seconds * (0.5 + uniform));
}

bool WriteMayPass(const absl::Status& status) {
  const std::string reason = base::DetailsOf(status).reason;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kAborted:
      return reason == "CONFLICT" || reason == "LOCK_TIMEOUT";
    case absl::StatusCode::kUnknown:
      return reason == "COMMIT_UNKNOWN";
    default:
      return false;
  }
}

absl::Status WorkerCrashed(int attempts) {
  return base::MakeError(absl::StatusCode::kInternal, "WORKER_CRASHED",
                         fmt::format("{} workers vanished while they ran this job", attempts));
}

absl::Status LeaseLost(std::string_view id, int64_t epoch) {
  return base::MakeError(absl::StatusCode::kAborted, "LEASE_LOST",
                         fmt::format("job {} was given to another worker after epoch {}", id, epoch));
}

absl::Status Cancelled() { return base::MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the job was cancelled"); }

std::string Truncated(std::string_view text, size_t limit) {
  constexpr std::string_view kMark = "...";
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '\0'; });
  if (out.size() <= limit) return out;
  size_t end = limit > kMark.size() ? limit - kMark.size() : 0;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
  out.resize(end);
  return out + std::string(kMark.substr(0, limit));
}

}  // namespace breadthflow::jobs
