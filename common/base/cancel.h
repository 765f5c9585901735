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
  CancelToken() : flag_(std::make_shared<Flag>()) {}
  // For a part of the work: cancelled with this one, or alone.
  CancelToken Child() const {
    CancelToken child;
    child.flag_->whole = flag_;
    return child;
  }
  void Cancel(CancelReason reason) const {
    int none = 0;
    flag_->reason.compare_exchange_strong(none, static_cast<int>(reason));
  }
  bool cancelled() const { return reason() != CancelReason::kNone; }
  CancelReason reason() const {
    for (const Flag* flag = flag_.get(); flag != nullptr; flag = flag->whole.get()) {
      if (const int reason = flag->reason.load(std::memory_order_relaxed); reason != 0) {
        return static_cast<CancelReason>(reason);
      }
    }
    return CancelReason::kNone;
  }
  // OK, or CANCELLED / ABORTED LEASE_LOST / UNAVAILABLE SHUTTING_DOWN / DEADLINE_EXCEEDED.
  absl::Status Check() const;

 private:
  struct Flag {
    std::atomic<int> reason{0};
    std::shared_ptr<const Flag> whole;  // null: there is none
  };
  std::shared_ptr<Flag> flag_;
};

}  // namespace breadthflow::base
