// The PipelineService as callers see it: through the Guard and a gRPC server, on a real PostgreSQL, with fake services
// behind its steps.
#include "services/orchestrator/rpc/pipeline_service.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "services/orchestrator/rpc/convert.h"
#include "tests/integration/orchestrator/fake_services.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::orchestrator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using JobStatus = common::v1::JobStatus;
using Stub = v1::PipelineService::Stub;

class PipelineServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    BF_ASSERT_OK_AND_ASSIGN(server_, rpc::Server::Start({}, {&service_}, guard_));
    stub_ = v1::PipelineService::NewStub(server_->InProcessChannel());
  }
  void TearDown() override {
    stub_.reset();
    server_.reset();
  }

  void Behave(const std::string& collection, const std::string& what) {
    test_database_.Sql("INSERT INTO fake.behaviour VALUES ('" + collection + "', '" + what + "')");
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
  template <typename Request>
  static Request Named(const std::string& name) {
    Request request;
    request.set_name(name);
    return request;
  }
  static v1::RunPipelineRequest Demo(const std::string& request_id = "") {
    v1::RunPipelineRequest request;
    *request.mutable_pipeline() = ToProto(DemoPipeline());
    request.set_request_id(request_id);
    return request;
  }
  // Follows the run by its stream until it ends; every state that was seen.
  std::vector<v1::PipelineRun> Watch(const std::string& name) {
    grpc::ClientContext context;
    const auto reader = stub_->WatchPipelineRun(&context, Named<v1::WatchPipelineRunRequest>(name));
    std::vector<v1::PipelineRun> seen;
    for (v1::PipelineRun run; reader->Read(&run);) seen.push_back(run);
    EXPECT_THAT(rpc::FromGrpc(reader->Finish()), IsOk());
    return seen;
  }

  testing::TestDatabase test_database_;
  TestOrchestrator orchestrator_{test_database_.url()};
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"a secret of the test"};
  PipelineService service_{orchestrator_.pipelines(), StepCatalog(), guard_, page_tokens_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(PipelineServiceTest, ListsTheKindsOfSteps) {
  BF_ASSERT_OK_AND_ASSIGN(const v1::ListStepKindsResponse kinds,
                          Call(&Stub::ListStepKinds, v1::ListStepKindsRequest()));
  std::vector<std::string> names;
  for (const v1::StepKind& kind : kinds.step_kinds()) names.push_back(kind.info().name());
  EXPECT_THAT(names, ElementsAre("backtest", "fetch", "signals", "snapshot", "train"));
  EXPECT_THAT(kinds.step_kinds(0).required_inputs(), ElementsAre("snapshot", "signal_run"));
  EXPECT_EQ(kinds.step_kinds(0).component_slots(0).component_kind(), "execution_engine");
}

TEST_F(PipelineServiceTest, RunsAndIsWatchedToItsEnd) {
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun started, Call(&Stub::RunPipeline, Demo()));
  EXPECT_THAT(started.name(), HasSubstr("pipelineRuns/"));
  EXPECT_EQ(started.steps_size(), 5);
  const std::vector<v1::PipelineRun> seen = Watch(started.name());
  double progress = 0;
  for (const v1::PipelineRun& run : seen) {
    EXPECT_GE(run.job().progress(), progress);
    progress = run.job().progress();
  }
  const v1::PipelineRun& last = seen.back();
  EXPECT_EQ(last.job().state(), JobStatus::STATE_SUCCEEDED);
  EXPECT_TRUE(last.job().has_start_time());
  EXPECT_TRUE(last.job().has_end_time());
  EXPECT_EQ(last.steps(4).outputs().at("digest"), std::string(64, 'd'));
  EXPECT_EQ(last.steps(4).outputs().at("backtest_run"), last.steps(4).resource());
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun got,
                          Call(&Stub::GetPipelineRun, Named<v1::GetPipelineRunRequest>(started.name())));
  EXPECT_EQ(got.SerializeAsString().size(), last.SerializeAsString().size());
}

TEST_F(PipelineServiceTest, WatchingAFinishedRunGivesItOnce) {
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun started, Call(&Stub::RunPipeline, Demo()));
  Watch(started.name());
  EXPECT_EQ(Watch(started.name()).size(), 1);
}

TEST_F(PipelineServiceTest, RefusesWithEveryViolationInTheDetails) {
  v1::RunPipelineRequest request = Demo("not a uuid");
  EXPECT_THAT(Call(&Stub::RunPipeline, request), StatusIs(absl::StatusCode::kInvalidArgument));
  request = Demo();
  request.mutable_pipeline()->mutable_steps(0)->mutable_params()->erase("symbols");
  (*request.mutable_pipeline()->mutable_steps(2)->mutable_inputs())["snapshot"] = "nowhere.snapshot";
  const absl::Status status = Call(&Stub::RunPipeline, request).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PIPELINE"));
  EXPECT_THAT(base::DetailsOf(status).violations,
              ElementsAre(base::FieldViolation{"pipeline.steps[0].params.symbols", "is required"},
                          base::FieldViolation{"pipeline.steps[2].inputs.snapshot", "there is no step 'nowhere'"}));
  request = Demo();
  (*request.mutable_pipeline()->mutable_steps(0)->mutable_params())["source.seed"].clear_kind();
  EXPECT_THAT(base::DetailsOf(Call(&Stub::RunPipeline, request).status()).violations,
              Contains(::testing::Field(&base::FieldViolation::field, "pipeline.steps[0].params.source.seed")));
  EXPECT_THAT(Call(&Stub::RunPipeline, v1::RunPipelineRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PIPELINE"));
}

TEST_F(PipelineServiceTest, AnswersRepeatedRequestsWithTheSameRun) {
  const std::string request_id = base::NewUuid(clock_.Now());
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun first, Call(&Stub::RunPipeline, Demo(request_id)));
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun second, Call(&Stub::RunPipeline, Demo(request_id)));
  EXPECT_EQ(first.name(), second.name());
  Watch(first.name());
}

TEST_F(PipelineServiceTest, ShowsTheErrorOfAStepAndRetriesIt) {
  Behave("trainingRuns", "fail");
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun started, Call(&Stub::RunPipeline, Demo()));
  const v1::PipelineRun failed = Watch(started.name()).back();
  EXPECT_EQ(failed.job().state(), JobStatus::STATE_FAILED);
  const absl::Status error = rpc::FromProto(failed.job().error());
  EXPECT_EQ(base::DetailsOf(error).reason, "BROKE");
  EXPECT_EQ(base::DetailsOf(error).metadata.at("step"), "train");
  EXPECT_THAT(failed.steps(2).job().error().message(), HasSubstr("it broke"));
  EXPECT_EQ(failed.steps(3).job().state(), JobStatus::STATE_QUEUED);

  test_database_.Sql("DELETE FROM fake.behaviour");
  v1::RetryPipelineRunRequest retry;
  retry.set_name(started.name());
  retry.set_from_step("paint");
  EXPECT_THAT(Call(&Stub::RetryPipelineRun, retry), StatusIs(absl::StatusCode::kInvalidArgument));
  retry.set_from_step("check");
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun retried, Call(&Stub::RetryPipelineRun, retry));
  EXPECT_EQ(retried.steps(0).generation(), 1);
  EXPECT_EQ(retried.steps(1).generation(), 2);
  EXPECT_EQ(Watch(started.name()).back().job().state(), JobStatus::STATE_SUCCEEDED);
}

TEST_F(PipelineServiceTest, Cancels) {
  Behave("fetchRuns", "run");
  BF_ASSERT_OK_AND_ASSIGN(const v1::PipelineRun started, Call(&Stub::RunPipeline, Demo()));
  orchestrator_.WaitForResource(started.name().substr(std::string("pipelineRuns/").size()), "fetch");
  EXPECT_THAT(Call(&Stub::CancelPipelineRun, Named<v1::CancelPipelineRunRequest>(started.name())), IsOk());
  EXPECT_EQ(Watch(started.name()).back().job().state(), JobStatus::STATE_CANCELLED);
}

TEST_F(PipelineServiceTest, ListsPageByPageAndRefusesForeignTokens) {
  std::set<std::string> started;
  for (int i = 0; i < 3; ++i) started.insert(Call(&Stub::RunPipeline, Demo())->name());
  v1::ListPipelineRunsRequest request;
  request.set_page_size(2);
  std::set<std::string> listed;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListPipelineRunsResponse page, Call(&Stub::ListPipelineRuns, request));
    for (const v1::PipelineRun& run : page.pipeline_runs()) listed.insert(run.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, started);
  request.set_page_token("bm9uc2Vuc2U");
  EXPECT_THAT(Call(&Stub::ListPipelineRuns, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN"));
}

TEST_F(PipelineServiceTest, KnowsNamesFromNonsense) {
  EXPECT_THAT(Call(&Stub::GetPipelineRun, Named<v1::GetPipelineRunRequest>("pipelineRuns/none")),
              StatusIs(absl::StatusCode::kNotFound, "RUN_NOT_FOUND"));
  EXPECT_THAT(Call(&Stub::GetPipelineRun, Named<v1::GetPipelineRunRequest>("runs/1")),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_NAME"));
  EXPECT_THAT(Call(&Stub::CancelPipelineRun, Named<v1::CancelPipelineRunRequest>("pipelineRuns/none")),
              StatusIs(absl::StatusCode::kNotFound));
  grpc::ClientContext context;
  v1::PipelineRun run;
  const auto reader = stub_->WatchPipelineRun(&context, Named<v1::WatchPipelineRunRequest>("pipelineRuns/none"));
  EXPECT_FALSE(reader->Read(&run));
  EXPECT_THAT(rpc::FromGrpc(reader->Finish()), StatusIs(absl::StatusCode::kNotFound, "RUN_NOT_FOUND"));
}

}  // namespace
}  // namespace breadthflow::orchestrator
