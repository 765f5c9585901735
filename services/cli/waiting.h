#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "services/cli/progress.h"

namespace breadthflow::cli {

// Says that a call which tells nothing on its way is still at work: nothing for two seconds, then on a terminal a line
// with the time that has passed, drawn anew each second and gone at the end; elsewhere a line now and whenever that
// time has doubled.
class Waiting {
 public:
  Waiting(Progress::Style style, std::ostream& out, const base::Clock& clock, std::string title);
  ~Waiting() { Finish(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // Looks at the clock from a thread of its own until Finish.
  void Start();
  // Says what is due; for one thread at a time.
  void Look();
  // Takes the line back. Safe more than once.
  void Finish();

 private:
  const Progress::Style style_;
  std::ostream& out_;
  const base::Clock& clock_;
  const std::string title_;
  const absl::Time start_;
  absl::Duration next_;  // what has to pass before something is said
  size_t drawn_ = 0;     // columns of the line on the terminal now
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::cli
