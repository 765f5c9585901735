// The TrainingService as callers see it: through the Guard, a gRPC server and the client, on a real PostgreSQL.
#include "services/training/rpc/training_service.h"

#include <set>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "common/base/ids.h"
#include "common/clients/training_client.h"
#include "common/rpc/channels.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/training/training_fixture.h"

namespace breadthflow::training {
namespace {

using testing::IsOk;
using testing::StatusIs;
using Stub = v1::TrainingService::Stub;

class Service : public TrainingFixture {
 protected:
  Service() {
    auto server = rpc::Server::Start({}, {&service_}, guard_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    channels_.Attach("training", server_->InProcessChannel());
    stub_ = v1::TrainingService::NewStub(server_->InProcessChannel());
  }
  ~Service() override {
    stub_.reset();
    client_.reset();
    channels_.Attach("training", nullptr);
    server_.reset();
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  static clients::TrainingSpec Small() {
    clients::TrainingSpec spec;
    spec.snapshot = "snapshots/s";
    spec.symbols = {"A", "B"};
    spec.model = {"gradient_boosting", {{"trees", int64_t{12}}, {"learning_rate", 0.1}}};
    return spec;
  }

  // Follows the run by its stream until it ends.
  v1::TrainingRun Watch(const std::string& name) {
    v1::WatchTrainingRunRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    const auto reader = stub_->WatchTrainingRun(&context, request);
    v1::TrainingRun run;
    double progress = 0;
    while (reader->Read(&run)) {
      EXPECT_GE(run.job().progress(), progress);
      progress = run.job().progress();
    }
    EXPECT_TRUE(reader->Finish().ok());
    return run;
  }

  clients::ModelInfo TrainedModel(bool with_artefact = false) {
    const std::string name = client_->CreateTrainingRun(Small(), "", {}).value();
    return client_->GetModel(Watch(name).model(), with_artefact, {}).value();
  }

  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"a secret of the test"};
  TrainingService service_{{.guard = guard_,
                            .page_tokens = page_tokens_,
                            .models = Models(),
                            .store = store_,
                            .runner = training_,
                            .predictor = predictor_,
                            .jobs = runner_}};
  rpc::Channels channels_{{}, metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::TrainingClient> client_ = clients::MakeTrainingClient(channels_);
  std::unique_ptr<Stub> stub_;
};

TEST_F(Service, ListsItsKindsOfModels) {
  BF_ASSERT_OK_AND_ASSIGN(const auto response, Call(&Stub::ListModelTypes, v1::ListModelTypesRequest()));
  ASSERT_EQ(response.model_types_size(), 2);
  EXPECT_EQ(response.model_types(0).name(), "gradient_boosting");
  EXPECT_EQ(response.model_types(1).name(), "random_forest");
  EXPECT_EQ(response.model_types(0).kind(), "model");
}

TEST_F(Service, TrainsAndHandsTheModelOut) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string name, client_->CreateTrainingRun(Small(), base::NewUuid(clock_.Now()), {}));
  const v1::TrainingRun watched = Watch(name);
  EXPECT_EQ(watched.job().state(), common::v1::JobStatus::STATE_SUCCEEDED);
  BF_ASSERT_OK_AND_ASSIGN(const clients::RunStatus status, client_->GetTrainingRun(name, {}));
  EXPECT_EQ(status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(status.result, watched.model());
  EXPECT_EQ(status.progress, 1.0);

  BF_ASSERT_OK_AND_ASSIGN(const clients::ModelInfo model, client_->GetModel(status.result, true, {}));
  EXPECT_EQ(model.version, 1);
  EXPECT_EQ(model.model_name, "gradient_boosting");
  EXPECT_EQ(model.training_run, name);
  EXPECT_EQ(model.spec.horizon_bars, 5);
  EXPECT_EQ(model.spec.purge_bars, 6);
  EXPECT_GT(model.valid_from, model.cut_off);
  BF_ASSERT_OK_AND_ASSIGN(const quant::Predictor predictor, quant::Predictor::Load(model.artefact));
  EXPECT_EQ(quant::FromNanos(predictor.artefact().valid_from_ns), model.valid_from);
  std::set<std::string> scores;
  for (const clients::ModelScore& score : model.scores) scores.insert(score.name);
  EXPECT_THAT(scores, ::testing::IsSupersetOf({"accuracy", "auc", "brier", "log_loss"}));
}

TEST_F(Service, PredictsInSeveralCallsWhatTheLocalPredictorPredicts) {
  const clients::ModelInfo model = TrainedModel(true);
  BF_ASSERT_OK_AND_ASSIGN(const quant::Predictor predictor, quant::Predictor::Load(model.artefact));
  const size_t width = model.features.size();
  constexpr size_t kRows = 15'000;
  quant::stats::RandomSequence random(1, "rows");
  std::vector<double> rows(kRows * width);
  for (double& value : rows) value = 0.1 * random.Normal();
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<double> remote, client_->Predict(model.name, model.schema_hash, rows, {}));
  std::vector<float> margins(kRows);
  predictor.Margins(std::vector<float>(rows.begin(), rows.end()), margins);
  ASSERT_EQ(remote.size(), kRows);
  for (size_t row = 0; row < kRows; ++row) ASSERT_EQ(remote[row], quant::Probability(margins[row])) << row;

  EXPECT_THAT(client_->Predict(model.name, std::string(64, 'f'), rows, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH"));
  EXPECT_THAT(client_->Predict(model.name, model.schema_hash, {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ROWS"));
}

TEST_F(Service, TellsEverythingThatIsWrongWithARequest) {
  v1::CreateTrainingRunRequest request;
  request.set_request_id("not a uuid");
  v1::TrainingSpec& spec = *request.mutable_spec();
  spec.set_snapshot("one");
  spec.add_symbols("");
  spec.mutable_model()->set_name("random_forest");
  (*spec.mutable_model()->mutable_params())["trees"].set_int_value(0);
  (*spec.mutable_model()->mutable_params())["bogus"].set_bool_value(true);
  (*spec.mutable_model()->mutable_params())["seed"];
  spec.mutable_range()->mutable_start_time()->set_seconds(200);
  spec.mutable_range()->mutable_end_time()->set_seconds(100);
  spec.set_holdout_share(0.7);
  const auto run = Call(&Stub::CreateTrainingRun, request);
  ASSERT_THAT(run, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_TRAINING_SPEC"));
  std::multiset<std::string> fields;
  for (const auto& violation : base::DetailsOf(run.status()).violations) fields.insert(violation.field);
  EXPECT_EQ(fields.size(), 8u) << run.status();
  EXPECT_THAT(fields,
              ::testing::IsSupersetOf({"request_id", "spec.snapshot", "spec.symbols[0]", "spec.model.params.trees",
                                       "spec.model.params.bogus", "spec.holdout_share"}));
  EXPECT_EQ(Count("job"), "0");
}

TEST_F(Service, AnUnknownModelTypeIsNamedWithTheKnownOnes) {
  clients::TrainingSpec spec = Small();
  spec.model = {"crystal_ball", {}};
  const auto run = client_->CreateTrainingRun(spec, "", {});
  ASSERT_THAT(run, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_TRAINING_SPEC"));
  const auto violations = base::DetailsOf(run.status()).violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field, "spec.model.name");
  EXPECT_NE(violations[0].description.find("random_forest"), std::string::npos);
}

TEST_F(Service, ARunThatFailedSaysWhyWithItsDetails) {
  clients::TrainingSpec spec = Small();
  spec.symbols = {"SHORT"};
  BF_ASSERT_OK_AND_ASSIGN(const std::string name, client_->CreateTrainingRun(spec, "", {}));
  Watch(name);
  BF_ASSERT_OK_AND_ASSIGN(const clients::RunStatus status, client_->GetTrainingRun(name, {}));
  EXPECT_EQ(status.state, clients::RunState::kFailed);
  EXPECT_THAT(status.error, StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
  EXPECT_EQ(status.result, "");
}

TEST_F(Service, NamesThatAreWrongOrUnknownAreRefused) {
  EXPECT_THAT(client_->GetTrainingRun("models/x", {}), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_NAME"));
  EXPECT_THAT(client_->GetTrainingRun("trainingRuns/none", {}),
              StatusIs(absl::StatusCode::kNotFound, "TRAINING_RUN_NOT_FOUND"));
  EXPECT_THAT(client_->CancelTrainingRun("trainingRuns/none", {}),
              StatusIs(absl::StatusCode::kNotFound, "TRAINING_RUN_NOT_FOUND"));
  EXPECT_THAT(client_->GetModel("models/none", true, {}), StatusIs(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND"));
}

TEST_F(Service, PagesThroughRunsAndModels) {
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) names.insert(TrainedModel().name);
  v1::ListModelsRequest models;
  models.set_page_size(2);
  BF_ASSERT_OK_AND_ASSIGN(const v1::ListModelsResponse first, Call(&Stub::ListModels, models));
  ASSERT_EQ(first.models_size(), 2);
  EXPECT_EQ(first.models(0).version(), 3);
  models.set_page_token(first.next_page_token());
  BF_ASSERT_OK_AND_ASSIGN(const v1::ListModelsResponse second, Call(&Stub::ListModels, models));
  ASSERT_EQ(second.models_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  names.erase(first.models(0).name());
  names.erase(first.models(1).name());
  names.erase(second.models(0).name());
  EXPECT_TRUE(names.empty());

  models.set_model_name("other");
  EXPECT_THAT(Call(&Stub::ListModels, models), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN"));
  v1::ListTrainingRunsRequest runs;
  runs.set_page_size(-1);
  EXPECT_THAT(Call(&Stub::ListTrainingRuns, runs), StatusIs(absl::StatusCode::kInvalidArgument));
  runs.set_page_size(0);
  EXPECT_EQ(Call(&Stub::ListTrainingRuns, runs)->training_runs_size(), 3);
}

TEST_F(Service, CancellingAFinishedRunChangesNothing) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string name, client_->CreateTrainingRun(Small(), "", {}));
  Watch(name);
  EXPECT_THAT(client_->CancelTrainingRun(name, {}), IsOk());
  EXPECT_EQ(client_->GetTrainingRun(name, {})->state, clients::RunState::kSucceeded);
}

}  // namespace
}  // namespace breadthflow::training
