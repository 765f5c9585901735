#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/base/clock.h"
#include "common/clients/component_announcer.h"
#include "common/clients/registry_client.h"
#include "common/process/host.h"
#include "common/process/job_observer.h"
#include "common/rpc/server.h"
#include "common/security/authenticator.h"
#include "common/telemetry/metrics.h"

namespace breadthflow::process {

// A module and what its process keeps for it.
struct Slot {
  std::string name;
  std::unique_ptr<JobObserver> observer;
  std::unique_ptr<postgres::Database> database;
  std::unique_ptr<rpc::Module> module;
  std::vector<std::string> services;  // full names
  std::unique_ptr<clients::RegistryClient> registry;
  std::unique_ptr<clients::ComponentAnnouncer> announcer;
  telemetry::Gauge pool_in_use;
  bool started = false;
  bool serving = false;
};

// The inside of a Host. host.cc assembles, listens and drains; host_health.cc starts the modules and keeps health true.
struct Host::State {
  State(HostOptions o, config::v1::ProcessConfig c);

  std::unique_ptr<security::Authenticator> MakeAuthenticator();
  bool StartListening();
  void KeepHealthy();
  bool StartModule(Slot& slot, absl::Time& reported);
  void CheckDatabase();
  void SetServing(Slot& slot, const absl::Status& database);
  void CountDroppedLines();
  void Announce(Slot& slot);
  void PrintReady();
  void Drain();

  const HostOptions options;
  const config::v1::ProcessConfig config;
  base::SystemClock clock;
  absl::Status setup;
  telemetry::Metrics metrics;
  std::unique_ptr<security::Authenticator> authenticator;
  rpc::Guard guard;
  rpc::Channels channels;
  rpc::PageTokens page_tokens;
  jobs::RunnerOptions job_options;
  telemetry::Counter dropped_lines;
  // The modules' schemas lie in one database: one question by a connection of its own tells for all of them, however
  // busy their pools are.
  const std::unique_ptr<postgres::Database> probe;
  std::vector<std::unique_ptr<Slot>> slots;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<telemetry::MetricsServer> metrics_server;
  base::CancelToken starting;  // cancelled by Stop()
  absl::Notification stop;
  std::atomic<bool> stop_asked{false};
  std::atomic<int> port{0};
  std::atomic<int> metrics_port{0};
  std::atomic<int> exit_status{kExitOk};
  absl::Notification drained;
  std::thread exit_limit;  // from Drain() to the end of the modules
};

}  // namespace breadthflow::process
