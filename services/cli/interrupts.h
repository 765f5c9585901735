#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "common/base/cancel.h"

namespace breadthflow::cli {

// Ctrl-C: the first one cancels the token of the moment, so that the work in progress can be told to stop; the second
// ends the program at once. Make it before any other thread. Thread-safe.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  base::CancelToken token() const;
  // A token that only the next Ctrl-C does not cancel: for the calls that clean up. Returns it.
  base::CancelToken Renew();

 private:
  void Wait();

  mutable absl::Mutex mutex_;
  base::CancelToken token_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::cli
