#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "tests/integration/orchestrator/fake_services.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::orchestrator {
namespace {

using jobs::State;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

class PipelineRunTest : public ::testing::Test {
 protected:
  void Behave(const std::string& collection, const std::string& what) {
    database_.Sql("INSERT INTO fake.behaviour VALUES ('" + collection + "', '" + what +
                  "') ON CONFLICT (collection) DO UPDATE SET what = EXCLUDED.what");
  }
  std::string Start(const Pipeline& pipeline = DemoPipeline()) {
    absl::StatusOr<PipelineRun> run = orchestrator_.pipelines().Run(pipeline, {.principal = "me", .traceparent = {}});
    EXPECT_TRUE(run.ok()) << run.status();
    return run->id;
  }
  std::string Count(const std::string& where) { return database_.Sql("SELECT count(*) FROM fake.run WHERE " + where); }
  static std::vector<State> States(const PipelineRun& run) {
    std::vector<State> states;
    for (const StepRun& step : run.steps) states.push_back(step.job ? step.job->state : State::kQueued);
    return states;
  }

  testing::TestDatabase database_;
  TestOrchestrator orchestrator_{database_.url()};
};

TEST_F(PipelineRunTest, RunsEveryStepAndHandsNamesOn) {
  const PipelineRun run = orchestrator_.WaitForEnd(Start());
  const RunSummary summary = Summarize(run);
  EXPECT_EQ(summary.state, State::kSucceeded) << summary.error;
  EXPECT_EQ(summary.progress, 1);
  EXPECT_EQ(run.steps[0].outputs.at("fetch_run"), run.steps[0].resource);
  EXPECT_THAT(run.steps[1].outputs, UnorderedElementsAre(Pair("snapshot", run.steps[1].resource),
                                                         Pair("quality_report", HasSubstr("qualityReports/")),
                                                         Pair("content_hash", SizeIs(64))));
  EXPECT_THAT(run.steps[4].outputs,
              UnorderedElementsAre(Pair("backtest_run", run.steps[4].resource), Pair("digest", std::string(64, 'd'))));
  EXPECT_EQ(Count("true"), "5");
  EXPECT_EQ(orchestrator_.fakes().Get(run.steps[0].resource)->spec, "AAPL,MSFT from simulated seed=7");
  EXPECT_EQ(orchestrator_.fakes().Get(run.steps[1].resource)->spec, "AAPL,MSFT of simulated");
  EXPECT_EQ(orchestrator_.fakes().Get(run.steps[3].resource)->spec,
            run.steps[1].resource + " " + run.steps[2].outputs.at("model") + " ml_model");
  EXPECT_EQ(orchestrator_.fakes().Get(run.steps[4].resource)->spec,
            run.steps[1].resource + " " + run.steps[3].resource + " standard slippage_bps=1.5");
}

TEST_F(PipelineRunTest, KeepsThePipelineAsItWasGiven) {
  Pipeline pipeline = DemoPipeline();
  pipeline.description = "Größe \"quoted\" \\ done";
  pipeline.steps[0].params["allow_partial"] = true;
  pipeline.steps[4].params["initial_cash"] = 12345.678;
  pipeline.steps[4].depends_on = {"fetch"};
  const std::string id = Start(pipeline);
  EXPECT_EQ(HashOf(orchestrator_.pipelines().Get(id, absl::InfiniteFuture())->pipeline), HashOf(pipeline));
}

TEST_F(PipelineRunTest, RefusesAnInvalidPipelineAndStoresNothing) {
  Pipeline pipeline = DemoPipeline();
  pipeline.steps[0].params["start"] = "2018-02-30";
  pipeline.steps[0].params["symbols"] = "AAPL,,MSFT";
  pipeline.steps[2].params["purge_bars"] = int64_t{3};
  pipeline.steps[4].kind = "paint";
  const absl::Status status = orchestrator_.pipelines().Run(pipeline, {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PIPELINE"));
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, UnorderedElementsAre("pipeline.steps[0].params.start", "pipeline.steps[0].params.symbols",
                                           "pipeline.steps[2].params.purge_bars", "pipeline.steps[4].kind"));
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM orchestrator.pipeline_run"), "0");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM orchestrator.job"), "0");
}

TEST_F(PipelineRunTest, RefusesComponentsAndTheirParametersAsTheRegistryKnowsThem) {
  Pipeline pipeline = DemoPipeline();
  pipeline.id = "?";
  pipeline.steps[3].params["strategy.buy_above"] = 0.4;
  pipeline.steps.push_back(Step{"other", "signals", {{"strategy", "guess"}}, {{"snapshot", "check.snapshot"}}, {}});
  const absl::Status status = orchestrator_.pipelines().Run(pipeline, {}).status();
  EXPECT_THAT(
      base::DetailsOf(status).violations,
      ElementsAre(::testing::Field(&base::FieldViolation::field, "pipeline.id"),
                  base::FieldViolation{"pipeline.steps[3].params.strategy.buy_above", "must be in [0.5, 1], was 0.4"},
                  base::FieldViolation{"pipeline.steps[5].params.strategy",
                                       "unknown strategy 'guess'; known are ml_model, technical_analysis"}));
  orchestrator_.registry().reachable = false;
  EXPECT_THAT(base::DetailsOf(orchestrator_.pipelines().Run(pipeline, {}).status()).violations, SizeIs(1));
}

TEST_F(PipelineRunTest, FailsWithTheDownstreamErrorAndStartsNothingBehindIt) {
  Behave("trainingRuns", "fail");
  const PipelineRun run = orchestrator_.WaitForEnd(Start());
  const RunSummary summary = Summarize(run);
  EXPECT_EQ(summary.state, State::kFailed);
  EXPECT_THAT(States(run),
              ElementsAre(State::kSucceeded, State::kSucceeded, State::kFailed, State::kQueued, State::kQueued));
  EXPECT_THAT(base::Message(summary.error),
              AllOf(HasSubstr("step 'train'"), HasSubstr("trainingRuns/"), HasSubstr("it broke")));
  EXPECT_EQ(base::DetailsOf(summary.error).reason, "BROKE");
  EXPECT_EQ(base::DetailsOf(summary.error).metadata.at("code"), "INTERNAL");
  EXPECT_EQ(run.steps[2].job->attempt, 1);  // a run that FAILED is final for its generation
  EXPECT_EQ(Count("collection = 'trainingRuns'"), "1");
}

TEST_F(PipelineRunTest, FailsASnapshotWhoseQualityHasErrors) {
  Behave("snapshots", "fail");
  PipelineRun run = orchestrator_.WaitForEnd(Start());
  EXPECT_THAT(Summarize(run).error, StatusIs(absl::StatusCode::kFailedPrecondition, "QUALITY_ERRORS"));
  EXPECT_THAT(base::DetailsOf(Summarize(run).error).violations,
              ElementsAre(base::FieldViolation{"AAPL", "gaps: 9 missing"}));
  Pipeline pipeline = DemoPipeline();
  pipeline.steps[1].params["require_quality"] = false;
  run = orchestrator_.WaitForEnd(Start(pipeline));
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
}

TEST_F(PipelineRunTest, FailsAFetchThatLostASymbolUnlessThatIsAllowed) {
  Behave("fetchRuns", "run");
  Pipeline lenient = DemoPipeline();
  lenient.steps[0].params["allow_partial"] = true;
  for (const bool allowed : {false, true}) {
    const std::string id = Start(allowed ? lenient : DemoPipeline());
    orchestrator_.WaitForResource(id, "fetch");
    database_.Sql("UPDATE fake.run SET state = 3, error = 'partial' WHERE collection = 'fetchRuns'");
    const RunSummary summary = Summarize(orchestrator_.WaitForEnd(id));
    EXPECT_EQ(summary.state, allowed ? State::kSucceeded : State::kFailed);
    const std::string message = base::Message(summary.error);
    EXPECT_THAT(message, HasSubstr(allowed ? "" : "MSFT: no such symbol"));
  }
}

TEST_F(PipelineRunTest, PassesProgressOn) {
  Behave("backtestRuns", "run");
  const std::string id = Start();
  orchestrator_.WaitForResource(id, "backtest");
  database_.Sql("UPDATE fake.run SET progress = 0.75, error = 'bar 3 of 4' WHERE collection = 'backtestRuns'");
  for (RunSummary summary; summary.stage != "backtest: bar 3 of 4";) {
    summary = Summarize(*orchestrator_.pipelines().Get(id, absl::InfiniteFuture()));
    ASSERT_EQ(summary.state, State::kRunning);
  }
  EXPECT_DOUBLE_EQ(Summarize(*orchestrator_.pipelines().Get(id, absl::InfiniteFuture())).progress, 4.75 / 5);
  database_.Sql("UPDATE fake.run SET state = 3");
  EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(id)).state, State::kSucceeded);
}

TEST_F(PipelineRunTest, WaitsForAServiceThatIsDownWithoutUsingUpAttempts) {
  Behave("signalRuns", "unavailable");
  const std::string id = Start();
  while (database_.Sql("SELECT calls >= 3 FROM fake.behaviour") != "t") {
  }
  EXPECT_EQ(Summarize(*orchestrator_.pipelines().Get(id, absl::InfiniteFuture())).state, State::kRunning);
  Behave("signalRuns", "succeed");
  const PipelineRun run = orchestrator_.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_EQ(run.steps[3].job->attempt, 1);
}

TEST_F(PipelineRunTest, RetriesWhatDidNotSucceedInANewGeneration) {
  Behave("trainingRuns", "fail");
  const std::string id = Start();
  const PipelineRun failed = orchestrator_.WaitForEnd(id);
  Behave("trainingRuns", "succeed");
  BF_ASSERT_OK_AND_ASSIGN(const PipelineRun retried, orchestrator_.pipelines().Retry(id, "", {}));
  EXPECT_EQ(retried.generation, 2);
  const PipelineRun run = orchestrator_.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  std::vector<int> generations;
  for (const StepRun& step : run.steps) generations.push_back(step.generation);
  EXPECT_THAT(generations, ElementsAre(1, 1, 2, 2, 2));
  EXPECT_EQ(run.steps[1].resource, failed.steps[1].resource);
  EXPECT_NE(run.steps[2].resource, failed.steps[2].resource);
  EXPECT_EQ(Count("collection = 'trainingRuns'"), "2");
  EXPECT_EQ(Count("collection = 'fetchRuns'"), "1");
}

TEST_F(PipelineRunTest, RetriesFromAStepWithWhatDependsOnIt) {
  const std::string id = Start();
  orchestrator_.WaitForEnd(id);
  EXPECT_THAT(orchestrator_.pipelines().Retry(id, "", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_RETRY"));
  EXPECT_THAT(orchestrator_.pipelines().Retry(id, "paint", {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(orchestrator_.pipelines().Retry("none", "", {}), StatusIs(absl::StatusCode::kNotFound, "RUN_NOT_FOUND"));
  const std::string request_id = base::NewUuid(absl::Now());
  for (int i = 0; i < 3; ++i) {  // the same request retries once
    BF_ASSERT_OK_AND_ASSIGN(const PipelineRun run,
                            orchestrator_.pipelines().Retry(id, "signals", {.request_id = request_id}));
    EXPECT_EQ(run.generation, 2);
  }
  EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(id)).state, State::kSucceeded);
  EXPECT_EQ(Count("collection IN ('signalRuns', 'backtestRuns')"), "4");
  EXPECT_EQ(Count("collection IN ('fetchRuns', 'snapshots', 'trainingRuns')"), "3");
}

TEST_F(PipelineRunTest, RefusesARetryWhileRunning) {
  Behave("fetchRuns", "run");
  const std::string id = Start();
  EXPECT_THAT(orchestrator_.pipelines().Retry(id, "", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_FINISHED"));
}

TEST_F(PipelineRunTest, IsMadeOnceByAHundredCallersWithOneRequestId) {
  const std::string request_id = base::NewUuid(absl::Now());
  std::vector<std::string> ids(100);
  std::vector<std::thread> callers;
  for (std::string& id : ids) {
    callers.emplace_back([&] {
      const auto run = orchestrator_.pipelines().Run(DemoPipeline(), {.principal = "me", .request_id = request_id});
      id = run.ok() ? run->id : run.status().ToString();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(ids, Each(ids[0]));
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM orchestrator.pipeline_run"), "1");
  EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(ids[0])).state, State::kSucceeded);
  EXPECT_EQ(Count("true"), "5");
  Pipeline other = DemoPipeline();
  other.id = "other";
  EXPECT_THAT(orchestrator_.pipelines().Run(other, {.principal = "me", .request_id = request_id}),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
}

TEST_F(PipelineRunTest, IsAnsweredAgainWhateverTheRegistryKnowsByNow) {
  const Pipelines::Request request{.principal = "me", .request_id = base::NewUuid(absl::Now())};
  BF_ASSERT_OK_AND_ASSIGN(const PipelineRun first, orchestrator_.pipelines().Run(DemoPipeline(), request));
  orchestrator_.registry().strategies = {"another"};
  EXPECT_THAT(orchestrator_.pipelines().Run(DemoPipeline(), {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(orchestrator_.pipelines().Run(DemoPipeline(), request)->id, first.id);
}

TEST_F(PipelineRunTest, IsListedNewestFirstPageByPage) {
  Behave("fetchRuns", "run");
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), Start());
  std::vector<std::string> listed;
  std::string before;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const Pipelines::Page page,
                            orchestrator_.pipelines().List(before, 2, absl::InfiniteFuture()));
    for (const PipelineRun& run : page.runs) listed.push_back(run.id);
    EXPECT_THAT(page.runs, Each(::testing::Field(&PipelineRun::steps, SizeIs(5))));
    before = page.next;
  } while (!before.empty());
  std::sort(ids.rbegin(), ids.rend());
  EXPECT_EQ(listed, ids);
  EXPECT_THAT(orchestrator_.pipelines().List(ids.back(), 2, absl::InfiniteFuture())->runs, IsEmpty());
}

// A pipeline of `count` steps, each of which depends on some before it.
Pipeline RandomPipeline(int count, unsigned seed) {
  std::mt19937 random(seed);
  Pipeline pipeline{"random", "", {}};
  for (int i = 0; i < count; ++i) {
    Step step = DemoPipeline().steps[0];
    step.id = "s" + std::to_string(i);
    std::set<std::string> before;
    for (unsigned n = i == 0 ? 0 : random() % 4; n > 0; --n) before.insert("s" + std::to_string(random() % i));
    step.depends_on.assign(before.begin(), before.end());
    pipeline.steps.push_back(std::move(step));
  }
  return pipeline;
}

TEST_F(PipelineRunTest, StartsNoStepBeforeAllItDependsOnHaveSucceeded) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(Start(RandomPipeline(60, seed)))).state, State::kSucceeded) << seed;
  }
  EXPECT_EQ(
      database_.Sql("SELECT count(*) FROM orchestrator.pipeline_step s JOIN orchestrator.job j ON j.id = s.job_id "
                    "JOIN orchestrator.pipeline_step b ON b.run_id = s.run_id AND b.ordinal = ANY (s.waits_for) "
                    "JOIN orchestrator.job bj ON bj.id = b.job_id WHERE j.create_time < bj.end_time"),
      "0");
  EXPECT_EQ(Count("submits = 1"), "180");
}

TEST_F(PipelineRunTest, MayHaveTwoThousandSteps) {
  Behave("fetchRuns", "run");
  Pipeline pipeline = RandomPipeline(2000, 4);
  const std::string id = Start(pipeline);
  EXPECT_EQ(HashOf(orchestrator_.pipelines().Get(id, absl::InfiniteFuture())->pipeline), HashOf(pipeline));
  EXPECT_TRUE(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()).ok());
  EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(id)).state, State::kCancelled);
  pipeline.steps.push_back(pipeline.steps.back());
  EXPECT_THAT(orchestrator_.pipelines().Run(pipeline, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PipelineRunTest, RunsIndependentBranchesToTheirEndWhenOneFails) {
  Pipeline pipeline = DemoPipeline();
  pipeline.steps.push_back(Step{"rules", "signals", {}, {{"snapshot", "check.snapshot"}}, {}});
  Behave("trainingRuns", "fail");
  const PipelineRun run = orchestrator_.WaitForEnd(Start(pipeline));
  EXPECT_EQ(Summarize(run).state, State::kFailed);
  EXPECT_EQ(run.steps[5].job->state, State::kSucceeded);
}

}  // namespace
}  // namespace breadthflow::orchestrator
