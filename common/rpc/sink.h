#pragma once

#include "absl/status/status.h"

namespace breadthflow::rpc {

// Where the messages of a client stream go. Called by one thread at a time, never by two, on a thread of the Guard's
// upload pool. The next message is read only when the one before it was taken, so one message is in memory at a time
// beside what the sink itself keeps, which it must bound.
template <typename Request, typename Response>
class Sink {
 public:
  virtual ~Sink() = default;
  // The next message, which the sink may take apart. A non-OK status ends the call with it at once, whatever the caller
  // still sends.
  virtual absl::Status Take(Request& message) = 0;
  // The caller has sent everything and is still there. What is asked for has an effect only from here on. May take
  // longer than other methods; polls Call::cancel.
  virtual absl::Status Finish(Response& response) = 0;
};

}  // namespace breadthflow::rpc
