#pragma once

#include <functional>
#include <thread>

namespace breadthflow::process {

// Keeps SIGTERM and SIGINT from the threads made after this call; they wait for Signals. The first thing in main().
void BlockStopSignals();

// SIGTERM and SIGINT of this process, taken on a thread of their own. Made before any other thread, so that all inherit
// the blocked mask. The first signal calls `stop`; a second one ends the process at once with status 1. SIGPIPE is
// ignored.
class Signals {
 public:
  explicit Signals(std::function<void()> stop);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void Wait();

  std::function<void()> stop_;
  int wake_ = -1;  // eventfd: ends the thread
  std::thread thread_;
};

}  // namespace breadthflow::process
