#pragma once

#include "breadthflow/orchestrator/v1/pipeline_service.grpc.pb.h"

#include "common/component/catalog.h"
#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/orchestrator/app/pipelines.h"
#include "services/orchestrator/app/steps/step.h"

namespace breadthflow::orchestrator {

// PipelineService: requests to use cases and back.
class PipelineService final
    : public v1::PipelineService::WithCallbackMethod_WatchPipelineRun<v1::PipelineService::Service> {
 public:
  PipelineService(Pipelines& pipelines, const component::Catalog<StepEntry>& catalog, rpc::Guard& guard,
                  const rpc::PageTokens& page_tokens)
      : pipelines_(pipelines), catalog_(catalog), guard_(guard), page_tokens_(page_tokens) {}

  grpc::Status ListStepKinds(grpc::ServerContext* context, const v1::ListStepKindsRequest* request,
                             v1::ListStepKindsResponse* response) override;
  grpc::Status RunPipeline(grpc::ServerContext* context, const v1::RunPipelineRequest* request,
                           v1::PipelineRun* response) override;
  grpc::Status GetPipelineRun(grpc::ServerContext* context, const v1::GetPipelineRunRequest* request,
                              v1::PipelineRun* response) override;
  grpc::Status ListPipelineRuns(grpc::ServerContext* context, const v1::ListPipelineRunsRequest* request,
                                v1::ListPipelineRunsResponse* response) override;
  grpc::Status CancelPipelineRun(grpc::ServerContext* context, const v1::CancelPipelineRunRequest* request,
                                 v1::PipelineRun* response) override;
  grpc::Status RetryPipelineRun(grpc::ServerContext* context, const v1::RetryPipelineRunRequest* request,
                                v1::PipelineRun* response) override;
  grpc::ServerWriteReactor<v1::PipelineRun>* WatchPipelineRun(grpc::CallbackServerContext* context,
                                                              const v1::WatchPipelineRunRequest* request) override;

 private:
  Pipelines& pipelines_;
  const component::Catalog<StepEntry>& catalog_;
  rpc::Guard& guard_;
  const rpc::PageTokens& page_tokens_;
};

}  // namespace breadthflow::orchestrator
