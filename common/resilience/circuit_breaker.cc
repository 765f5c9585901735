#include "common/resilience/circuit_breaker.h"

#include <algorithm>

#include "common/base/status.h"

namespace breadthflow::resilience {

bool IsPeerFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

absl::Status CircuitBreaker::Allow() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  if (state_ == State::kOpen && now >= opened_ + options_.open_for) {
    state_ = State::kHalfOpen;
    probing_ = 0;
    probes_passed_ = 0;
  }
  if (state_ == State::kClosed) return absl::OkStatus();
  if (state_ == State::kHalfOpen && probing_ < options_.probes) {
    ++probing_;
    return absl::OkStatus();
  }
  const absl::Duration left = state_ == State::kOpen ? opened_ + options_.open_for - now : absl::Seconds(1);
  return base::MakeError(absl::StatusCode::kUnavailable, "the peer failed too often; calls are held back",
                         {.reason = "CIRCUIT_OPEN", .retry_after = std::max(left, absl::ZeroDuration())});
}

absl::Duration CircuitBreaker::Wait() const {
  absl::MutexLock lock(&mutex_);
  if (state_ == State::kOpen) return std::max(opened_ + options_.open_for - clock_.Now(), absl::ZeroDuration());
  const bool all_out = state_ == State::kHalfOpen && probing_ >= options_.probes;
  return all_out ? absl::Seconds(1) : absl::ZeroDuration();
}

void CircuitBreaker::Record(const absl::Status& outcome) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  const bool failed = IsPeerFailure(outcome);
  if (state_ == State::kOpen) return;  // a call from before it opened
  if (state_ == State::kHalfOpen) {
    if (probing_ == 0) return;  // the same: no probe is out
    --probing_;
    if (failed) {
      Open(now);
    } else if (++probes_passed_ >= options_.probes) {
      state_ = State::kClosed;
      consecutive_ = 0;
      failed_in_window_ = 0;
      window_.clear();
    }
    return;
  }
  window_.push_back({now, failed});
  failed_in_window_ += failed ? 1 : 0;
  Forget(now);
  consecutive_ = failed ? consecutive_ + 1 : 0;
  const int calls = static_cast<int>(window_.size());
  const bool rate_reached = calls >= options_.minimum_calls && failed_in_window_ >= options_.failure_rate * calls;
  if (consecutive_ >= options_.consecutive_failures || rate_reached) Open(now);
}

void CircuitBreaker::Withdraw() {
  absl::MutexLock lock(&mutex_);
  if (state_ == State::kHalfOpen && probing_ > 0) --probing_;
}

CircuitBreaker::State CircuitBreaker::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

void CircuitBreaker::Open(absl::Time now) {
  state_ = State::kOpen;
  opened_ = now;
  consecutive_ = 0;
  failed_in_window_ = 0;
  window_.clear();
}

void CircuitBreaker::Forget(absl::Time now) {
  while (!window_.empty() && window_.front().time <= now - options_.window) {
    failed_in_window_ -= window_.front().failed ? 1 : 0;
    window_.pop_front();
  }
}

}  // namespace breadthflow::resilience
