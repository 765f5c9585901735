#pragma once

#include <string_view>

#include "absl/status/status.h"
#include <grpcpp/support/status.h>

namespace google::rpc {
class Status;
}

// absl::Status <-> what travels: the gRPC status with google.rpc.Status in `grpc-status-details-bin`, holding ErrorInfo
// (always; domain "breadthflow.dev"), BadRequest when there are violations and RetryInfo when there is a retry_after.
namespace breadthflow::rpc {

inline constexpr std::string_view kErrorDomain = "breadthflow.dev";

// Message and serialized details together never exceed 4,096 bytes (more than that does not fit the 8 KiB of gRPC's
// metadata once encoded). What does not fit is cut and marked: the message ends with " [truncated]", the metadata says
// `violations_count` and `violations_shown`, and values that were cut end with "...": descriptions of violations only
// where the whole of them does not fit.
grpc::Status ToGrpc(const absl::Status& status);

// The same details as a message: for errors inside resources (a run's `error`).
google::rpc::Status ToProto(const absl::Status& status);

// Back, with the details. A status without our details (made by gRPC itself) gets a reason made from its code.
absl::Status FromGrpc(const grpc::Status& status);
absl::Status FromProto(const google::rpc::Status& status);

// "InvalidArgument", "OK": the grpc_code label of metrics and logs.
std::string_view CodeLabel(absl::StatusCode code);

}  // namespace breadthflow::rpc
