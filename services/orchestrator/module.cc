#include "services/orchestrator/module.h"

#include "common/jobs/store.h"
#include "common/postgres/migrate.h"

namespace breadthflow::orchestrator {
namespace {

// A step only waits for its service, so many can share a core; what bounds the work are the workers of the services.
constexpr int kStepsPerWorker = 8;

jobs::RunnerOptions StepOptions(jobs::RunnerOptions options) {
  options.workers *= kStepsPerWorker;
  return options;
}

}  // namespace

OrchestratorModule::OrchestratorModule(const Config&, const process::ModuleContext& context)
    : database_(context.database),
      data_(clients::MakeDataClient(context.channels)),
      signal_(clients::MakeSignalClient(context.channels)),
      training_(clients::MakeTrainingClient(context.channels)),
      backtest_(clients::MakeBacktestClient(context.channels)),
      registry_(clients::MakeRegistryClient(context.channels)),
      store_(context.database),
      steps_(store_, StepCatalog(), Services{*data_, *signal_, *training_, *backtest_}, context.clock,
             PipelineRunner::Options()),
      runner_(context.database, StepOptions(context.job_options), &context.job_observer),
      pipelines_(store_, StepCatalog(), *registry_, runner_, context.clock),
      service_(pipelines_, StepCatalog(), context.guard, context.page_tokens) {
  steps_.HandleJobs(runner_);
}

absl::Status OrchestratorModule::Start(const base::CancelToken& cancel) {
  std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
  migrations.insert(migrations.end(), Migrations().begin(), Migrations().end());
  BF_RETURN_IF_ERROR(postgres::Migrate(database_, std::move(migrations), {.cancel = cancel}));
  return runner_.Start();
}

std::vector<component::Announcement> OrchestratorModule::announcements() const {
  std::vector<component::Announcement> all;
  component::Announce(StepCatalog(), all);
  return all;
}

}  // namespace breadthflow::orchestrator
