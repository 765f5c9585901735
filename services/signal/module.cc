#include "services/signal/module.h"

#include "common/base/status.h"
#include "common/postgres/migrate.h"
#include "common/quant/indicators/catalog.h"
#include "common/quant/strategies/catalog.h"

namespace breadthflow::signal {

SignalModule::SignalModule(const Config&, const process::ModuleContext& context)
    : database_(context.database),
      data_(clients::MakeDataClient(context.channels)),
      training_(clients::MakeTrainingClient(context.channels)),
      store_(database_),
      generator_(*data_, *training_, store_),
      runner_(database_, context.job_options, &context.job_observer),
      runs_(store_, generator_, runner_, context.clock),
      service_(context.guard, runs_, context.page_tokens) {}

absl::Status SignalModule::Start(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(postgres::Migrate(database_, SignalStore::AllMigrations(), {.cancel = cancel}));
  BF_RETURN_IF_ERROR(store_.SweepOrphans().status());
  return runner_.Start();
}

std::vector<component::Announcement> SignalModule::announcements() const {
  std::vector<component::Announcement> all;
  component::Announce(quant::Indicators(), all);
  component::Announce(quant::Strategies(), all);
  return all;
}

}  // namespace breadthflow::signal
