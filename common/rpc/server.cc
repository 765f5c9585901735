#include "common/rpc/server.h"

#include <map>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/base/status.h"
#include "common/rpc/guard.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/log.h"

namespace breadthflow::rpc {
namespace {

// The Guard refuses more than 4 MiB in its own words; this is where gRPC itself gives up.
constexpr int kMaxReceiveBytes = 8 << 20;
constexpr absl::Duration kDrainPoll = absl::Milliseconds(5);
constexpr absl::Duration kFarewell = absl::Milliseconds(200);
constexpr const char* kReflectionPlugin = "proto_server_reflection";

// Runs inside BuildAndStart(), when the services are known and nothing is served yet.
class CoverPlugin final : public grpc::ServerBuilderPlugin {
 public:
  struct Outcome {
    absl::Status status;
    std::vector<std::string> services;
  };
  CoverPlugin(Guard& guard, std::shared_ptr<Outcome> outcome) : guard_(guard), outcome_(std::move(outcome)) {}
  std::string name() override { return "breadthflow.cover"; }
  void InitServer(grpc::ServerInitializer* initializer) override {
    for (const std::string& service : *initializer->GetServiceList()) {
      if (!service.starts_with("grpc.")) outcome_->services.push_back(service);
    }
    outcome_->status = guard_.Cover(outcome_->services);
  }
  void Finish(grpc::ServerInitializer*) override {}
  void ChangeArguments(const std::string&, void*) override {}

 private:
  Guard& guard_;
  std::shared_ptr<Outcome> outcome_;
};

// What this one server gets: gRPC adds reflection to all servers of a process that links it.
class Plugins final : public grpc::ServerBuilderOption {
 public:
  Plugins(Guard& guard, std::shared_ptr<CoverPlugin::Outcome> outcome, bool reflection)
      : guard_(guard), outcome_(std::move(outcome)), reflection_(reflection) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    if (!reflection_) std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == kReflectionPlugin; });
    plugins->push_back(std::make_unique<CoverPlugin>(guard_, outcome_));
  }

 private:
  Guard& guard_;
  std::shared_ptr<CoverPlugin::Outcome> outcome_;
  bool reflection_;
};

// Answers calls of methods that nobody registered.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Reactor(const std::string& method) {
        Finish(ToGrpc(base::MakeError(absl::StatusCode::kUnimplemented,
                                      fmt::format("there is no method {}", method.substr(0, 256)),
                                      {.reason = "UNKNOWN_METHOD",
                                       .metadata = {{"method", method.substr(0, 256)}},
                                       .violations = {},
                                       .retry_after = {}})));
      }
      void OnDone() override { delete this; }
    };
    return new Reactor(context->method());
  }
};

// This thread is opening a port: when that fails, the caller says so in one line of its own.
thread_local bool opening_port = false;

void LogOfGrpc(gpr_log_func_args* args) {
  if (opening_port) return;
  // gRPC reports as errors what happens to every server (a peer resets, a port is taken).
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    telemetry::LogWarning("grpc", {{"error", args->message}, {"file", args->file}, {"line", args->line}});
  }
}

}  // namespace

struct Server::State {
  explicit State(Guard& g) : guard(g) {}
  Guard& guard;
  ServerOptions options;
  int port = 0;
  UnknownMethods unknown_methods;
  std::shared_ptr<CoverPlugin::Outcome> cover = std::make_shared<CoverPlugin::Outcome>();
  std::unique_ptr<grpc::Server> server;
  absl::Mutex mutex;
  std::map<std::string, bool, std::less<>> serving ABSL_GUARDED_BY(mutex);
  bool draining ABSL_GUARDED_BY(mutex) = false;
  bool shut_down ABSL_GUARDED_BY(mutex) = false;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services, Guard& guard) {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogOfGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  auto state = std::make_unique<State>(guard);
  state->options = options;
  const std::string address = fmt::format("{}:{}", options.host, options.port);

  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &state->port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.RegisterCallbackGenericService(&state->unknown_methods);
  builder.SetOption(std::make_unique<Plugins>(guard, state->cover, options.reflection));
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 300'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 300'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 70'000);
  opening_port = true;
  state->server = builder.BuildAndStart();
  opening_port = false;
  if (!state->server || state->port == 0) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "PORT_IN_USE",
                           fmt::format("gRPC port {} can not be opened: is it taken?", address));
  }
  if (!state->cover->status.ok()) {
    state->server->Shutdown();
    return state->cover->status;
  }
  auto* health = state->server->GetHealthCheckService();
  health->SetServingStatus(kLivenessName, true);
  health->SetServingStatus("", false);
  {
    absl::MutexLock lock(&state->mutex);
    for (const std::string& service : state->cover->services) {
      state->serving[service] = false;
      health->SetServingStatus(service, false);
    }
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

int Server::port() const { return state_->port; }
const std::string& Server::host() const { return state_->options.host; }
const std::vector<std::string>& Server::services() const { return state_->cover->services; }

void Server::SetServing(std::string_view service, bool serving) {
  absl::MutexLock lock(&state_->mutex);
  const auto found = state_->serving.find(service);
  if (found == state_->serving.end() || state_->draining) return;
  found->second = serving;
  bool all = true;
  for (const auto& [name, is_serving] : state_->serving) all = all && is_serving;
  auto* health = state_->server->GetHealthCheckService();
  health->SetServingStatus(found->first, serving);
  health->SetServingStatus("", all);
}

void Server::SetDraining() {
  absl::MutexLock lock(&state_->mutex);
  if (state_->draining) return;
  state_->draining = true;
  auto* health = state_->server->GetHealthCheckService();
  for (const auto& [name, is_serving] : state_->serving) health->SetServingStatus(name, false);
  health->SetServingStatus("", false);
}

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return state_->server->InProcessChannel(arguments);
}

void Server::Shutdown(absl::Duration grace) {
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->shut_down) return;
    state_->shut_down = true;
  }
  SetDraining();
  // gRPC would answer CANCELLED to what arrives once it shuts down, and clients do not repeat that: so the Guard says
  // UNAVAILABLE as long as there is something to wait for, and gRPC is shut down last.
  Guard& guard = state_->guard;
  guard.RefuseNew();
  guard.EndStreams();
  const absl::Time deadline = absl::Now() + grace;
  while (guard.calls_in_flight() + guard.streams_open() > 0 && absl::Now() < deadline) absl::SleepFor(kDrainPoll);
  guard.CancelAll();
  // Time for the last answers to leave, and for the health watchers of other processes to be cut off.
  state_->server->Shutdown(absl::ToChronoTime(absl::Now() + kFarewell));
  state_->server->Wait();
}

}  // namespace breadthflow::rpc
