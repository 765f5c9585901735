#include "services/data/module.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "common/http/curl_http_client.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "common/process/loopback.h"
#include "services/data/domain/quality/check.h"
#include "services/data/rpc/stream_series.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/table_reader.h"

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

// Without TLS only another address on this machine may be asked, which takes a variable to set.
bool AsksThisMachine(const absl::StatusOr<std::vector<ProviderSettings>>& providers) {
  if (!providers.ok()) return false;
  return std::any_of(providers->begin(), providers->end(), [](const ProviderSettings& provider) {
    return provider.base_url.starts_with("http://127.0.0.1:") || provider.base_url.starts_with("http://localhost:");
  });
}

}  // namespace

DataModule::DataModule(const Config& config, const process::ModuleContext& context)
    : database_(context.database),
      resources_(database_),
      series_(database_),
      runs_(database_),
      snapshots_(database_),
      limits_(database_),
      provider_settings_(DefaultProviders(Variable)),
      http_(http::MakeCurlHttpClient({.allow_plain_http = AsksThisMachine(provider_settings_)})),
      providers_(provider_settings_.ok() ? *provider_settings_ : std::vector<ProviderSettings>(), *http_, limits_,
                 context.clock, {}),
      runner_(database_, context.job_options, &context.job_observer),
      fetcher_(database_, resources_, series_, runs_, Sources(), EnvironmentOf(config, context, providers_),
               context.clock, [this] { runner_.WakeUp(); }),
      importer_(database_, resources_, series_, Sources(), csv::MakeReader, context.clock, {}),
      reader_(database_, resources_, series_, snapshots_, context.clock),
      maintenance_(series_, context.metrics, context.clock),
      streamer_(database_, resources_, series_, fetcher_, runs_, context.metrics, context.clock, EncodeLiveRows),
      rpc_({.guard = context.guard,
            .page_tokens = context.page_tokens,
            .sources = Sources(),
            .fetcher = fetcher_,
            .importer = importer_,
            .reader = reader_,
            .database = database_,
            .resources = resources_,
            .series = series_,
            .runs = runs_,
            .snapshots = snapshots_,
            .jobs = runner_,
            .streamer = streamer_}) {
  runner_.Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return fetcher_.Run(job); });
}

absl::Status DataModule::Start(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(provider_settings_.status());
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
