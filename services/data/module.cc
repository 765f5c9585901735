#include "services/data/module.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "common/http/curl_http_client.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "common/process/loopback.h"
#include "common/rpc/convert.h"
#include "services/data/domain/quality/check.h"
#include "services/data/rpc/stream_series.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/table_reader.h"
#include "services/data/sources/saved_answers.h"

namespace breadthflow::data {
namespace {

// Any folder may be read only as long as nobody but this machine can ask for it.
SourceEntry::Environment EnvironmentOf(const DataModule::Config& config, const process::ModuleContext& context,
                                       Upstream& upstream) {
  SourceEntry::Environment environment;
  environment.csv_roots = {config.data().csv_roots().begin(), config.data().csv_roots().end()};
  environment.csv_anywhere = environment.csv_roots.empty() && process::IsLoopback(context.config.server().host());
  environment.upstream = &upstream;
  return environment;
}

std::optional<std::string> Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

absl::StatusOr<std::vector<ProviderSettings>> ProvidersOf(const DataModule::Config& config) {
  std::vector<ProviderOverride> overrides;
  for (const config::v1::ProviderConfig& given : config.data().providers()) {
    ProviderOverride one{
        .name = given.name(), .base_url = given.base_url(), .allow_plain_http = given.allow_plain_http()};
    if (given.has_per_second()) one.per_second = given.per_second();
    if (given.has_burst()) one.burst = given.burst();
    if (given.has_per_day()) one.per_day = given.per_day();
    overrides.push_back(std::move(one));
  }
  return MakeProviders(overrides, Variable);
}

CoveragePolicy PolicyOf(const DataModule::Config& config) {
  CoveragePolicy policy;
  if (config.data().has_revision_window()) policy.revision_window = rpc::FromProto(config.data().revision_window());
  if (config.data().has_recheck_after()) policy.recheck_after = rpc::FromProto(config.data().recheck_after());
  return policy;
}

absl::StatusOr<int> SymbolsAtOnce(const DataModule::Config& config) {
  const int given = config.data().symbols_at_once();
  if (given == 0) return Fetcher::kDefaultSymbolsAtOnce;
  if (given > 0 && given <= Fetcher::kMaxSymbolsAtOnce) return given;
  base::Violations violations;
  violations.Add("data.symbols_at_once", fmt::format("must be in [1, {}], was {}", Fetcher::kMaxSymbolsAtOnce, given));
  return violations.ToStatus("invalid configuration", "BAD_CONFIG");
}

absl::StatusOr<ReadLimits> ReadLimitsOf(const DataModule::Config& config) {
  ReadLimits limits;
  const int64_t given = config.data().read_memory_mib();
  if (given == 0) return limits;
  constexpr int64_t kLeast = 64;
  if (given < kLeast) {
    base::Violations violations;
    violations.Add("data.read_memory_mib", fmt::format("must be at least {}, was {}", kLeast, given));
    return violations.ToStatus("invalid configuration", "BAD_CONFIG");
  }
  limits.all_bytes = given << 20;
  limits.series_bytes = limits.all_bytes / 2;
  return limits;
}

// Requests are answered again for a week, with the run that they made.
constexpr absl::Duration kShortestRunRetention = absl::Hours(24 * 7);

absl::StatusOr<MaintenanceOptions> MaintenanceOf(const DataModule::Config& config) {
  MaintenanceOptions options;
  if (config.data().has_run_retention()) options.run_retention = rpc::FromProto(config.data().run_retention());
  if (options.run_retention != absl::ZeroDuration() && options.run_retention < kShortestRunRetention) {
    base::Violations violations;
    violations.Add("data.run_retention", fmt::format("must be 0 (for ever) or at least {}, was {}",
                                                     absl::FormatDuration(kShortestRunRetention),
                                                     absl::FormatDuration(options.run_retention)));
    return violations.ToStatus("invalid configuration", "BAD_CONFIG");
  }
  if (config.data().has_raw_body_retention()) {
    options.raw_body_retention = rpc::FromProto(config.data().raw_body_retention());
  }
  return options;
}

}  // namespace

DataModule::DataModule(const Config& config, const process::ModuleContext& context)
    : database_(context.database),
      resources_(database_),
      series_(database_),
      runs_(database_),
      coverage_(database_, PolicyOf(config)),
      bodies_(database_),
      snapshots_(database_),
      kept_apart_(database_),
      quarantines_(database_, series_, coverage_, kept_apart_, context.clock),
      drops_(database_, resources_, series_, context.clock),
      symbols_at_once_(SymbolsAtOnce(config)),
      limits_(database_),
      provider_settings_(ProvidersOf(config)),
      http_(http::MakeCurlHttpClient()),
      providers_(provider_settings_.ok() ? *provider_settings_ : std::vector<ProviderSettings>(), *http_, limits_,
                 context.clock, {}),
      runner_(database_, context.job_options, &context.job_observer),
      fetcher_({.database = database_,
                .resources = resources_,
                .series = series_,
                .runs = runs_,
                .coverage = coverage_,
                .bodies = bodies_,
                .quarantines = quarantines_,
                .sources = Sources(),
                .environment = EnvironmentOf(config, context, providers_),
                .clock = context.clock,
                .wake_up = [this] { runner_.WakeUp(); },
                .policy = PolicyOf(config),
                .symbols_at_once = symbols_at_once_.value_or(Fetcher::kDefaultSymbolsAtOnce)}),
      importer_(database_, resources_, series_, quarantines_, Sources(), csv::MakeReader, MakeSavedAnswerReader,
                context.clock, {}),
      read_limits_(ReadLimitsOf(config)),
      reader_(database_, resources_, series_, coverage_, snapshots_, context.clock,
              read_limits_.value_or(ReadLimits())),
      maintenance_options_(MaintenanceOf(config)),
      maintenance_(series_, bodies_, runs_, context.metrics, context.clock,
                   maintenance_options_.value_or(MaintenanceOptions())),
      streamer_(database_, resources_, series_, fetcher_, runs_, context.metrics, context.clock, EncodeLiveRows),
      rpc_({.guard = context.guard,
            .page_tokens = context.page_tokens,
            .sources = Sources(),
            .upstream = providers_,
            .fetcher = fetcher_,
            .importer = importer_,
            .reader = reader_,
            .database = database_,
            .resources = resources_,
            .quarantines = quarantines_,
            .drops = drops_,
            .kept_apart = kept_apart_,
            .series = series_,
            .runs = runs_,
            .coverage = coverage_,
            .bodies = bodies_,
            .snapshots = snapshots_,
            .jobs = runner_,
            .streamer = streamer_}) {
  runner_.Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return fetcher_.Run(job); });
}

absl::Status DataModule::Start(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(provider_settings_.status());
  BF_RETURN_IF_ERROR(symbols_at_once_.status());
  BF_RETURN_IF_ERROR(read_limits_.status());
  BF_RETURN_IF_ERROR(maintenance_options_.status());
  std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
  const std::vector<postgres::Migration>& chunks = columnar::Migrations();
  migrations.insert(migrations.end(), chunks.begin(), chunks.end());
  migrations.insert(migrations.end(), Migrations().begin(), Migrations().end());
  BF_RETURN_IF_ERROR(postgres::Migrate(database_, std::move(migrations), {.cancel = cancel}));
  BF_RETURN_IF_ERROR(runner_.Start());
  maintenance_.Start();
  streamer_.Start();
  return absl::OkStatus();
}

std::vector<component::Announcement> DataModule::announcements() const {
  std::vector<component::Announcement> all;
  component::Announce(Sources(), all);
  component::Announce(QualityChecks(), all);
  return all;
}

}  // namespace breadthflow::data
