#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include <google/protobuf/message.h>

namespace breadthflow::rpc {

// What is asked of every message that comes in, before a service sees it: at most `max_bytes` (INVALID_ARGUMENT
// MESSAGE_TOO_LARGE with the limit in its metadata), and no NUL character in any text, which no store could keep
// (INVALID_ARGUMENT NUL_IN_TEXT with the path of each such field, at most 100). Bytes fields hold what they like.
absl::Status CheckRequest(const google::protobuf::Message& request, int64_t max_bytes);

}  // namespace breadthflow::rpc
