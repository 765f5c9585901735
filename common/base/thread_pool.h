#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace breadthflow::base {

// A fixed number of threads that run tasks in the order given. The destructor runs what is queued, then joins.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Run(std::function<void()> task);

 private:
  void Work();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// Calls fn(0) .. fn(count - 1) on up to `threads` threads and returns when all are done. Which thread runs which index
// is not defined, so fn must write only to its own slot: results are then the same for every thread count.
void ParallelFor(int threads, size_t count, const std::function<void(size_t)>& fn);

}  // namespace breadthflow::base
