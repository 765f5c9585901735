#include "services/orchestrator/rpc/pipeline_service.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "common/rpc/source.h"
#include "services/orchestrator/rpc/convert.h"

namespace breadthflow::orchestrator {
namespace {

constexpr char kCollection[] = "pipelineRuns";

absl::StatusOr<Pipelines::Request> RequestOf(const rpc::Call& call, const std::string& request_id) {
  base::Violations violations;
  rpc::CheckRequestId(request_id, "request_id", violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid request"));
  return Pipelines::Request{.principal = call.principal.name,
                            .traceparent = call.traceparent(),
                            .request_id = request_id,
                            .deadline = call.deadline};
}

}  // namespace

grpc::Status PipelineService::ListStepKinds(grpc::ServerContext* context, const v1::ListStepKindsRequest* request,
                                            v1::ListStepKindsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call&) {
    for (const StepEntry& entry : catalog_.entries()) *response->add_step_kinds() = ToProto(entry);
    return absl::OkStatus();
  });
}

grpc::Status PipelineService::RunPipeline(grpc::ServerContext* context, const v1::RunPipelineRequest* request,
                                          v1::PipelineRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const Pipelines::Request from, RequestOf(call, request->request_id()));
    BF_ASSIGN_OR_RETURN(const Pipeline pipeline, FromProto(request->pipeline()));
    if (request->validate_only()) return pipelines_.Check(pipeline, from);
    BF_ASSIGN_OR_RETURN(const PipelineRun run, pipelines_.Run(pipeline, from));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status PipelineService::GetPipelineRun(grpc::ServerContext* context, const v1::GetPipelineRunRequest* request,
                                             v1::PipelineRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_ASSIGN_OR_RETURN(const PipelineRun run, pipelines_.Get(id, call.deadline));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status PipelineService::ListPipelineRuns(grpc::ServerContext* context, const v1::ListPipelineRunsRequest* request,
                                               v1::ListPipelineRunsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int page_size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string before, page_tokens_.Decode("ListPipelineRuns", request->page_token()));
    BF_ASSIGN_OR_RETURN(const Pipelines::Page page, pipelines_.List(before, page_size, call.deadline));
    for (const PipelineRun& run : page.runs) *response->add_pipeline_runs() = ToProto(run);
    response->set_next_page_token(page_tokens_.Encode("ListPipelineRuns", page.next));
    return absl::OkStatus();
  });
}

grpc::Status PipelineService::CancelPipelineRun(grpc::ServerContext* context,
                                                const v1::CancelPipelineRunRequest* request,
                                                v1::PipelineRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_ASSIGN_OR_RETURN(const PipelineRun run, pipelines_.Cancel(id, call.deadline));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status PipelineService::RetryPipelineRun(grpc::ServerContext* context, const v1::RetryPipelineRunRequest* request,
                                               v1::PipelineRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_ASSIGN_OR_RETURN(const Pipelines::Request from, RequestOf(call, request->request_id()));
    BF_ASSIGN_OR_RETURN(const PipelineRun run, pipelines_.Retry(id, request->from_step(), from));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::PipelineRun>* PipelineService::WatchPipelineRun(
    grpc::CallbackServerContext* context, const v1::WatchPipelineRunRequest* request) {
  return guard_.Stream<v1::PipelineRun>(
      context, request,
      [this](const rpc::Call& call, const v1::WatchPipelineRunRequest& watch)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::PipelineRun>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, watch.name()));
        return rpc::WatchRun<v1::PipelineRun>(
            [this, id, deadline = call.deadline]() -> absl::StatusOr<v1::PipelineRun> {
              BF_ASSIGN_OR_RETURN(const PipelineRun run, pipelines_.Get(id, deadline));
              return ToProto(run);
            },
            [](const v1::PipelineRun& run) { return rpc::IsFinal(run.job()); },
            [this](std::function<void()> changed) { return pipelines_.Watch(std::move(changed)); });
      });
}

}  // namespace breadthflow::orchestrator
