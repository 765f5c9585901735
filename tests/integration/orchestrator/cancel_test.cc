#include <random>
#include <string>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/integration/orchestrator/fake_services.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::orchestrator {
namespace {

using jobs::State;
using testing::IsOk;
using testing::StatusIs;

class CancelTest : public ::testing::Test {
 protected:
  void Behave(const std::string& collection, const std::string& what) {
    database_.Sql("INSERT INTO fake.behaviour VALUES ('" + collection + "', '" + what +
                  "') ON CONFLICT (collection) DO UPDATE SET what = EXCLUDED.what");
  }
  std::string Start() { return orchestrator_.pipelines().Run(DemoPipeline(), {})->id; }
  // Waits until SQL answers `answer`.
  void WaitFor(const std::string& sql, const std::string& answer) {
    const absl::Time until = absl::Now() + absl::Seconds(30);
    while (database_.Sql(sql) != answer) ASSERT_LT(absl::Now(), until) << sql;
  }

  testing::TestDatabase database_;
  TestOrchestrator orchestrator_{database_.url()};
};

TEST_F(CancelTest, StopsTheRunAndWhatItsStepStarted) {
  Behave("trainingRuns", "run");
  const std::string id = Start();
  const std::string training = orchestrator_.WaitForResource(id, "train");
  const absl::Time asked = absl::Now();
  ASSERT_THAT(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
  const PipelineRun run = orchestrator_.WaitForEnd(id);
  EXPECT_LT(absl::Now() - asked, absl::Seconds(2));
  EXPECT_EQ(Summarize(run).state, State::kCancelled);
  EXPECT_EQ(run.steps[2].job->state, State::kCancelled);
  EXPECT_FALSE(run.steps[3].job);
  WaitFor("SELECT state FROM fake.run WHERE collection = 'trainingRuns'", "5");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM fake.run WHERE collection IN ('signalRuns', 'backtestRuns')"), "0");
  EXPECT_EQ(database_.Sql("SELECT sum(cancels) FROM fake.run WHERE collection <> 'trainingRuns'"), "0");
}

TEST_F(CancelTest, ChangesNothingOnAFinishedRun) {
  const std::string id = Start();
  orchestrator_.WaitForEnd(id);
  ASSERT_THAT(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
  const PipelineRun run = *orchestrator_.pipelines().Get(id, absl::InfiniteFuture());
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_FALSE(run.cancel_requested);
  EXPECT_EQ(database_.Sql("SELECT sum(cancels) FROM fake.run"), "0");
}

TEST_F(CancelTest, IsNotFoundForAnUnknownRun) {
  EXPECT_THAT(orchestrator_.pipelines().Cancel("none", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "RUN_NOT_FOUND"));
}

TEST_F(CancelTest, LetsACancelledRunBeRetried) {
  Behave("backtestRuns", "run");
  const std::string id = Start();
  orchestrator_.WaitForResource(id, "backtest");
  ASSERT_THAT(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
  orchestrator_.WaitForEnd(id);
  Behave("backtestRuns", "succeed");
  ASSERT_THAT(orchestrator_.pipelines().Retry(id, "", {}), IsOk());
  const PipelineRun run = orchestrator_.WaitForEnd(id);
  EXPECT_EQ(Summarize(run).state, State::kSucceeded);
  EXPECT_EQ(run.steps[3].generation, 1);
  EXPECT_EQ(run.steps[4].generation, 2);
}

TEST_F(CancelTest, ReachesARunThatNobodyWorksOn) {
  TestOrchestrator idle(database_.url(), /*work=*/false);
  orchestrator_.runner().Drain(absl::Seconds(5));
  const std::string id = idle.pipelines().Run(DemoPipeline(), {})->id;
  ASSERT_THAT(idle.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
  EXPECT_EQ(Summarize(*idle.pipelines().Get(id, absl::InfiniteFuture())).state, State::kCancelled);
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM orchestrator.job"), "1");  // nothing was started: nothing to stop
}

TEST_F(CancelTest, StopsWhatWasStartedButNotWrittenDown) {
  Behave("trainingRuns", "unavailable");
  const std::string id = Start();
  WaitFor("SELECT calls > 0 FROM fake.behaviour", "t");
  ASSERT_THAT(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
  EXPECT_EQ(Summarize(orchestrator_.WaitForEnd(id)).state, State::kCancelled);
  Behave("trainingRuns", "run");  // the call that came through after all
  WaitFor("SELECT state FROM fake.run WHERE collection = 'trainingRuns'", "5");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM fake.run WHERE collection = 'trainingRuns'"), "1");
}

// A8: whatever the moment, nothing happens after the run is CANCELLED, and nothing is left running.
TEST_F(CancelTest, WinsAtAnyMoment) {
  std::mt19937 random(20260728);
  for (int i = 0; i < 30; ++i) {
    for (const char* collection : {"fetchRuns", "trainingRuns", "signalRuns", "backtestRuns"}) {
      Behave(collection, random() % 4 == 0 ? "run" : "succeed");
    }
    const std::string id = Start();
    absl::SleepFor(absl::Milliseconds(random() % 150));
    ASSERT_THAT(orchestrator_.pipelines().Cancel(id, absl::InfiniteFuture()), IsOk());
    const PipelineRun run = orchestrator_.WaitForEnd(id);
    const bool cancelled = Summarize(run).state == State::kCancelled;
    ASSERT_TRUE(cancelled || Summarize(run).state == State::kSucceeded) << i;
    const std::string steps =
        "SELECT string_agg(resource || outputs::text, ',' ORDER BY ordinal) "
        "FROM orchestrator.pipeline_step WHERE run_id = '" +
        id + "'";
    const std::string before = database_.Sql(steps);
    WaitFor("SELECT count(*) FROM orchestrator.job WHERE kind = 'pipeline_abort' AND end_time IS NULL", "0");
    EXPECT_EQ(database_.Sql(steps), before) << i;
    EXPECT_EQ(database_.Sql("SELECT count(*) FROM fake.run WHERE state < 3"), "0") << i;
  }
}

}  // namespace
}  // namespace breadthflow::orchestrator
