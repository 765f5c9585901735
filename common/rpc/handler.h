#pragma once

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

#include "common/rpc/call.h"
#include "common/telemetry/scope.h"

namespace breadthflow::rpc {

// What log lines and spans of this call carry.
telemetry::Context ContextOf(const Call& call);

// Runs what a service does for a call, within the call's log context, and answers what it answers. An exception becomes
// INTERNAL with the trace id; its text goes only to the log, after `where` ("exception in a handler").
absl::Status RunHandler(const Call& call, std::string_view where, absl::FunctionRef<absl::Status()> body);

// Work that was told to stop says CANCELLED; the reason is what the caller should see.
absl::Status WithReason(absl::Status status, const Call& call);

}  // namespace breadthflow::rpc
