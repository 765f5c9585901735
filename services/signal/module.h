#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "breadthflow/config/v1/config.pb.h"

#include "common/clients/data_client.h"
#include "common/clients/training_client.h"
#include "common/jobs/runner.h"
#include "common/process/module_context.h"
#include "common/rpc/module.h"
#include "services/signal/app/generator.h"
#include "services/signal/app/signal_runs.h"
#include "services/signal/rpc/signal_service.h"
#include "services/signal/store/signal_store.h"

namespace breadthflow::signal {

// The signal service, assembled.
class SignalModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "signal";
  using Config = config::v1::SignalConfig;

  SignalModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration grace) override { runner_.Drain(grace); }
  std::vector<component::Announcement> announcements() const override;

 private:
  postgres::Database& database_;
  std::unique_ptr<clients::DataClient> data_;
  std::unique_ptr<clients::TrainingClient> training_;
  SignalStore store_;
  Generator generator_;
  jobs::Runner runner_;
  SignalRuns runs_;
  SignalService service_;
};

}  // namespace breadthflow::signal
