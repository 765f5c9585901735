#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/process/run_module.h"
#include "common/process/signals.h"
#include "common/telemetry/log.h"
#include "services/backtest/module.h"
#include "services/data/module.h"
#include "services/orchestrator/module.h"
#include "services/registry/module.h"
#include "services/signal/module.h"
#include "services/standalone/private_cluster.h"
#include "services/training/module.h"

namespace {

using namespace breadthflow;  // NOLINT(google-build-using-namespace): main

// A module with its part of the configuration: the messages of the processes have the same fields under the same
// numbers, so each reads its own out of the whole.
template <typename Module>
struct Part {
  Part(process::Host& host, const config::v1::StandaloneConfig& whole) {
    config.ParseFromString(whole.SerializeAsString());
    config.DiscardUnknownFields();
    host.Add(std::string(Module::kName),
             [this](const process::ModuleContext& context) { return std::make_unique<Module>(config, context); });
  }
  typename Module::Config config;
};

// Takes --data-dir out of the command line; false when its value is missing.
bool TakeDataDir(std::vector<char*>& argv, std::string& data_dir) {
  constexpr std::string_view kFlag = "--data-dir";
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string_view word(argv[i]);
    if (word == kFlag) {
      if (i + 1 == argv.size()) return false;
      data_dir = argv[i + 1];
      argv.erase(argv.begin() + static_cast<std::ptrdiff_t>(i), argv.begin() + static_cast<std::ptrdiff_t>(i) + 2);
      return true;
    }
    if (word.starts_with(kFlag) && word.size() > kFlag.size() && word[kFlag.size()] == '=') {
      data_dir = word.substr(kFlag.size() + 1);
      argv.erase(argv.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  process::BlockStopSignals();
  const process::Ports ports = process::DefaultPorts("standalone");
  const process::HostOptions options{
      .program = "breadthflow-standalone",
      .default_port = ports.grpc,
      .default_metrics_port = ports.metrics,
      .in_process_peers = true,
      .own_database = true,
      .more_help = "  --data-dir DIR   keep a private PostgreSQL there when no database is named\n"};
  std::vector<char*> words(argv, argv + argc);
  std::string data_dir;
  if (!TakeDataDir(words, data_dir)) {
    fmt::print(stderr, "{}: --data-dir needs a value\n", options.program);
    return process::kExitBadConfig;
  }
  int exit_status = process::kExitOk;
  const auto flags = process::ParseFlags(options, static_cast<int>(words.size()), words.data(), &exit_status);
  if (!flags) return exit_status;
  config::v1::StandaloneConfig config;
  auto shared = process::LoadProcessConfig(options, *flags, config);
  if (!shared) return process::kExitBadConfig;
  const bool named = !shared->database().url().empty();
  if (flags->check_config) {
    if (named) return process::CheckDatabase(*shared);
    fmt::print("configuration is good; the database will be a private one\n");
    return process::kExitOk;
  }

  // Outlives the host, which is connected to it.
  std::unique_ptr<standalone::PrivateCluster> cluster;
  if (!named) {
    if (data_dir.empty()) data_dir = config.data_dir().empty() ? standalone::DefaultDataDir() : config.data_dir();
    auto started =
        standalone::PrivateCluster::Start(data_dir, [](const std::string& news) { telemetry::LogError(news, {}); });
    if (!started.ok()) {
      fmt::print(stderr, "{}: {}\n", options.program, base::Message(started.status()));
      return process::kExitFailed;
    }
    cluster = *std::move(started);
    shared->mutable_database()->set_url(cluster->url());
  }
  config.mutable_database()->set_url(shared->database().url());
  process::Host host(options, *shared);
  const Part<registry::RegistryModule> registry(host, config);
  const Part<data::DataModule> data(host, config);
  const Part<signal::SignalModule> signal(host, config);
  const Part<training::TrainingModule> training(host, config);
  const Part<backtest::BacktestModule> backtest(host, config);
  const Part<orchestrator::OrchestratorModule> orchestrator(host, config);
  return host.Run();
}
