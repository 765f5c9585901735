#include "services/data/module.h"

#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "services/data/domain/quality/check.h"
#include "services/data/sources/catalog.h"

namespace breadthflow::data {
namespace {

// Any folder may be read only as long as nobody but this machine can ask for it.
SourceEntry::Environment EnvironmentOf(const DataModule::Config& config, const process::ModuleContext& context) {
  const std::string& host = context.config.server().host();
  const bool loopback = host.empty() || host == "localhost" || host == "::1" || host.starts_with("127.");
  SourceEntry::Environment environment;
  environment.csv_roots = {config.data().csv_roots().begin(), config.data().csv_roots().end()};
  environment.csv_anywhere = environment.csv_roots.empty() && loopback;
  return environment;
}

}  // namespace

DataModule::DataModule(const Config& config, const process::ModuleContext& context)
    : database_(context.database),
      series_(database_),
      runs_(database_),
      snapshots_(database_),
      runner_(database_, context.job_options, &context.job_observer),
      fetcher_(database_, series_, runs_, Sources(), EnvironmentOf(config, context), context.clock,
               [this] { runner_.WakeUp(); }),
      reader_(database_, series_, snapshots_, context.clock),
      maintenance_(series_, context.metrics, context.clock),
      rpc_({.guard = context.guard,
            .page_tokens = context.page_tokens,
            .sources = Sources(),
            .fetcher = fetcher_,
            .reader = reader_,
            .series = series_,
            .runs = runs_,
            .snapshots = snapshots_}) {
  runner_.Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return fetcher_.Run(job); });
}

absl::Status DataModule::Start() {
  std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
  const std::vector<postgres::Migration>& chunks = columnar::Migrations();
  migrations.insert(migrations.end(), chunks.begin(), chunks.end());
  migrations.insert(migrations.end(), Migrations().begin(), Migrations().end());
  BF_RETURN_IF_ERROR(postgres::Migrate(database_, std::move(migrations)));
  BF_RETURN_IF_ERROR(runner_.Start());
  maintenance_.Start();
  return absl::OkStatus();
}

std::vector<component::Announcement> DataModule::announcements() const {
  std::vector<component::Announcement> all;
  component::Announce(Sources(), all);
  component::Announce(QualityChecks(), all);
  return all;
}

}  // namespace breadthflow::data
