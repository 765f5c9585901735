#include "common/base/cancel.h"

#include "common/base/status.h"

namespace breadthflow::base {

absl::Status CancelToken::Check() const {
  switch (reason()) {
    case CancelReason::kNone:
      return absl::OkStatus();
    case CancelReason::kCancelled:
      return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the work was cancelled");
    case CancelReason::kLeaseLost:
      return MakeError(absl::StatusCode::kAborted, "LEASE_LOST", "another worker took this work over");
    case CancelReason::kShuttingDown:
      return MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the server is shutting down");
    case CancelReason::kDeadline:
      return MakeError(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline passed");
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::base
