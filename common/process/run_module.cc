#include "common/process/run_module.h"

#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/config/config.h"

namespace breadthflow::process {
namespace {

void PrintHelp(const HostOptions& options) {
  fmt::print(
      "{0}: a service of BreadthFlow\n\n"
      "usage: {0} [--config FILE] [--check-config] [--version] [--help]\n\n"
      "  --config FILE    YAML; default $BREADTHFLOW_CONFIG_DIR/{1}.yaml when the variable is set\n"
      "  --check-config   check configuration and database, then end: 0 good, 78 wrong, 3 no database\n"
      "  --version        print the version\n{4}\n"
      "environment: BREADTHFLOW_DATABASE_URL, BREADTHFLOW_CONFIG_DIR, BREADTHFLOW__SECTION__KEY (overrides the file)\n"
      "default ports: gRPC {2}, metrics {3}\n",
      options.program, options.program.substr(options.program.find('-') + 1), options.default_port,
      options.default_metrics_port, options.more_help);
}

void PrintErrors(const absl::Status& status) {
  const base::ErrorDetails details = base::DetailsOf(status);
  if (details.violations.empty()) fmt::print(stderr, "{}\n", base::Message(status));
  for (const base::FieldViolation& violation : details.violations) {
    fmt::print(stderr, "{}: {}\n", violation.field, violation.description);
  }
}

}  // namespace

Ports DefaultPorts(std::string_view module) {
  static const std::map<std::string, Ports, std::less<>> kPorts = {
      {"data", {50051, 9101}},      {"signal", {50052, 9102}},   {"backtest", {50053, 9103}},
      {"training", {50054, 9104}},  {"registry", {50055, 9105}}, {"orchestrator", {50056, 9106}},
      {"standalone", {50050, 9110}}};
  const auto found = kPorts.find(module);
  return found == kPorts.end() ? Ports{} : found->second;
}

std::optional<Flags> ParseFlags(const HostOptions& options, int argc, char** argv, int* exit_status) {
  Flags flags;
  *exit_status = kExitOk;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag(argv[i]);
    if (flag == "--help" || flag == "-h") {
      PrintHelp(options);
      return std::nullopt;
    }
    if (flag == "--version") {
      fmt::print("{} {}\n", options.program, BREADTHFLOW_VERSION);
      return std::nullopt;
    }
    if (flag == "--check-config") {
      flags.check_config = true;
    } else if (flag == "--config" && i + 1 < argc) {
      flags.config_file = argv[++i];
    } else if (flag.starts_with("--config=")) {
      flags.config_file = flag.substr(std::string_view("--config=").size());
    } else {
      fmt::print(stderr, "{}: unknown flag or missing value: '{}'; see --help\n", options.program, flag);
      *exit_status = kExitBadConfig;
      return std::nullopt;
    }
  }
  if (const char* folder = std::getenv("BREADTHFLOW_CONFIG_DIR"); flags.config_file.empty() && folder != nullptr) {
    flags.config_file = fmt::format("{}/{}.yaml", folder, options.program.substr(options.program.find('-') + 1));
  }
  return flags;
}

std::optional<config::v1::ProcessConfig> LoadProcessConfig(const HostOptions& options, const Flags& flags,
                                                           google::protobuf::Message& config) {
  config::Variables environment = config::ProcessEnvironment();
  // The short name of a setting that every process needs: above the file, below its long name.
  if (const auto url = environment.find("BREADTHFLOW_DATABASE_URL");
      url != environment.end() && !url->second.empty() && !environment.contains("BREADTHFLOW__DATABASE__URL__FILE")) {
    environment.try_emplace("BREADTHFLOW__DATABASE__URL", url->second);
  }
  const absl::Status loaded = config::Load(flags.config_file, environment, config);
  if (!loaded.ok()) PrintErrors(loaded);
  // The messages of all processes have these fields under the same numbers.
  config::v1::ProcessConfig shared;
  shared.ParsePartialFromString(config.SerializePartialAsString());
  shared.DiscardUnknownFields();
  FillDefaults(options, shared);
  // What could not be read has its default now, so these are further errors.
  const absl::Status checked = CheckProcessConfig(shared, !options.own_database);
  if (!checked.ok()) PrintErrors(checked);
  if (!loaded.ok() || !checked.ok()) return std::nullopt;
  config.MergeFromString(shared.SerializeAsString());
  return shared;
}

int CheckDatabase(const config::v1::ProcessConfig& config) {
  const auto database = postgres::Database::Open({.url = config.database().url(), .schema = "public", .pool_size = 1});
  if (const absl::Status status = database->Ping(absl::Seconds(5)); !status.ok()) {
    fmt::print(stderr, "the database can not be reached: {}\n", base::Message(status));
    return kExitNoDatabase;
  }
  fmt::print("configuration and database are good\n");
  return kExitOk;
}

}  // namespace breadthflow::process
