#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"

// What the clients of all services share. No type of gRPC or protobuf appears in this folder's headers.
namespace breadthflow::clients {

// What a call takes over from the work it is made for. The call's own deadline is the caller's less 50 ms, or 30 s for
// unary calls when there is none; cancelling the token cancels the call.
struct CallContext {
  absl::Time deadline = absl::InfiniteFuture();
  std::string traceparent;  // W3C; empty starts a new trace
  base::CancelToken cancel;
};

enum class RunState { kQueued = 1, kRunning = 2, kSucceeded = 3, kFailed = 4, kCancelled = 5 };

// The common part of every run resource.
struct RunStatus {
  std::string name;  // "fetchRuns/0190..."
  RunState state = RunState::kQueued;
  double progress = 0;  // fraction in [0, 1]
  std::string stage;    // what it is doing, for people
  absl::Status error;   // not OK only when state is kFailed or kCancelled
  bool terminal() const { return state >= RunState::kSucceeded; }
};

}  // namespace breadthflow::clients
