#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/base/cancel.h"

namespace breadthflow::clients {

// What an outgoing call inherits from the work it is done for. Every client method takes one.
struct CallScope {
  absl::Time deadline = absl::InfiniteFuture();  // infinite: the method's own default applies
  std::string traceparent;                       // W3C; empty starts a new trace
  base::CancelToken cancel;                      // cancelling it ends the call with CANCELLED
};

}  // namespace breadthflow::clients
