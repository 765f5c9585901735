#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "common/process/host.h"

namespace breadthflow::process {

// Ports of CONTRACT by module name ("data" 50051/9101 ...; "standalone" 50050/9110).
struct Ports {
  int grpc = 0;
  int metrics = 0;
};
Ports DefaultPorts(std::string_view module);

// The command line of every server: --config FILE, --check-config, --version, --help. Without --config the file
// <BREADTHFLOW_CONFIG_DIR>/<module>.yaml is read when the variable is set; without either only defaults and the
// environment count.
struct Flags {
  std::string config_file;
  bool check_config = false;
};
// nullopt when the program is to end with *exit_status: help and version were printed, or a flag was wrong.
std::optional<Flags> ParseFlags(const HostOptions& options, int argc, char** argv, int* exit_status);

// Reads, fills and checks the configuration into `config` (a message of config.v1 that begins with the fields of
// ProcessConfig) and returns its shared part; prints each error on a line of its own on standard error.
std::optional<config::v1::ProcessConfig> LoadProcessConfig(const HostOptions& options, const Flags& flags,
                                                           google::protobuf::Message& config);

// --check-config: 0, or 3 when the database can not be reached.
int CheckDatabase(const config::v1::ProcessConfig& config);

// main() of a service. Module: see module_context.h.
template <typename Module>
int RunModule(int argc, char** argv) {
  const Ports ports = DefaultPorts(Module::kName);
  const HostOptions options{.program = "breadthflow-" + std::string(Module::kName),
                            .default_port = ports.grpc,
                            .default_metrics_port = ports.metrics};
  int exit_status = kExitOk;
  const std::optional<Flags> flags = ParseFlags(options, argc, argv, &exit_status);
  if (!flags) return exit_status;
  typename Module::Config config;
  const std::optional<config::v1::ProcessConfig> shared = LoadProcessConfig(options, *flags, config);
  if (!shared) return kExitBadConfig;
  if (flags->check_config) return CheckDatabase(*shared);
  Host host(options, *shared);
  host.Add(std::string(Module::kName),
           [&](const ModuleContext& context) { return std::make_unique<Module>(config, context); });
  return host.Run();
}

}  // namespace breadthflow::process
