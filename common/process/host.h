#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/config/v1/config.pb.h"

#include "common/process/module_context.h"

namespace breadthflow::process {

// Exit statuses of servers (CONTRACT): 0 drained, 1 could not run (a port was taken ...), 3 the database can not be
// reached (--check-config), 78 the configuration is wrong.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitNoDatabase = 3;
inline constexpr int kExitBadConfig = 78;

struct HostOptions {
  std::string program;  // "breadthflow-data"
  int default_port = 0;
  int default_metrics_port = 0;
  // Modules find each other inside the process; else over the addresses of the section `peers`.
  bool in_process_peers = false;
  // The program starts a database of its own when none is named: its absence is no error.
  bool own_database = false;
  std::string more_help;                                // lines on flags that only this program has
  rpc::MethodPolicies policies = rpc::SuitePolicies();  // of what it serves and calls
};

// Fills in what was left out: hosts, ports, durations, pool size, workers, peers.
void FillDefaults(const HostOptions& options, config::v1::ProcessConfig& config);

// What is wrong with the values, all of it: ports and counts out of range, heartbeat not below lease, an unknown mode
// of authentication, "none" on another address than loopback, a missing keys file, a missing database when it is
// required.
absl::Status CheckProcessConfig(const config::v1::ProcessConfig& config, bool database_required = true);

// One server process: telemetry, database pools, channels, Guard, gRPC and metrics ports, signals and drain, around one
// module or several.
//
// Run() starts to listen at once, with health NOT_SERVING; starts each module when the database answers, and again
// every second until it does (one log line a minute); then prints "ready grpc=HOST:PORT metrics=HOST:PORT" on standard
// output and turns SERVING. Health follows the database from then on (within 10 s, both ways). SIGTERM or SIGINT:
// NOT_SERVING, lame duck, streams end and calls finish within drain_timeout, modules give their leases back, exit 0,
// in 5 s more than that at the latest; a second signal exits at once.
class Host {
 public:
  // `config` must have been checked.
  Host(HostOptions options, config::v1::ProcessConfig config);
  ~Host();

  // Adds a module whose schema and channel are `name`; `make` gets what the host lends to it.
  void Add(const std::string& name, const std::function<std::unique_ptr<rpc::Module>(const ModuleContext&)>& make);

  // Serves until told to stop. Returns the exit status; errors are one line on standard error each.
  int Run();

  // As a signal would: for tests and for owners of a Host that is not a process. From any thread.
  void Stop();
  // Ports once Run() listens, else 0.
  int port() const;
  int metrics_port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breadthflow::process
