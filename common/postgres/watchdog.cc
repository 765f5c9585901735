#include "common/postgres/watchdog.h"

namespace breadthflow::postgres {
namespace {

constexpr absl::Duration kPeriod = absl::Milliseconds(20);

}  // namespace

Watchdog::Watchdog() : thread_([this] { Loop(); }) {}

Watchdog::~Watchdog() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

Watchdog::Guard::Guard(Watchdog& watchdog, Connection& connection, const Limits& limits)
    : watchdog_(watchdog), connection_(connection), limits_(limits) {
  absl::MutexLock lock(&watchdog_.mutex_);
  place_ = watchdog_.guards_.insert(watchdog_.guards_.end(), this);
}

void Watchdog::Guard::Stop() {
  if (!watched_) return;
  absl::MutexLock lock(&watchdog_.mutex_);
  watchdog_.mutex_.Await(absl::Condition(
      +[](Guard* guard) { return !guard->sending_; }, this));
  watchdog_.guards_.erase(place_);
  watched_ = false;
  if (sent_) connection_.MarkUncertain();
}

void Watchdog::Loop() {
  absl::MutexLock lock(&mutex_);
  const auto awake = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !guards_.empty(); };
  const auto closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_; };
  while (true) {
    mutex_.Await(absl::Condition(&awake));
    if (mutex_.AwaitWithTimeout(absl::Condition(&closed), kPeriod)) return;
    for (auto it = guards_.begin(); it != guards_.end();) {
      Guard* guard = *it;
      if (guard->limits_.Check().ok()) {
        ++it;
        continue;
      }
      guard->sending_ = true;  // keeps the guard and its place alive while the lock is released
      guard->sent_ = true;
      mutex_.Unlock();
      guard->connection_.Cancel();
      mutex_.Lock();
      guard->sending_ = false;
      ++it;
    }
  }
}

}  // namespace breadthflow::postgres
