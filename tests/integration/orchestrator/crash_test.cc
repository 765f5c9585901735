#include <csignal>
#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/orchestrator/fake_services.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"

namespace breadthflow::orchestrator {
namespace {

using jobs::State;

class CrashTest : public ::testing::Test {
 protected:
  void Behave(const std::string& collection, const std::string& what) {
    database_.Sql("INSERT INTO fake.behaviour VALUES ('" + collection + "', '" + what +
                  "') ON CONFLICT (collection) DO UPDATE SET what = EXCLUDED.what");
  }
  testing::ChildProcess Worker() { return testing::ChildProcess({.argv = {WORKER_PROGRAM, database_.url()}}); }

  testing::TestDatabase database_;
  TestOrchestrator asking_{database_.url(), /*work=*/false};
};

TEST_F(CrashTest, BetweenSubmittingAndRecordingMakesNoSecondRun) {
  Behave("trainingRuns", "crash");
  const std::string id = asking_.pipelines().Run(DemoPipeline(), {})->id;
  testing::ChildProcess doomed = Worker();
  ASSERT_TRUE(doomed.Wait(absl::Seconds(30)));
  EXPECT_TRUE(WIFSIGNALED(doomed.status()));
  EXPECT_EQ(database_.Sql("SELECT submits FROM fake.run WHERE collection = 'trainingRuns'"), "1");
  EXPECT_EQ(asking_.pipelines().Get(id, absl::InfiniteFuture())->steps[2].resource, "");

  Behave("trainingRuns", "succeed");
  database_.Sql("UPDATE fake.run SET state = 3");
  testing::ChildProcess heir = Worker();
  const PipelineRun run = asking_.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_EQ(run.steps[2].job->attempt, 2);
  EXPECT_EQ(database_.Sql("SELECT submits FROM fake.run WHERE collection = 'trainingRuns'"), "2");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM fake.run"), "5");
}

TEST_F(CrashTest, WhileWaitingIsTakenOverWithoutSubmittingAgain) {
  Behave("backtestRuns", "run");
  const std::string id = asking_.pipelines().Run(DemoPipeline(), {})->id;
  testing::ChildProcess doomed = Worker();
  asking_.WaitForResource(id, "backtest");
  doomed.Signal(SIGKILL);
  ASSERT_TRUE(doomed.Wait(absl::Seconds(10)));
  database_.Sql("UPDATE fake.run SET state = 3");
  testing::ChildProcess heir = Worker();
  const PipelineRun run = asking_.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_EQ(database_.Sql("SELECT submits FROM fake.run WHERE collection = 'backtestRuns'"), "1");
}

TEST_F(CrashTest, OrderlyStopHandsStepsOverWithoutCountingAnAttempt) {
  Behave("trainingRuns", "run");
  TestOrchestrator leaving(database_.url());
  const std::string id = leaving.pipelines().Run(DemoPipeline(), {})->id;
  leaving.WaitForResource(id, "train");
  leaving.runner().Drain(absl::Seconds(10));
  const absl::Time left = absl::Now();
  EXPECT_EQ(asking_.pipelines().Get(id, absl::InfiniteFuture())->steps[2].job->state, State::kQueued);
  TestOrchestrator heir(database_.url());
  while (asking_.pipelines().Get(id, absl::InfiniteFuture())->steps[2].job->state != State::kRunning) {
    ASSERT_LT(absl::Now() - left, absl::Seconds(10));
  }
  database_.Sql("UPDATE fake.run SET state = 3");
  const PipelineRun run = heir.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_EQ(run.steps[2].job->attempt, 1);
  EXPECT_EQ(database_.Sql("SELECT submits FROM fake.run WHERE collection = 'trainingRuns'"), "1");
}

TEST_F(CrashTest, OfACancelledStepStillStopsWhatItStarted) {
  Behave("trainingRuns", "run");
  const std::string id = asking_.pipelines().Run(DemoPipeline(), {})->id;
  testing::ChildProcess doomed = Worker();
  asking_.WaitForResource(id, "train");
  doomed.Signal(SIGKILL);
  ASSERT_TRUE(doomed.Wait(absl::Seconds(10)));
  ASSERT_TRUE(asking_.pipelines().Cancel(id, absl::InfiniteFuture()).ok());
  testing::ChildProcess heir = Worker();
  EXPECT_EQ(Summarize(asking_.WaitForEnd(id)).state, State::kCancelled);
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (database_.Sql("SELECT state FROM fake.run WHERE collection = 'trainingRuns'") != "5") {
    ASSERT_LT(absl::Now(), until);
  }
}

TEST_F(CrashTest, OfAPoisonStepIsCountedAndEndsInFailure) {
  Behave("signalRuns", "crash");
  const std::string id = asking_.pipelines().Run(DemoPipeline(), {})->id;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    testing::ChildProcess doomed = Worker();
    ASSERT_TRUE(doomed.Wait(absl::Seconds(60))) << attempt;
  }
  testing::ChildProcess last = Worker();
  const PipelineRun run = asking_.WaitForEnd(id);
  EXPECT_THAT(Summarize(run).error, testing::StatusIs(absl::StatusCode::kInternal, "WORKER_CRASHED"));
  EXPECT_EQ(database_.Sql("SELECT submits FROM fake.run WHERE collection = 'signalRuns'"), "5");
}

// A1 in small: workers are killed at random moments; every run ends well and nothing is made twice.
TEST_F(CrashTest, AtRandomMomentsLosesNothingAndDoublesNothing) {
  constexpr int kRuns = 10, kKills = 8;
  std::vector<std::string> ids;
  for (int i = 0; i < kRuns; ++i) ids.push_back(asking_.pipelines().Run(DemoPipeline(), {})->id);
  std::mt19937 random(20260728);
  for (int kill = 0; kill < kKills; ++kill) {
    testing::ChildProcess worker = Worker();
    absl::SleepFor(absl::Milliseconds(30 + random() % 250));
    worker.Signal(SIGKILL);
    ASSERT_TRUE(worker.Wait(absl::Seconds(10)));
  }
  testing::ChildProcess survivor = Worker();
  for (const std::string& id : ids) {
    const PipelineRun run = asking_.WaitForEnd(id);
    EXPECT_EQ(Summarize(run).state, State::kSucceeded) << Summarize(run).error;
  }
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM fake.run"), std::to_string(5 * kRuns));
}

}  // namespace
}  // namespace breadthflow::orchestrator
