#include "services/backtest/module.h"

#include "common/base/status.h"
#include "common/postgres/migrate.h"
#include "services/backtest/domain/execution/execution.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/risk/risk.h"
#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest {

BacktestModule::BacktestModule(const Config&, const process::ModuleContext& context)
    : database_(context.database),
      data_(clients::MakeDataClient(context.channels)),
      signals_(clients::MakeSignalClient(context.channels)),
      store_(database_),
      backtester_(*data_, *signals_),
      reporter_(store_, *data_, *signals_),
      runner_(database_, context.job_options, &context.job_observer),
      runs_(store_, backtester_, runner_, context.clock),
      service_(context.guard, runs_, store_, reporter_, context.page_tokens) {}

absl::Status BacktestModule::Start(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(postgres::Migrate(database_, BacktestStore::AllMigrations(), {.cancel = cancel}));
  BF_RETURN_IF_ERROR(store_.SweepOrphans().status());
  return runner_.Start();
}

std::vector<component::Announcement> BacktestModule::announcements() const {
  std::vector<component::Announcement> all;
  component::Announce(ExecutionEngines(), all);
  component::Announce(RiskManagers(), all);
  component::Announce(Sizers(), all);
  for (const MetricEntry& metric : Metrics().entries()) all.push_back({metric.info, {}});
  return all;
}

}  // namespace breadthflow::backtest
