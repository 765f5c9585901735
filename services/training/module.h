#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "breadthflow/config/v1/config.pb.h"

#include "common/clients/data_client.h"
#include "common/jobs/runner.h"
#include "common/process/module_context.h"
#include "common/rpc/module.h"
#include "services/training/app/predictor.h"
#include "services/training/app/training_runner.h"
#include "services/training/rpc/training_service.h"
#include "services/training/store/training_store.h"

namespace breadthflow::training {

// The training service, assembled.
class TrainingModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "training";
  using Config = config::v1::TrainingConfig;

  TrainingModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration grace) override { jobs_.Drain(grace); }
  std::vector<component::Announcement> announcements() const override;

 private:
  std::unique_ptr<clients::DataClient> data_;
  TrainingStore store_;
  TrainingRunner runner_;
  ModelPredictor predictor_;
  jobs::Runner jobs_;
  TrainingService service_;
};

}  // namespace breadthflow::training
