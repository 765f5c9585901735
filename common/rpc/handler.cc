#include "common/rpc/handler.h"

#include <exception>
#include <string>

#include "common/base/status.h"
#include "common/telemetry/log.h"

namespace breadthflow::rpc {

telemetry::Context ContextOf(const Call& call) {
  return {.trace = call.trace,
          .request_id = call.request_id,
          .run_id = {},
          .step_id = {},
          .principal_key_id = call.principal.key_id};
}

absl::Status RunHandler(const Call& call, std::string_view where, absl::FunctionRef<absl::Status()> body) {
  telemetry::Scope scope(ContextOf(call));
  std::string text = "something that is not a std::exception";
  try {
    return body();
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {  // gRPC would end the process
  }
  telemetry::LogError(where, {{"error", text}});
  return base::MakeError(
      absl::StatusCode::kInternal, "internal error",
      {.reason = "INTERNAL", .metadata = {{"trace_id", call.trace.trace_id}}, .violations = {}, .retry_after = {}});
}

absl::Status WithReason(absl::Status status, const Call& call) {
  return status.code() == absl::StatusCode::kCancelled && call.cancel.cancelled() ? call.cancel.Check() : status;
}

}  // namespace breadthflow::rpc
