#pragma once

#include <atomic>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace breadthflow::rpc {

// The unary calls that are let in at once, of all callers and of one API key. Thread-safe.
class CallSlots {
 public:
  // `per_key` 0: no bound of its own.
  CallSlots(int total, int per_key) : total_(total), per_key_(per_key) {}

  // RESOURCE_EXHAUSTED `OVERLOADED` or `TOO_MANY_CALLS`, with when to try again; else Give() must follow.
  absl::Status Take(const std::string& key_id);
  void Give(const std::string& key_id);
  int taken() const { return taken_; }

 private:
  const int total_;
  const int per_key_;
  std::atomic<int> taken_{0};
  absl::Mutex mutex_;
  std::map<std::string, int> by_key_ ABSL_GUARDED_BY(mutex_);
};

// The streams of one direction that may be open at once. Thread-safe.
class StreamSlots {
 public:
  // What messages call them: "streams", "TOO_MANY_STREAMS".
  StreamSlots(int total, std::string noun, std::string reason)
      : total_(total), noun_(std::move(noun)), reason_(std::move(reason)) {}

  // RESOURCE_EXHAUSTED `reason`, with when to try again; else Give() must follow.
  absl::Status Take();
  void Give() { --taken_; }
  int taken() const { return taken_; }

 private:
  const int total_;
  const std::string noun_;
  const std::string reason_;
  std::atomic<int> taken_{0};
};

}  // namespace breadthflow::rpc
