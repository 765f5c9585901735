#include "common/rpc/scheduler.h"

#include <utility>

#include "absl/time/clock.h"

namespace breadthflow::rpc {

Scheduler::Scheduler(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Scheduler::~Scheduler() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Scheduler::RunAfter(absl::Duration delay, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (stop_) return;
  if (delay <= absl::ZeroDuration()) {
    ready_.push_back(std::move(task));
  } else {
    later_.emplace(absl::Now() + delay, std::move(task));
  }
  changed_.Signal();
}

void Scheduler::Work() {
  absl::MutexLock lock(&mutex_);
  while (!stop_) {
    const absl::Time now = absl::Now();
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
    if (ready_.empty()) {
      changed_.WaitWithDeadline(&mutex_, later_.empty() ? absl::InfiniteFuture() : later_.begin()->first);
      continue;
    }
    std::function<void()> task = std::move(ready_.front());
    ready_.pop_front();
    if (!ready_.empty()) changed_.Signal();
    mutex_.Unlock();
    task();
    task = nullptr;  // what it holds may take long to destroy
    mutex_.Lock();
  }
}

}  // namespace breadthflow::rpc
