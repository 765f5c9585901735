#include "common/rpc/watchdog.h"

#include <utility>

#include "absl/time/clock.h"

namespace breadthflow::rpc {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(20);

}  // namespace

Watchdog::Watchdog() : thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

Watchdog::Entry Watchdog::Add(std::shared_ptr<Watched> watched) {
  absl::MutexLock lock(&mutex_);
  return watched_.insert(watched_.end(), std::move(watched));
}

void Watchdog::Remove(Entry entry) {
  std::shared_ptr<Watched> last;  // destroyed after the lock
  absl::MutexLock lock(&mutex_);
  last = std::move(*entry);
  watched_.erase(entry);
}

void Watchdog::Run() {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stop_), kInterval)) {
    const absl::Time now = absl::Now();
    for (const std::shared_ptr<Watched>& watched : watched_) watched->Look(now);
  }
}

}  // namespace breadthflow::rpc
