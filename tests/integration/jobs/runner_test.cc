#include "common/jobs/runner.h"

#include <atomic>
#include <memory>
#include <mutex>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/jobs/store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::jobs {
namespace {

using postgres::Transaction;

RunnerOptions Quick() {
  return {.workers = 2,
          .lease = absl::Seconds(2),
          .heartbeat = absl::Milliseconds(500),
          .rescue_interval = absl::Milliseconds(500),
          .poll_interval = absl::Milliseconds(100)};
}

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() : database_(postgres::Database::Open({.url = server_.url(), .schema = "jobs", .pool_size = 8})) {
    EXPECT_TRUE(postgres::Migrate(*database_, JobStore::Migrations()).ok());
    Run("CREATE TABLE effect (job text, note text)");
  }
  void Run(const std::string& sql) {
    const absl::Status status = database_->Transact([&](Transaction& tx) { return tx.Execute(sql).status(); });
    EXPECT_TRUE(status.ok()) << status;
  }
  void Enqueue(const std::string& id, int max_attempts = 5) {
    const absl::Status status = database_->Transact([&](Transaction& tx) {
      return JobStore::Enqueue(tx, {.id = id, .kind = "work", .max_attempts = max_attempts});
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  Job Get(const std::string& id) {
    Job job;
    const absl::Status status = database_->Transact([&](Transaction& tx) -> absl::Status {
      BF_ASSIGN_OR_RETURN(job, JobStore::Get(tx, id));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return job;
  }
  Job WaitFinal(const std::string& id, absl::Duration patience = absl::Seconds(20)) {
    const absl::Time deadline = absl::Now() + patience;
    Job job = Get(id);
    while (!IsTerminal(job.state) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
      job = Get(id);
    }
    return job;
  }
  std::string Effects() {
    return server_.Sql("SELECT coalesce(string_agg(job || ':' || note, ',' ORDER BY job, note), '') FROM jobs.effect");
  }
  static jobs::Effects Note(const std::string& id, const std::string& note) {
    return [id, note](Transaction& tx) {
      return tx.Execute("INSERT INTO effect VALUES ($1, $2)", {id, note}).status();
    };
  }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_;
};

TEST_F(RunnerTest, WritesTheEffectsTogetherWithSuccess) {
  Runner runner(*database_, Quick());
  runner.Handle("work", [](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    context.Progress(0.5, "half way");
    return Note(context.job().id, "done");
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  Enqueue("b");
  runner.WakeUp();
  EXPECT_EQ(WaitFinal("a").state, State::kSucceeded);
  EXPECT_EQ(WaitFinal("b").state, State::kSucceeded);
  EXPECT_EQ(Get("a").progress, 1.0);
  EXPECT_EQ(Get("a").attempt, 1);
  EXPECT_EQ(Effects(), "a:done,b:done");
}

TEST_F(RunnerTest, TriesAgainAfterAPassingFailureAndKeepsTheErrorOfALastingOne) {
  std::atomic<int> calls{0};
  Runner runner(*database_, Quick());
  runner.Handle("work", [&](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    if (context.job().id == "wrong")
      return base::MakeError(absl::StatusCode::kInvalidArgument, "BAD_INPUT", "no such thing");
    if (++calls == 1) return absl::UnavailableError("not now");
    return Note(context.job().id, "second");
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("passing");
  Enqueue("wrong");
  EXPECT_EQ(WaitFinal("passing").state, State::kSucceeded);
  EXPECT_EQ(Get("passing").attempt, 2);
  const Job wrong = WaitFinal("wrong");
  EXPECT_EQ(wrong.state, State::kFailed);
  EXPECT_EQ(wrong.attempt, 1);
  EXPECT_EQ(base::DetailsOf(wrong.error).reason, "BAD_INPUT");
  EXPECT_EQ(Effects(), "passing:second");
}

TEST_F(RunnerTest, AnExceptionIsAnInternalErrorAndTheRunnerLives) {
  Runner runner(*database_, Quick());
  runner.Handle("work", [](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    if (context.job().id == "throws") throw std::runtime_error("secret detail");
    return nullptr;
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("throws", 1);
  const Job job = WaitFinal("throws");
  EXPECT_EQ(job.state, State::kFailed);
  EXPECT_EQ(job.error.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(base::Message(job.error), ::testing::Not(::testing::HasSubstr("secret")));
  Enqueue("fine");
  EXPECT_EQ(WaitFinal("fine").state, State::kSucceeded);
}

TEST_F(RunnerTest, CancelStopsARunningJobWithinASecondAndNothingOfItIsWritten) {
  absl::Notification started;
  Runner runner(*database_, Quick());
  runner.Handle("work", [&](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    started.Notify();
    while (!context.cancel().cancelled()) absl::SleepFor(absl::Milliseconds(5));
    BF_RETURN_IF_ERROR(context.cancel().Check());
    return Note(context.job().id, "never");
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  started.WaitForNotification();
  const absl::Time asked = absl::Now();
  ASSERT_TRUE(database_->Transact([](Transaction& tx) { return JobStore::RequestCancel(tx, "a").status(); }).ok());
  EXPECT_EQ(WaitFinal("a").state, State::kCancelled);
  EXPECT_LT(absl::Now() - asked, absl::Seconds(2));
  EXPECT_EQ(Effects(), "");
}

TEST_F(RunnerTest, CancelBeforeTheEndWinsOverAHandlerThatDoesNotListen) {
  absl::Notification started, go_on;
  Runner runner(*database_, Quick());
  runner.Handle("work", [&](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    started.Notify();
    go_on.WaitForNotification();
    return Note(context.job().id, "too late");
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  started.WaitForNotification();
  ASSERT_TRUE(database_->Transact([](Transaction& tx) { return JobStore::RequestCancel(tx, "a").status(); }).ok());
  go_on.Notify();
  EXPECT_EQ(WaitFinal("a").state, State::kCancelled);
  EXPECT_EQ(Effects(), "");
}

TEST_F(RunnerTest, TakesOverWhatADeadWorkerHeldAndRefusesItsLateEffects) {
  Enqueue("a");
  int64_t dead_epoch = 0;
  ASSERT_TRUE(database_
                  ->Transact([&](Transaction& tx) -> absl::Status {
                    BF_ASSIGN_OR_RETURN(const std::vector<Job> jobs,
                                        JobStore::Claim(tx, {"work"}, 1, "dead:1:x", absl::Seconds(1)));
                    dead_epoch = jobs.at(0).epoch;
                    return absl::OkStatus();
                  })
                  .ok());
  Runner runner(*database_, Quick());
  runner.Handle("work",
                [](JobContext& context) -> absl::StatusOr<jobs::Effects> { return Note(context.job().id, "rescued"); });
  ASSERT_TRUE(runner.Start().ok());
  const Job job = WaitFinal("a");
  EXPECT_EQ(job.state, State::kSucceeded);
  EXPECT_EQ(job.attempt, 2);
  const absl::Status late = database_->Transact([&](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(JobStore::Finish(tx, "a", dead_epoch));
    return Note("a", "zombie")(tx);
  });
  EXPECT_EQ(base::DetailsOf(late).reason, "LEASE_LOST");
  EXPECT_EQ(Effects(), "a:rescued");
}

TEST_F(RunnerTest, GivesUpAJobWhoseWorkersKeepDying) {
  Enqueue("poison", 1);
  ASSERT_TRUE(database_
                  ->Transact([&](Transaction& tx) {
                    return JobStore::Claim(tx, {"work"}, 1, "dead:1:x", absl::Milliseconds(100)).status();
                  })
                  .ok());
  Runner runner(*database_, Quick());
  runner.Handle("work", [](JobContext&) -> absl::StatusOr<jobs::Effects> { return nullptr; });
  ASSERT_TRUE(runner.Start().ok());
  const Job job = WaitFinal("poison");
  EXPECT_EQ(job.state, State::kFailed);
  EXPECT_EQ(base::DetailsOf(job.error).reason, "WORKER_CRASHED");
}

TEST_F(RunnerTest, DrainGivesJobsBackAtOnceWithoutCountingTheAttempt) {
  absl::Notification started;
  auto first = std::make_unique<Runner>(*database_, Quick());
  first->Handle("work", [&](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    if (!started.HasBeenNotified()) started.Notify();
    while (!context.cancel().cancelled()) absl::SleepFor(absl::Milliseconds(5));
    return context.cancel().Check();
  });
  ASSERT_TRUE(first->Start().ok());
  Enqueue("a");
  started.WaitForNotification();
  first->Drain(absl::Seconds(5));
  EXPECT_EQ(Get("a").state, State::kQueued);
  EXPECT_EQ(Get("a").attempt, 0);
  Runner second(*database_, Quick());
  second.Handle("work",
                [](JobContext& context) -> absl::StatusOr<jobs::Effects> { return Note(context.job().id, "second"); });
  ASSERT_TRUE(second.Start().ok());
  EXPECT_EQ(WaitFinal("a").state, State::kSucceeded);
  EXPECT_EQ(Get("a").attempt, 1);
  EXPECT_EQ(Effects(), "a:second");
}

TEST_F(RunnerTest, AWatcherSeesTheFinalStateLast) {
  Runner runner(*database_, Quick());
  runner.Handle("work", [](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    context.Progress(0.25, "quarter");
    absl::SleepFor(absl::Milliseconds(400));
    return nullptr;
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  std::vector<State> seen;
  absl::Notification ended;
  const auto subscription = runner.Watch("a", [&](const Job* job) {
    ASSERT_NE(job, nullptr);
    seen.push_back(job->state);
    if (IsTerminal(job->state)) ended.Notify();
  });
  ASSERT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_EQ(seen.back(), State::kSucceeded);
  absl::Notification missing;
  const auto none = runner.Watch("nobody", [&](const Job* job) {
    EXPECT_EQ(job, nullptr);
    missing.Notify();
  });
  EXPECT_TRUE(missing.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(RunnerTest, TwoRunnersShareAQueueAndRunEachJobOnce) {
  const auto handler = [](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    return Note(context.job().id, "once");
  };
  Runner one(*database_, Quick());
  Runner two(*database_, Quick());
  one.Handle("work", handler);
  two.Handle("work", handler);
  constexpr int kJobs = 200;
  for (int i = 0; i < kJobs; ++i) Enqueue(std::to_string(i));
  ASSERT_TRUE(one.Start().ok());
  ASSERT_TRUE(two.Start().ok());
  for (int i = 0; i < kJobs; ++i) EXPECT_EQ(WaitFinal(std::to_string(i)).state, State::kSucceeded);
  EXPECT_EQ(server_.Sql("SELECT count(*) || ' ' || count(DISTINCT job) FROM jobs.effect"), "200 200");
}

TEST_F(RunnerTest, AJobThatComesBackToTheRunnerThatLostItIsHeldLikeAnyOther) {
  absl::Notification first_told, first_may_end, second_started, second_may_end;
  RunnerOptions options = Quick();
  options.heartbeat = absl::Seconds(1);
  Runner runner(*database_, options);
  runner.Handle("work", [&](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    if (context.job().attempt == 1) {
      const absl::Time give_up = absl::Now() + absl::Seconds(10);
      while (!context.cancel().cancelled() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(2));
      EXPECT_EQ(context.cancel().reason(), base::CancelReason::kLeaseLost);
      first_told.Notify();
      first_may_end.WaitForNotificationWithTimeout(absl::Seconds(10));
      return Note(context.job().id, "old");
    }
    second_started.Notify();
    second_may_end.WaitForNotificationWithTimeout(absl::Seconds(10));
    return Note(context.job().id, "new");
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  runner.WakeUp();
  while (Get("a").state != State::kRunning) absl::SleepFor(absl::Milliseconds(5));
  // What a rescuer elsewhere would do, at once: the runner claims it again before a heartbeat has missed it.
  Run("UPDATE job SET state = 1, lease_until = NULL, worker_id = '' WHERE id = 'a'");
  runner.WakeUp();
  ASSERT_TRUE(second_started.WaitForNotificationWithTimeout(absl::Seconds(10)));
  ASSERT_TRUE(first_told.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_EQ(runner.running(), 2);
  first_may_end.Notify();
  while (runner.running() == 2) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(runner.running(), 1);
  // Longer than the lease: only renewals keep it.
  const absl::Time later = absl::Now() + options.lease + absl::Seconds(1);
  while (absl::Now() < later) {
    ASSERT_EQ(Get("a").state, State::kRunning);
    ASSERT_EQ(Get("a").attempt, 2);
    absl::SleepFor(absl::Milliseconds(50));
  }
  second_may_end.Notify();
  EXPECT_EQ(WaitFinal("a").state, State::kSucceeded);
  EXPECT_EQ(Effects(), "a:new");
}

TEST_F(RunnerTest, EffectsThatCanNotPassEndTheAttemptAtOnce) {
  RunnerOptions options = Quick();
  options.lease = absl::Seconds(30);
  Runner runner(*database_, options);
  runner.Handle("work", [](JobContext& context) -> absl::StatusOr<jobs::Effects> {
    if (context.job().attempt > 1) return Note(context.job().id, "computed again");
    return jobs::Effects([](Transaction&) {
      return base::MakeError(absl::StatusCode::kAborted, "SERIES_MOVED", "another writer was faster");
    });
  });
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  const Job job = WaitFinal("a", absl::Seconds(10));
  EXPECT_EQ(job.state, State::kSucceeded);
  EXPECT_EQ(job.attempt, 2);
  EXPECT_EQ(Effects(), "a:computed again");
}

TEST_F(RunnerTest, ACallMayEndItsOwnSubscription) {
  Runner runner(*database_, Quick());
  ASSERT_TRUE(runner.Start().ok());
  Enqueue("a");
  std::unique_ptr<Runner::Subscription> subscription;
  std::mutex mutex;
  absl::Notification ended;
  {
    const std::lock_guard lock(mutex);  // the first call waits for the subscription
    subscription = runner.Watch("a", [&](const Job*) {
      const std::lock_guard call(mutex);
      subscription.reset();
      ended.Notify();
    });
  }
  ASSERT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(10)));
  absl::Notification another;
  const auto other = runner.Watch("a", [&](const Job*) { another.Notify(); });
  EXPECT_TRUE(another.WaitForNotificationWithTimeout(absl::Seconds(10))) << "the others are told still";
}

TEST_F(RunnerTest, WhoWatchesAllIsToldOfEveryJob) {
  Runner runner(*database_, Quick());
  runner.Handle("work", [](JobContext&) -> absl::StatusOr<jobs::Effects> { return nullptr; });
  ASSERT_TRUE(runner.Start().ok());
  absl::Notification seen;
  std::atomic<bool> asked{false};
  const auto subscription = runner.WatchAll([&] {
    if (asked.load() && Get("b").state == State::kSucceeded && !seen.HasBeenNotified()) seen.Notify();
  });
  Enqueue("a");
  Enqueue("b");
  asked = true;
  runner.WakeUp();
  EXPECT_TRUE(seen.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

}  // namespace
}  // namespace breadthflow::jobs
