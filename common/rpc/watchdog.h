#pragma once

#include <list>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace breadthflow::rpc {

// Something in flight that is looked at every 20 ms: to pass a deadline, a departed caller or a stalled stream on to
// the code that works for it, which only polls its token.
class Watched {
 public:
  virtual ~Watched() = default;
  // Quick, never blocks, does not touch the watchdog.
  virtual void Look(absl::Time now) = 0;
};

// The thread that looks. Thread-safe.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  using Entry = std::list<std::shared_ptr<Watched>>::iterator;
  Entry Add(std::shared_ptr<Watched> watched);
  // Afterwards Look() is neither running nor called again: what the entry points to may go.
  void Remove(Entry entry);

  // Calls `fn` with everything that is in flight now.
  template <typename Fn>
  void ForEach(Fn&& fn) {
    absl::MutexLock lock(&mutex_);
    for (const std::shared_ptr<Watched>& watched : watched_) fn(*watched);
  }

 private:
  void Run();

  absl::Mutex mutex_;
  std::list<std::shared_ptr<Watched>> watched_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::rpc
