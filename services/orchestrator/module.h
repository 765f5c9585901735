#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/config/v1/config.pb.h"

#include "common/clients/backtest_client.h"
#include "common/clients/data_client.h"
#include "common/clients/registry_client.h"
#include "common/clients/signal_client.h"
#include "common/clients/training_client.h"
#include "common/jobs/runner.h"
#include "common/process/module_context.h"
#include "services/orchestrator/app/pipeline_runner.h"
#include "services/orchestrator/app/pipelines.h"
#include "services/orchestrator/rpc/pipeline_service.h"
#include "services/orchestrator/store/pipeline_store.h"

namespace breadthflow::orchestrator {

// The orchestrator, assembled.
class OrchestratorModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "orchestrator";
  using Config = config::v1::OrchestratorConfig;

  OrchestratorModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration grace) override { runner_.Drain(grace); }
  std::vector<component::Announcement> announcements() const override;

 private:
  postgres::Database& database_;
  std::unique_ptr<clients::DataClient> data_;
  std::unique_ptr<clients::SignalClient> signal_;
  std::unique_ptr<clients::TrainingClient> training_;
  std::unique_ptr<clients::BacktestClient> backtest_;
  std::unique_ptr<clients::RegistryClient> registry_;
  PipelineStore store_;
  PipelineRunner steps_;
  jobs::Runner runner_;
  Pipelines pipelines_;
  PipelineService service_;
};

}  // namespace breadthflow::orchestrator
