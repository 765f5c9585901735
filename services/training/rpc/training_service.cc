#include "services/training/rpc/training_service.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "services/training/rpc/convert.h"

namespace breadthflow::training {

absl::StatusOr<v1::TrainingRun> TrainingService::RunById(const std::string& id, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const TrainingRun run, parts_.store.GetRun(id, deadline));
  return ToProto(run);
}

grpc::Status TrainingService::ListModelTypes(grpc::ServerContext* context, const v1::ListModelTypesRequest* request,
                                             v1::ListModelTypesResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call&) -> absl::Status {
    for (const ModelEntry& entry : parts_.models.entries())
      *response->add_model_types() = rpc::ToProto(entry.info, entry.params);
    std::sort(response->mutable_model_types()->begin(), response->mutable_model_types()->end(),
              [](const auto& a, const auto& b) { return a.name() < b.name(); });
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::CreateTrainingRun(grpc::ServerContext* context,
                                                const v1::CreateTrainingRunRequest* request,
                                                v1::TrainingRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    base::Violations violations;
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    const TrainingSpec spec = FromProto(request->spec(), violations);
    if (request->validate_only()) return parts_.runner.Check(spec, std::move(violations)).status();
    BF_ASSIGN_OR_RETURN(const std::string id, parts_.runner.Submit(spec,
                                                                   {.principal = call.principal.name,
                                                                    .request_id = request->request_id(),
                                                                    .traceparent = call.traceparent(),
                                                                    .deadline = call.deadline},
                                                                   std::move(violations)));
    parts_.jobs.WakeUp();
    BF_ASSIGN_OR_RETURN(*response, RunById(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::GetTrainingRun(grpc::ServerContext* context, const v1::GetTrainingRunRequest* request,
                                             v1::TrainingRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("trainingRuns", request->name()));
    BF_ASSIGN_OR_RETURN(*response, RunById(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::ListTrainingRuns(grpc::ServerContext* context, const v1::ListTrainingRunsRequest* request,
                                               v1::ListTrainingRunsResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    constexpr char kQuery[] = "ListTrainingRuns";
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(kQuery, request->page_token()));
    BF_ASSIGN_OR_RETURN(const Page<TrainingRun> page, parts_.store.ListRuns(size, cursor, call.deadline));
    for (const TrainingRun& run : page.items) *response->add_training_runs() = ToProto(run);
    response->set_next_page_token(parts_.page_tokens.Encode(kQuery, page.next));
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::CancelTrainingRun(grpc::ServerContext* context,
                                                const v1::CancelTrainingRunRequest* request,
                                                v1::TrainingRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("trainingRuns", request->name()));
    BF_RETURN_IF_ERROR(parts_.store.RequestCancel(id, call.deadline));
    parts_.jobs.WakeUp();
    BF_ASSIGN_OR_RETURN(*response, RunById(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::TrainingRun>* TrainingService::WatchTrainingRun(
    grpc::CallbackServerContext* context, const v1::WatchTrainingRunRequest* request) {
  return parts_.guard.Stream<v1::TrainingRun>(
      context, request,
      [this](const rpc::Call& call, const v1::WatchTrainingRunRequest& watch)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::TrainingRun>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("trainingRuns", watch.name()));
        return rpc::WatchRun<v1::TrainingRun>(
            [this, id, deadline = call.deadline] { return RunById(id, deadline); },
            [](const v1::TrainingRun& run) { return rpc::IsFinal(run.job()); },
            [this, id](std::function<void()> changed) {
              return parts_.jobs.Watch(id, [changed = std::move(changed)](const jobs::Job*) { changed(); });
            });
      });
}

grpc::Status TrainingService::ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                                         v1::ListModelsResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    const std::string query = fmt::format("ListModels|model_name={}", request->model_name());
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(query, request->page_token()));
    BF_ASSIGN_OR_RETURN(const Page<Model> page,
                        parts_.store.ListModels(request->model_name(), size, cursor, call.deadline));
    for (const Model& model : page.items) *response->add_models() = ToProto(model);
    response->set_next_page_token(parts_.page_tokens.Encode(query, page.next));
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                                       v1::Model* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("models", request->name()));
    BF_ASSIGN_OR_RETURN(const Model model, parts_.store.GetModel(id, request->include_artefact(), call.deadline));
    *response = ToProto(model);
    return absl::OkStatus();
  });
}

grpc::Status TrainingService::Predict(grpc::ServerContext* context, const v1::PredictRequest* request,
                                      v1::PredictResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("models", request->name()));
    const std::span values(request->values().data(), static_cast<size_t>(request->values_size()));
    BF_ASSIGN_OR_RETURN(const std::vector<double> probabilities,
                        parts_.predictor.Predict(id, request->feature_schema_sha256(), values, call.deadline));
    response->mutable_probabilities()->Assign(probabilities.begin(), probabilities.end());
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::training
