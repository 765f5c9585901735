#include "common/rpc/channels.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::rpc {
namespace {

constexpr int kCodes = 17;

// Who may be asked again, and how servers are chosen among: the ready ones, in turn.
std::string ServiceConfig(const MethodPolicies& policies) {
  std::string names;
  for (const MethodPolicy& policy : policies) {
    if (!policy.retry_safe) continue;
    const size_t slash = policy.method.find('/');
    names += fmt::format(R"({}{{"service":"{}","method":"{}"}})", names.empty() ? "" : ",",
                         policy.method.substr(0, slash), policy.method.substr(slash + 1));
  }
  const std::string methods =
      names.empty()
          ? ""
          : fmt::format(R"({{"name":[{}],"retryPolicy":{{"maxAttempts":4,"initialBackoff":"0.1s",)"
                        R"("maxBackoff":"1s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}}})",
                        names);
  return fmt::format(R"({{"loadBalancingConfig":[{{"round_robin":{{}}}}],"healthCheckConfig":{{"serviceName":""}},)"
                     R"("retryThrottling":{{"maxTokens":10,"tokenRatio":0.1}},"methodConfig":[{}]}})",
                     methods);
}

grpc::ChannelArguments Arguments(const MethodPolicies& policies) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ServiceConfig(policies));
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 5'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return arguments;
}

}  // namespace

Channels::Channels(Options options, telemetry::Metrics& metrics) : options_(std::move(options)) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const MethodPolicy& policy : options_.policies) {
    const size_t slash = policy.method.find('/');
    const std::string service = policy.method.substr(0, slash);
    const std::string name = policy.method.substr(slash + 1);
    const google::protobuf::MethodDescriptor* descriptor = pool->FindMethodByName(fmt::format("{}.{}", service, name));
    if (!descriptor) continue;
    Method& method = methods_[descriptor->input_type()];
    method.name = policy.method;
    method.default_deadline = policy.default_deadline;
    const telemetry::Labels labels = {{"grpc_type", descriptor->server_streaming() ? "server_stream" : "unary"},
                                      {"grpc_service", service},
                                      {"grpc_method", name}};
    method.instruments = [&metrics, labels] {
      Instruments instruments;
      instruments.started = metrics.Counter("grpc_client_started_total", "Calls begun.", labels);
      instruments.seconds = metrics.Histogram("grpc_client_handling_seconds", "From the call to its status.", labels);
      for (int code = 0; code < kCodes; ++code) {
        telemetry::Labels with_code = labels;
        with_code["grpc_code"] = CodeLabel(static_cast<absl::StatusCode>(code));
        instruments.handled[static_cast<size_t>(code)] =
            metrics.Counter("grpc_client_handled_total", "Calls ended, by code.", with_code);
      }
      return instruments;
    };
  }
}

Channels::~Channels() = default;

void Channels::Connect(const std::string& name, const std::string& target) {
  const bool has_scheme = target.find("://") != std::string::npos || target.starts_with("unix:");
  auto channel = grpc::CreateCustomChannel(has_scheme ? target : fmt::format("dns:///{}", target),
                                           grpc::InsecureChannelCredentials(), Arguments(options_.policies));
  Attach(name, std::move(channel));
}

void Channels::Attach(const std::string& name, std::shared_ptr<grpc::Channel> channel) {
  absl::MutexLock lock(&mutex_);
  channels_[name].swap(channel);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Channels::Get(std::string_view name) const {
  absl::MutexLock lock(&mutex_);
  const auto found = channels_.find(name);
  if (found != channels_.end() && found->second) return found->second;
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_PEER",
                         fmt::format("nobody said where the service '{}' is", name));
}

Channels::Method& Channels::MethodOf(const google::protobuf::Descriptor* request) {
  const auto found = methods_.find(request);
  return found == methods_.end() ? unknown_ : found->second;
}

Channels::Instruments& Channels::Method::Use() {
  std::call_once(*once, [this] {
    if (instruments) used = instruments();
  });
  return used;
}

}  // namespace breadthflow::rpc
