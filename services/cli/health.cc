#include "services/cli/health.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

struct Target {
  const char* name;
  const char* service;
};

constexpr Target kTargets[] = {
    {"data", "breadthflow.data.v1.DataService"},
    {"signal", "breadthflow.signal.v1.SignalService"},
    {"backtest", "breadthflow.backtest.v1.BacktestService"},
    {"training", "breadthflow.training.v1.TrainingService"},
    {"registry", "breadthflow.registry.v1.ComponentService"},
    {"orchestrator", "breadthflow.orchestrator.v1.PipelineService"},
};

ServiceHealth Check(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  // HealthCheckRequest{service = 1} and HealthCheckResponse{status = 1}, by hand: the library does not ship the proto.
  std::string request;
  if (!service.empty()) request = fmt::format("\x0a{}{}", static_cast<char>(service.size()), service);
  grpc::Slice slice(request);
  const grpc::ByteBuffer body(&slice, 1);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", body, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return {service, "UNKNOWN", "another process serves it"};
  if (!status.ok()) return {service, "UNREACHABLE", status.error_message()};
  grpc::Slice response;
  if (!answer.DumpToSingleSlice(&response).ok()) return {service, "UNREACHABLE", "the answer can not be read"};
  const bool serving = response.size() >= 2 && response.begin()[0] == 0x08 && response.begin()[1] == 1;
  return {service, serving ? "SERVING" : "NOT_SERVING",
          serving ? "" : "its database does not answer, or it is starting or draining"};
}

// A channel of its own: those of the suite do not let a call through to a server that says NOT_SERVING.
std::shared_ptr<grpc::Channel> Open(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

std::vector<ServiceHealth> CheckHealth(const Session& session) {
  std::vector<ServiceHealth> health;
  const bool separate = session.server().find('=') != std::string::npos;
  for (const Target& target : kTargets) {
    const std::string address = session.AddressOf(target.name);
    if (address.empty()) continue;
    const auto channel = Open(address);
    if (separate || health.empty()) {
      health.push_back(Check(channel, ""));
      if (separate) health.back().service = fmt::format("({})", target.name);
    }
    health.push_back(Check(channel, target.service));
  }
  return health;
}

namespace {

bool Serves(const std::vector<ServiceHealth>& health, const Target& target) {
  return std::any_of(health.begin(), health.end(), [&](const ServiceHealth& entry) {
    return entry.service == target.service && entry.status == "SERVING";
  });
}

}  // namespace

bool ServesEverything(const std::vector<ServiceHealth>& health) {
  return std::all_of(std::begin(kTargets), std::end(kTargets),
                     [&](const Target& target) { return Serves(health, target); });
}

std::string DescribeServed(const std::vector<ServiceHealth>& health) {
  if (ServesEverything(health)) return "every service serves";
  std::vector<std::string> here;
  std::vector<std::string> elsewhere;
  for (const Target& target : kTargets) (Serves(health, target) ? here : elsewhere).emplace_back(target.name);
  return fmt::format("serves {}; not {}: name each process with --server data=HOST:PORT,signal=HOST:PORT,...",
                     fmt::join(here, ", "), fmt::join(elsewhere, ", "));
}

absl::Status Verdict(const std::vector<ServiceHealth>& health) {
  std::string bad;
  for (const ServiceHealth& entry : health) {
    if (entry.status == "SERVING" || entry.status == "UNKNOWN") continue;
    bad += fmt::format("{}{} is {}: {}", bad.empty() ? "" : "; ", entry.service.empty() ? "the server" : entry.service,
                       entry.status, entry.detail);
  }
  if (bad.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kUnavailable, "NOT_SERVING", bad);
}

}  // namespace breadthflow::cli
