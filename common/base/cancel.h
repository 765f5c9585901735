#pragma once

#include <atomic>
#include <memory>

#include "absl/status/status.h"

namespace breadthflow::base {

enum class CancelReason { kNone = 0, kCancelled, kLeaseLost, kShuttingDown, kDeadline };

// A shared flag that asks work to stop. Copies share the flag; the first reason wins. Thread-safe, lock-free.
// Work that runs longer than 100 ms calls Check() at least that often.
class CancelToken {
 public:
  CancelToken() : reason_(std::make_shared<std::atomic<int>>(0)) {}
  void Cancel(CancelReason reason) const {
    int none = 0;
    reason_->compare_exchange_strong(none, static_cast<int>(reason));
  }
  bool cancelled() const { return reason_->load(std::memory_order_relaxed) != 0; }
  CancelReason reason() const { return static_cast<CancelReason>(reason_->load()); }
  // OK, or CANCELLED / ABORTED LEASE_LOST / UNAVAILABLE SHUTTING_DOWN / DEADLINE_EXCEEDED.
  absl::Status Check() const;

 private:
  std::shared_ptr<std::atomic<int>> reason_;
};

}  // namespace breadthflow::base
