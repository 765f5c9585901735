#include "common/clients/training_client.h"

#include <algorithm>
#include <utility>

#include "breadthflow/training/v1/training_service.grpc.pb.h"
#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::clients {
namespace {

namespace v1 = training::v1;
using Stub = v1::TrainingService::Stub;

// Requests stay well below the 4 MiB that a server takes.
constexpr size_t kValuesPerCall = 128 * 1024;

v1::TrainingSpec ToProto(const TrainingSpec& spec) {
  v1::TrainingSpec out;
  out.set_snapshot(spec.snapshot);
  out.mutable_symbols()->Assign(spec.symbols.begin(), spec.symbols.end());
  if (spec.range) *out.mutable_range() = rpc::ToProto(*spec.range);
  *out.mutable_model() = rpc::ToProto(spec.model);
  out.set_feature_set(spec.feature_set);
  out.set_horizon_bar_count(spec.horizon_bars);
  out.set_holdout_share(spec.holdout_share);
  out.set_purge_bar_count(spec.purge_bars);
  out.set_model_name(spec.model_name);
  return out;
}

TrainingSpec FromProto(const v1::TrainingSpec& spec, base::Violations& violations) {
  TrainingSpec out;
  out.snapshot = spec.snapshot();
  out.symbols.assign(spec.symbols().begin(), spec.symbols().end());
  if (spec.has_range()) out.range = rpc::FromProto(spec.range(), /*required=*/false, "spec.range", violations);
  out.model = rpc::FromProto(spec.model(), "spec.model", violations);
  out.feature_set = spec.feature_set();
  out.horizon_bars = spec.horizon_bar_count();
  out.holdout_share = spec.holdout_share();
  out.purge_bars = spec.purge_bar_count();
  out.model_name = spec.model_name();
  return out;
}

absl::StatusOr<ModelInfo> FromProto(v1::Model model) {
  base::Violations violations;
  ModelInfo out;
  out.name = model.name();
  out.model_name = model.model_name();
  out.version = model.version();
  out.training_run = model.training_run();
  out.spec = FromProto(model.spec(), violations);
  out.cut_off = rpc::FromProto(model.cut_off_time());
  out.valid_from = rpc::FromProto(model.valid_from_time());
  out.features.assign(model.features().begin(), model.features().end());
  out.schema_hash = model.feature_schema_sha256();
  out.artefact_hash = model.artefact_sha256();
  for (const v1::Score& score : model.scores()) {
    ModelScore to{score.name(), score.train(), score.holdout(), std::nullopt, score.description()};
    if (score.has_baseline()) to.baseline = score.baseline();
    out.scores.push_back(std::move(to));
  }
  for (const v1::FeatureImportance& importance : model.importances())
    out.importances.emplace_back(importance.feature(), importance.gain_share());
  out.rows = model.row_count();
  out.artefact = std::move(*model.mutable_artefact());
  BF_RETURN_IF_ERROR(violations.ToStatus("model as the training service sent it", "BAD_MODEL"));
  return out;
}

class GrpcTrainingClient final : public TrainingClient {
 public:
  explicit GrpcTrainingClient(rpc::Channels& channels) : peer_(channels, "training") {}

  absl::StatusOr<std::string> CreateTrainingRun(const TrainingSpec& spec, const std::string& request_id,
                                                const CallScope& scope) override {
    v1::CreateTrainingRunRequest request;
    *request.mutable_spec() = ToProto(spec);
    request.set_request_id(request_id);
    BF_ASSIGN_OR_RETURN(const v1::TrainingRun run, peer_.Call(&Stub::CreateTrainingRun, request, scope));
    return run.name();
  }

  absl::StatusOr<RunStatus> GetTrainingRun(const std::string& name, const CallScope& scope) override {
    v1::GetTrainingRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(const v1::TrainingRun run, peer_.Call(&Stub::GetTrainingRun, request, scope));
    RunStatus status;
    status.name = run.name();
    status.state = static_cast<RunState>(run.job().state());
    status.progress = run.job().progress();
    status.stage = run.job().stage();
    if (status.state == RunState::kFailed) status.error = rpc::FromProto(run.job().error());
    status.result = run.model();
    return status;
  }

  absl::Status CancelTrainingRun(const std::string& name, const CallScope& scope) override {
    v1::CancelTrainingRunRequest request;
    request.set_name(name);
    return peer_.Call(&Stub::CancelTrainingRun, request, scope).status();
  }

  absl::StatusOr<ModelInfo> GetModel(const std::string& name, bool with_artefact, const CallScope& scope) override {
    v1::GetModelRequest request;
    request.set_name(name);
    request.set_include_artefact(with_artefact);
    BF_ASSIGN_OR_RETURN(v1::Model model, peer_.Call(&Stub::GetModel, request, scope));
    BF_ASSIGN_OR_RETURN(ModelInfo info, FromProto(std::move(model)));
    if (with_artefact && base::Sha256HexOf(info.artefact) != info.artefact_hash)
      return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ARTEFACT",
                             fmt::format("the artefact of {} does not have its hash {}", name, info.artefact_hash));
    return info;
  }

  absl::StatusOr<std::vector<double>> Predict(const std::string& model, const std::string& schema_hash,
                                              std::span<const double> rows, const CallScope& scope) override {
    BF_ASSIGN_OR_RETURN(const size_t width, Width(model, scope));
    const size_t step = std::max<size_t>(1, kValuesPerCall / width) * width;
    std::vector<double> probabilities;
    probabilities.reserve(rows.size() / width);
    for (size_t at = 0; at < std::max<size_t>(1, rows.size()); at += step) {
      const std::span<const double> part = rows.subspan(at, std::min(step, rows.size() - at));
      v1::PredictRequest request;
      request.set_name(model);
      request.set_feature_schema_sha256(schema_hash);
      request.mutable_values()->Assign(part.begin(), part.end());
      BF_ASSIGN_OR_RETURN(const v1::PredictResponse response, peer_.Call(&Stub::Predict, request, scope));
      probabilities.insert(probabilities.end(), response.probabilities().begin(), response.probabilities().end());
    }
    return probabilities;
  }

 private:
  absl::StatusOr<size_t> Width(const std::string& model, const CallScope& scope) {
    BF_ASSIGN_OR_RETURN(const ModelInfo info, GetModel(model, false, scope));
    return std::max<size_t>(1, info.features.size());
  }

  rpc::Peer<v1::TrainingService> peer_;
};

}  // namespace

std::unique_ptr<TrainingClient> MakeTrainingClient(rpc::Channels& channels) {
  return std::make_unique<GrpcTrainingClient>(channels);
}

}  // namespace breadthflow::clients
