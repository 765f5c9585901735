#include "common/process/host.h"

#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include <fmt/format.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/base/status.h"
#include "common/process/host_state.h"
#include "common/process/signals.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "common/telemetry/log.h"

namespace breadthflow::process {
namespace {

// Stands in for keys that could not be read: nobody passes, and the process ends before it serves.
class ClosedAuthenticator final : public security::Authenticator {
 public:
  absl::StatusOr<security::Principal> Authenticate(std::string_view) const override {
    return base::MakeError(absl::StatusCode::kUnauthenticated, "INVALID_API_KEY", "the keys could not be read");
  }
};

}  // namespace

Host::State::State(HostOptions o, config::v1::ProcessConfig c)
    : options(std::move(o)),
      config(std::move(c)),
      authenticator(MakeAuthenticator()),
      guard({.max_concurrent_calls = config.server().max_concurrent_calls(),
             .max_calls_per_key = config.server().max_calls_per_key(),
             .policies = options.policies},
            *authenticator, metrics, clock),
      channels({.service_key = config.auth().service_key(), .policies = options.policies}, metrics),
      page_tokens(base::Sha256HexOf("page tokens of " + config.database().url())),
      job_options{.workers = config.jobs().workers(),
                  .lease = rpc::FromProto(config.jobs().lease()),
                  .heartbeat = rpc::FromProto(config.jobs().heartbeat()),
                  .rescue_interval = rpc::FromProto(config.jobs().rescue_interval()),
                  .poll_interval = rpc::FromProto(config.jobs().poll_interval())},
      dropped_lines(metrics.Counter("bf_log_dropped_lines_total", "Log lines lost because the writer was too slow.")),
      probe(postgres::Database::Open(
          {.url = config.database().url(), .schema = "public", .pool_size = 1, .application_name = options.program})) {
  if (!options.in_process_peers) {
    const auto& peers = config.peers();
    channels.Connect("data", peers.data());
    channels.Connect("signal", peers.signal());
    channels.Connect("backtest", peers.backtest());
    channels.Connect("training", peers.training());
    channels.Connect("registry", peers.registry());
    channels.Connect("orchestrator", peers.orchestrator());
  }
}

std::unique_ptr<security::Authenticator> Host::State::MakeAuthenticator() {
  if (config.auth().mode() != "file") return security::MakeOpenAuthenticator();
  auto keys = security::MakeFileAuthenticator(config.auth().keys_file(), clock);
  if (keys.ok()) return *std::move(keys);
  setup = keys.status();
  return std::make_unique<ClosedAuthenticator>();
}

Host::Host(HostOptions options, config::v1::ProcessConfig config) {
  base::KeepFreedMemory();
#ifdef NDEBUG
  // Debian's absl looks for lock cycles in release builds too, inside gRPC as well: a tenth of the time of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  BlockStopSignals();  // before the threads of logs, channels and modules
  telemetry::StartLogging(
      {.service = options.program, .minimum = telemetry::ParseSeverity(config.telemetry().log_level())});
  state_ = std::make_unique<State>(std::move(options), std::move(config));
}

Host::~Host() {
  // Calls have ended by now. The server goes before the services that it points to.
  state_->server.reset();
  state_->metrics_server.reset();
  state_->slots.clear();  // waits for handlers that run still, until the limit ends the process
  if (state_->exit_limit.joinable()) {
    state_->drained.Notify();
    state_->exit_limit.join();
  }
}

void Host::Add(const std::string& name, const std::function<std::unique_ptr<rpc::Module>(const ModuleContext&)>& make) {
  State& state = *state_;
  auto slot = std::make_unique<Slot>();
  slot->name = name;
  slot->observer = std::make_unique<JobObserver>(state.metrics, name);
  slot->database = postgres::Database::Open({.url = state.config.database().url(),
                                             .schema = name,
                                             .pool_size = state.config.database().pool_size(),
                                             .application_name = fmt::format("breadthflow-{}", name)});
  slot->pool_in_use = state.metrics.Gauge("bf_db_pool_in_use", "Database connections in use.", {{"module", name}});
  slot->module = make(ModuleContext{.config = state.config,
                                    .clock = state.clock,
                                    .metrics = state.metrics,
                                    .database = *slot->database,
                                    .channels = state.channels,
                                    .guard = state.guard,
                                    .page_tokens = state.page_tokens,
                                    .job_options = state.job_options,
                                    .job_observer = *slot->observer});
  state.slots.push_back(std::move(slot));
}

int Host::Run() {
  State& state = *state_;
  if (!state.setup.ok()) {
    fmt::print(stderr, "{}\n", base::Message(state.setup));
    return kExitBadConfig;
  }
  const Signals signals([this] { Stop(); });
  if (!state.StartListening()) return kExitFailed;
  if (state.config.auth().mode() == "none") {
    telemetry::LogWarning("authentication is off: whoever reaches this port may do everything",
                          {{"host", state.config.server().host()}});
  }
  state.KeepHealthy();
  state.Drain();
  telemetry::FlushLogs();
  return state.exit_status;
}

void Host::Stop() {
  if (state_->stop_asked.exchange(true)) return;
  state_->starting.Cancel(base::CancelReason::kShuttingDown);
  state_->stop.Notify();
}

int Host::port() const { return state_->port; }
int Host::metrics_port() const { return state_->metrics_port; }

bool Host::State::StartListening() {
  std::vector<grpc::Service*> services;
  for (const auto& slot : slots) {
    for (grpc::Service* service : slot->module->services()) services.push_back(service);
  }
  auto metrics_started =
      telemetry::MetricsServer::Start(metrics, config.server().metrics_host(), config.server().metrics_port());
  auto started = metrics_started.ok() ? rpc::Server::Start({.host = config.server().host(),
                                                            .port = config.server().port(),
                                                            .reflection = config.server().reflection()},
                                                           services, guard)
                                      : absl::StatusOr<std::unique_ptr<rpc::Server>>(metrics_started.status());
  if (!started.ok()) {
    fmt::print(stderr, "{}: {}\n", options.program, base::Message(started.status()));
    return false;
  }
  metrics_server = *std::move(metrics_started);
  server = *std::move(started);
  port = server->port();
  metrics_port = metrics_server->port();
  metrics.Gauge("build_info", "Always 1.", {{"version", BREADTHFLOW_VERSION}, {"program", options.program}}).Set(1);

  for (const auto& slot : slots) {
    const std::string package = fmt::format("breadthflow.{}.v1.", slot->name);
    for (const std::string& service : server->services()) {
      if (!service.starts_with(package)) continue;
      slot->services.push_back(service);
      guard.SetReady(service, false);
    }
    if (options.in_process_peers) channels.Attach(slot->name, server->InProcessChannel());
  }
  return true;
}

void Host::State::Drain() {
  const absl::Duration grace = rpc::FromProto(config.server().drain_timeout());
  server->SetDraining();
  if (exit_status == kExitOk) absl::SleepFor(rpc::FromProto(config.server().lame_duck()));

  // A handler that does not look at its token must not keep the process: it can not write any more.
  exit_limit = std::thread([this, grace] {
    if (!drained.WaitForNotificationWithTimeout(grace + absl::Seconds(5))) {
      telemetry::LogWarning("a handler did not stop in time");
      telemetry::FlushLogs();
      _exit(exit_status);
    }
  });
  std::vector<std::thread> drains;
  for (const auto& slot : slots) {
    if (slot->announcer) slot->announcer->Stop();
    drains.emplace_back([&slot, grace] { slot->module->Drain(grace); });
  }
  guard.EndStreams();
  server->Shutdown(grace);
  for (std::thread& drain : drains) drain.join();
}

}  // namespace breadthflow::process
