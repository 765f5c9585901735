#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/process/host.h"
#include "common/process/loopback.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "common/security/authenticator.h"

namespace breadthflow::process {
namespace {

using ::google::protobuf::Duration;

int Cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

void CheckPort(base::Violations& violations, const std::string& field, int port) {
  if (port < 0 || port > 65535) violations.Add(field, fmt::format("must be in [0, 65535], was {}", port));
}

void CheckCount(base::Violations& violations, const std::string& field, int value, int max) {
  if (value < 1 || value > max) violations.Add(field, fmt::format("must be in [1, {}], was {}", max, value));
}

void CheckDuration(base::Violations& violations, const std::string& field, const Duration& value, absl::Duration min,
                   absl::Duration max) {
  const absl::Duration duration = rpc::FromProto(value);
  if (duration < min || duration > max) {
    violations.Add(field, fmt::format("must be in [{}, {}], was {}", absl::FormatDuration(min),
                                      absl::FormatDuration(max), absl::FormatDuration(duration)));
  }
}

void CheckAuth(base::Violations& violations, const config::v1::ProcessConfig& config) {
  const config::v1::AuthConfig& auth = config.auth();
  if (const absl::Status key = rpc::CheckApiKeyText(auth.service_key()); !key.ok()) {
    violations.Add("auth.service_key", base::Message(key));
  }
  if (auth.mode() == "none") {
    if (!IsLoopback(config.server().host())) {
      violations.Add("auth.mode", fmt::format("none is allowed on loopback only, server.host is '{}'; use file",
                                              config.server().host()));
    }
  } else if (auth.mode() == "file") {
    if (auth.keys_file().empty()) {
      violations.Add("auth.keys_file", "is required when auth.mode is file");
      return;
    }
    const base::SystemClock clock;
    if (auto keys = security::MakeFileAuthenticator(auth.keys_file(), clock); !keys.ok()) {
      violations.Merge("", keys.status());
    }
  } else {
    violations.Add("auth.mode", fmt::format("must be none or file, was '{}'", auth.mode()));
  }
}

}  // namespace

void FillDefaults(const HostOptions& options, config::v1::ProcessConfig& config) {
  auto& server = *config.mutable_server();
  if (server.host().empty()) server.set_host("127.0.0.1");
  if (!server.has_port()) server.set_port(options.default_port);
  if (server.metrics_host().empty()) server.set_metrics_host("127.0.0.1");
  if (!server.has_metrics_port()) server.set_metrics_port(options.default_metrics_port);
  if (!server.has_lame_duck()) *server.mutable_lame_duck() = rpc::ToProto(absl::ZeroDuration());
  if (!server.has_drain_timeout()) *server.mutable_drain_timeout() = rpc::ToProto(absl::Seconds(20));
  if (server.max_concurrent_calls() == 0) server.set_max_concurrent_calls(256);
  if (!server.has_reflection()) server.set_reflection(true);

  auto& database = *config.mutable_database();
  if (database.pool_size() == 0) database.set_pool_size(2 * Cores() + 1);

  auto& jobs = *config.mutable_jobs();
  if (jobs.workers() == 0) jobs.set_workers(Cores());
  if (!jobs.has_lease()) *jobs.mutable_lease() = rpc::ToProto(absl::Seconds(30));
  if (!jobs.has_heartbeat()) *jobs.mutable_heartbeat() = rpc::ToProto(rpc::FromProto(jobs.lease()) / 3);
  if (!jobs.has_rescue_interval()) *jobs.mutable_rescue_interval() = rpc::ToProto(absl::Seconds(5));
  if (!jobs.has_poll_interval()) *jobs.mutable_poll_interval() = rpc::ToProto(absl::Seconds(1));

  if (config.auth().mode().empty()) config.mutable_auth()->set_mode("none");
  if (config.telemetry().log_level().empty()) config.mutable_telemetry()->set_log_level("info");

  auto& peers = *config.mutable_peers();
  if (peers.data().empty()) peers.set_data("localhost:50051");
  if (peers.signal().empty()) peers.set_signal("localhost:50052");
  if (peers.backtest().empty()) peers.set_backtest("localhost:50053");
  if (peers.training().empty()) peers.set_training("localhost:50054");
  if (peers.registry().empty()) peers.set_registry("localhost:50055");
  if (peers.orchestrator().empty()) peers.set_orchestrator("localhost:50056");
}

absl::Status CheckProcessConfig(const config::v1::ProcessConfig& config, bool database_required) {
  base::Violations violations;
  const auto& server = config.server();
  CheckPort(violations, "server.port", server.port());
  CheckPort(violations, "server.metrics_port", server.metrics_port());
  if (server.port() != 0 && server.port() == server.metrics_port()) {
    violations.Add("server.metrics_port", fmt::format("must differ from server.port, both are {}", server.port()));
  }
  CheckDuration(violations, "server.lame_duck", server.lame_duck(), absl::ZeroDuration(), absl::Minutes(5));
  CheckDuration(violations, "server.drain_timeout", server.drain_timeout(), absl::ZeroDuration(), absl::Minutes(10));
  CheckCount(violations, "server.max_concurrent_calls", server.max_concurrent_calls(), 100000);
  if (server.max_calls_per_key() < 0 || server.max_calls_per_key() > server.max_concurrent_calls()) {
    violations.Add("server.max_calls_per_key", fmt::format("must be in [0, {}] (server.max_concurrent_calls), was {}",
                                                           server.max_concurrent_calls(), server.max_calls_per_key()));
  }

  if (database_required && config.database().url().empty()) {
    violations.Add("database.url", "is required: set BREADTHFLOW_DATABASE_URL or database.url");
  }
  CheckCount(violations, "database.pool_size", config.database().pool_size(), 1000);

  const auto& jobs = config.jobs();
  CheckCount(violations, "jobs.workers", jobs.workers(), 1000);
  CheckDuration(violations, "jobs.lease", jobs.lease(), absl::Milliseconds(500), absl::Hours(1));
  CheckDuration(violations, "jobs.heartbeat", jobs.heartbeat(), absl::Milliseconds(50), absl::Hours(1));
  if (rpc::FromProto(jobs.heartbeat()) >= rpc::FromProto(jobs.lease())) {
    violations.Add("jobs.heartbeat", "must be shorter than jobs.lease");
  }
  CheckDuration(violations, "jobs.rescue_interval", jobs.rescue_interval(), absl::Milliseconds(50), absl::Hours(1));
  CheckDuration(violations, "jobs.poll_interval", jobs.poll_interval(), absl::Milliseconds(10), absl::Minutes(1));

  CheckAuth(violations, config);
  const std::string& level = config.telemetry().log_level();
  if (level != "debug" && level != "info" && level != "warn" && level != "warning" && level != "error") {
    violations.Add("telemetry.log_level", fmt::format("must be debug, info, warn or error, was '{}'", level));
  }
  return violations.ToStatus("invalid configuration", "BAD_CONFIG");
}

}  // namespace breadthflow::process
