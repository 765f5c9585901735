#pragma once

#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace breadthflow::rpc {

// A fixed number of threads that run tasks, now or later. Thread-safe. The destructor drops what has not begun, waits
// for what has; a task handed in after that is dropped too.
class Scheduler {
 public:
  explicit Scheduler(int threads);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void Run(std::function<void()> task) { RunAfter(absl::ZeroDuration(), std::move(task)); }
  void RunAfter(absl::Duration delay, std::function<void()> task);

 private:
  void Work();

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<std::function<void()>> ready_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, std::function<void()>> later_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace breadthflow::rpc
