#include "common/rpc/method_table.h"

#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/rpc/handler.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/log.h"
#include "common/telemetry/scope.h"

namespace breadthflow::rpc {
namespace {

telemetry::Severity SeverityOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return telemetry::Severity::kError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return telemetry::Severity::kWarning;
    default:
      return telemetry::Severity::kInfo;
  }
}

void MakeMetrics(Method& method, telemetry::Metrics& metrics) {
  const google::protobuf::MethodDescriptor& descriptor = *method.descriptor;
  const telemetry::Labels labels = {{"grpc_type", descriptor.server_streaming()   ? "server_stream"
                                                  : descriptor.client_streaming() ? "client_stream"
                                                                                  : "unary"},
                                    {"grpc_service", descriptor.service()->full_name()},
                                    {"grpc_method", descriptor.name()}};
  method.started = metrics.Counter("grpc_server_started_total", "Calls begun.", labels);
  method.received = metrics.Counter("grpc_server_msg_received_total", "Messages received.", labels);
  method.sent = metrics.Counter("grpc_server_msg_sent_total", "Messages sent.", labels);
  method.seconds = metrics.Histogram("grpc_server_handling_seconds", "From the first byte to the status.", labels);
  for (size_t code = 0; code < method.handled.size(); ++code) {
    telemetry::Labels with_code = labels;
    with_code["grpc_code"] = CodeLabel(static_cast<absl::StatusCode>(code));
    method.handled[code] = metrics.Counter("grpc_server_handled_total", "Calls ended, by code.", with_code);
  }
}

}  // namespace

void Method::Finish(const Call& call, absl::Time begin, const absl::Status& status, int64_t sent_messages) const {
  const absl::Duration took = absl::Now() - begin;
  handled[static_cast<size_t>(status.code()) % handled.size()].Increment();
  seconds.Observe(absl::ToDoubleSeconds(took));
  if (sent_messages > 0) sent.Increment(static_cast<double>(sent_messages));
  const telemetry::Severity severity = SeverityOf(status.code());
  if (!telemetry::WouldLog(severity)) return;
  telemetry::Scope scope(ContextOf(call));
  const double milliseconds = absl::ToDoubleMilliseconds(took);
  const std::string_view code = CodeLabel(status.code());
  if (status.ok()) {
    telemetry::Log(severity, "call",
                   {{"grpc_method", policy.method}, {"grpc_code", code}, {"duration_ms", milliseconds}});
  } else {
    telemetry::Log(severity, "call",
                   {{"grpc_method", policy.method},
                    {"grpc_code", code},
                    {"duration_ms", milliseconds},
                    {"reason", base::DetailsOf(status).reason},
                    {"error", base::Message(status)}});
  }
}

MethodTable::MethodTable(const MethodPolicies& policies) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const MethodPolicy& policy : policies) {
    const std::string service = policy.method.substr(0, policy.method.find('/'));
    const std::string dotted = fmt::format("{}.{}", service, policy.method.substr(service.size() + 1));
    const google::protobuf::MethodDescriptor* descriptor = pool->FindMethodByName(dotted);
    if (!descriptor) continue;  // of a service that this program does not link
    auto& ready = ready_[service];
    if (!ready) ready = std::make_unique<std::atomic<bool>>(true);
    auto method = std::make_unique<Method>();
    method->policy = policy;
    method->descriptor = descriptor;
    method->streams = descriptor->server_streaming() || descriptor->client_streaming();
    method->ready = ready.get();
    if (!methods_.emplace(descriptor->input_type(), std::move(method)).second) ambiguous_.push_back(policy.method);
  }
}

absl::Status MethodTable::Cover(const std::vector<std::string>& services, telemetry::Metrics& metrics) {
  std::vector<std::string> missing;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service = pool->FindServiceByName(name);
    if (!service) {
      missing.push_back(name);
      continue;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor* descriptor = service->method(i);
      const auto found = methods_.find(descriptor->input_type());
      if (found == methods_.end() || found->second->descriptor != descriptor) {
        missing.push_back(fmt::format("{}/{}", name, descriptor->name()));
        continue;
      }
      MakeMetrics(*found->second, metrics);
    }
  }
  if (!ambiguous_.empty()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_REQUEST",
                           fmt::format("methods need a request message of their own: {}", fmt::join(ambiguous_, ", ")));
  }
  if (missing.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "MISSING_POLICY",
                         fmt::format("no policy in the method table: {}", fmt::join(missing, ", ")));
}

const Method* MethodTable::Find(const google::protobuf::Message& request) const {
  const auto found = methods_.find(request.GetDescriptor());
  return found == methods_.end() ? nullptr : found->second.get();
}

void MethodTable::SetReady(std::string_view service, bool ready) {
  const auto found = ready_.find(service);
  if (found != ready_.end()) *found->second = ready;
}

}  // namespace breadthflow::rpc
