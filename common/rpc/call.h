#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/security/authenticator.h"
#include "common/telemetry/trace.h"

namespace breadthflow::rpc {

// What a handler knows about the call it serves. Cheap to copy.
struct Call {
  security::Principal principal;
  std::string request_id;  // names this call in logs; not the AIP-155 request_id, which is a field of the request
  absl::Time deadline = absl::InfiniteFuture();  // never infinite in a unary call: 30 s unless the caller said less
  base::CancelToken cancel;  // cancelled when the deadline passes, the caller leaves or the process drains
  telemetry::TraceContext trace;

  std::string traceparent() const { return telemetry::ToTraceparent(trace); }

  // For outgoing calls: `call.As<clients::CallScope>()`, which has deadline, traceparent and cancel in this order.
  template <typename CallScope>
  CallScope As() const {
    return CallScope{deadline, traceparent(), cancel};
  }
};

}  // namespace breadthflow::rpc
