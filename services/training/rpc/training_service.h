#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "breadthflow/training/v1/training_service.grpc.pb.h"

#include "common/component/catalog.h"
#include "common/jobs/runner.h"
#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/training/app/predictor.h"
#include "services/training/app/training_runner.h"
#include "services/training/domain/trainer.h"
#include "services/training/store/training_store.h"

namespace breadthflow::training {

using TrainingServiceBase = v1::TrainingService::WithCallbackMethod_WatchTrainingRun<v1::TrainingService::Service>;

// breadthflow.training.v1.TrainingService: one statement a method, the rest is in app/ and store/. Thread-safe.
class TrainingService final : public TrainingServiceBase {
 public:
  // What the service is made of; all of it outlives the service.
  struct Parts {
    rpc::Guard& guard;
    const rpc::PageTokens& page_tokens;
    const component::Catalog<ModelEntry>& models;
    TrainingStore& store;
    TrainingRunner& runner;
    ModelPredictor& predictor;
    jobs::Runner& jobs;
  };
  explicit TrainingService(const Parts& parts) : parts_(parts) {}

  grpc::Status ListModelTypes(grpc::ServerContext* context, const v1::ListModelTypesRequest* request,
                              v1::ListModelTypesResponse* response) override;
  grpc::Status CreateTrainingRun(grpc::ServerContext* context, const v1::CreateTrainingRunRequest* request,
                                 v1::TrainingRun* response) override;
  grpc::Status GetTrainingRun(grpc::ServerContext* context, const v1::GetTrainingRunRequest* request,
                              v1::TrainingRun* response) override;
  grpc::Status ListTrainingRuns(grpc::ServerContext* context, const v1::ListTrainingRunsRequest* request,
                                v1::ListTrainingRunsResponse* response) override;
  grpc::Status CancelTrainingRun(grpc::ServerContext* context, const v1::CancelTrainingRunRequest* request,
                                 v1::TrainingRun* response) override;
  grpc::ServerWriteReactor<v1::TrainingRun>* WatchTrainingRun(grpc::CallbackServerContext* context,
                                                              const v1::WatchTrainingRunRequest* request) override;
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request, v1::Model* response) override;
  grpc::Status Predict(grpc::ServerContext* context, const v1::PredictRequest* request,
                       v1::PredictResponse* response) override;

 private:
  absl::StatusOr<v1::TrainingRun> RunById(const std::string& id, absl::Time deadline);

  Parts parts_;
};

}  // namespace breadthflow::training
