#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "breadthflow/config/v1/config.pb.h"

#include "common/clients/data_client.h"
#include "common/clients/signal_client.h"
#include "common/jobs/runner.h"
#include "common/process/module_context.h"
#include "common/rpc/module.h"
#include "services/backtest/app/backtest_runs.h"
#include "services/backtest/app/backtester.h"
#include "services/backtest/app/reporter.h"
#include "services/backtest/rpc/backtest_service.h"
#include "services/backtest/store/backtest_store.h"

namespace breadthflow::backtest {

// The backtest service, assembled.
class BacktestModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "backtest";
  using Config = config::v1::BacktestConfig;

  BacktestModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration grace) override { runner_.Drain(grace); }
  std::vector<component::Announcement> announcements() const override;

 private:
  postgres::Database& database_;
  std::unique_ptr<clients::DataClient> data_;
  std::unique_ptr<clients::SignalClient> signals_;
  BacktestStore store_;
  Backtester backtester_;
  Reporter reporter_;
  jobs::Runner runner_;
  BacktestRuns runs_;
  BacktestService service_;
};

}  // namespace breadthflow::backtest
