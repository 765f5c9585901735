#include "common/jobs/store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::jobs {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using postgres::Transaction;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : database_(postgres::Database::Open({.url = server_.url(), .schema = "jobs", .pool_size = 3})) {
    EXPECT_THAT(postgres::Migrate(*database_, JobStore::Migrations()), IsOk());
  }
  absl::Status Do(const std::function<absl::Status(Transaction&)>& body) { return database_->Transact(body); }
  absl::Status Enqueue(const NewJob& job) {
    return Do([&](Transaction& tx) { return JobStore::Enqueue(tx, job); });
  }
  std::vector<Job> Claim(int limit, absl::Duration lease = absl::Minutes(1)) {
    std::vector<Job> jobs;
    EXPECT_THAT(Do([&](Transaction& tx) -> absl::Status {
                  BF_ASSIGN_OR_RETURN(jobs, JobStore::Claim(tx, {"work"}, limit, "host:1:boot", lease));
                  return absl::OkStatus();
                }),
                IsOk());
    return jobs;
  }
  Job Get(const std::string& id) {
    Job job;
    EXPECT_THAT(Do([&](Transaction& tx) -> absl::Status {
                  BF_ASSIGN_OR_RETURN(job, JobStore::Get(tx, id));
                  return absl::OkStatus();
                }),
                IsOk());
    return job;
  }
  // A job in any state, written past the store.
  void Put(const std::string& id, State state, int attempt, int max_attempts, bool cancel) {
    const bool running = state == State::kRunning;
    server_.Sql(fmt::format(
        "INSERT INTO jobs.job (id, kind, state, attempt, max_attempts, epoch, lease_until, worker_id, "
        "start_time, end_time, error_code, cancel_requested) VALUES ('{}', 'work', {}, {}, {}, 7, {}, "
        "'{}', now(), {}, {}, {})",
        id, static_cast<int>(state), attempt, max_attempts, running ? "now() - interval '1 s'" : "NULL",
        running ? "host:1:boot" : "", IsTerminal(state) ? "now()" : "NULL", state == State::kFailed ? 13 : 0, cancel));
  }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_;
};

TEST_F(StoreTest, ClaimCountsAttemptAndEpochAndTakesTheMostUrgentFirst) {
  ASSERT_THAT(Enqueue({.id = "later", .kind = "work"}), IsOk());
  ASSERT_THAT(Enqueue({.id = "urgent", .kind = "work", .priority = 1}), IsOk());
  ASSERT_THAT(Enqueue({.id = "other", .kind = "other"}), IsOk());
  ASSERT_THAT(Enqueue({.id = "tomorrow", .kind = "work", .delay = absl::Hours(24)}), IsOk());
  const std::vector<Job> first = Claim(1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].id, "urgent");
  EXPECT_EQ(first[0].state, State::kRunning);
  EXPECT_EQ(first[0].attempt, 1);
  EXPECT_EQ(first[0].epoch, 1);
  EXPECT_EQ(first[0].worker_id, "host:1:boot");
  EXPECT_EQ(Claim(10).size(), 1u);
  EXPECT_EQ(Claim(10).size(), 0u);
}

TEST_F(StoreTest, HoldRenewsTheLeaseOfItsOwnerAndRefusesEverybodyElse) {
  const auto hold = [&](int64_t epoch) {
    return Do([&](Transaction& tx) { return JobStore::Hold(tx, "a", epoch, absl::Minutes(10)); });
  };
  ASSERT_THAT(Enqueue({.id = "a", .kind = "work"}), IsOk());
  EXPECT_THAT(hold(0), StatusIs(absl::StatusCode::kAborted, "LEASE_LOST")) << "nobody runs it";
  ASSERT_EQ(Claim(1).size(), 1u);
  ASSERT_THAT(hold(1), IsOk());
  EXPECT_EQ(server_.Sql("SELECT lease_until > now() + interval '9 min' FROM jobs.job"), "t");
  EXPECT_THAT(hold(2), StatusIs(absl::StatusCode::kAborted, "LEASE_LOST"));
  ASSERT_THAT(Do([](Transaction& tx) { return JobStore::RequestCancel(tx, "a").status(); }), IsOk());
  EXPECT_THAT(hold(1), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(StoreTest, ClaimsOfOneMomentDoNotOverlapAndDoNotWait) {
  for (int i = 0; i < 4; ++i) ASSERT_THAT(Enqueue({.id = fmt::format("{}", i), .kind = "work"}), IsOk());
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                BF_ASSIGN_OR_RETURN(const std::vector<Job> mine,
                                    JobStore::Claim(tx, {"work"}, 2, "host:2:boot", absl::Seconds(9)));
                EXPECT_EQ(mine.size(), 2u);
                const std::vector<Job> others = Claim(10);  // while ours is not committed
                EXPECT_EQ(others.size(), 2u);
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(server_.Sql("SELECT max(epoch) FROM jobs.job"), "1");
}

// The SQL and the pure rules of job.h agree, for every combination of what they look at.
TEST_F(StoreTest, FailAndRescueFollowThePureRules) {
  int n = 0;
  for (const bool cancel : {false, true}) {
    for (const int attempt : {1, 2, 3}) {
      for (const bool retryable : {false, true}) {
        const std::string id = fmt::format("fail{}", ++n);
        Put(id, State::kRunning, attempt, 3, cancel);
        const State expected = AfterFailure(Get(id), retryable);
        ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                      BF_ASSIGN_OR_RETURN(const State state, JobStore::Fail(tx, id, 7, absl::InternalError("x"),
                                                                            retryable, absl::Seconds(100)));
                      EXPECT_EQ(state, expected);
                      return absl::OkStatus();
                    }),
                    IsOk());
        EXPECT_EQ(Get(id).state, expected);
      }
      const std::string id = fmt::format("rescue{}", ++n);
      Put(id, State::kRunning, attempt, 3, cancel);
      const State expected = AfterLeaseExpired(Get(id));
      ASSERT_THAT(Do([&](Transaction& tx) { return JobStore::Rescue(tx, 100).status(); }), IsOk());
      EXPECT_EQ(Get(id).state, expected);
      EXPECT_EQ(base::DetailsOf(Get(id).error).reason, expected == State::kCancelled ? "CANCELLED" : "WORKER_CRASHED");
    }
  }
}

TEST_F(StoreTest, OnlyTheCurrentEpochOfARunningJobMayFinishFailOrBeat) {
  for (const State state : {State::kQueued, State::kRunning, State::kSucceeded, State::kFailed, State::kCancelled}) {
    for (const int64_t epoch : {6, 7, 8}) {
      const std::string id = fmt::format("{}-{}", StateName(state), epoch);
      Put(id, state, 1, 3, false);
      const bool ours = state == State::kRunning && epoch == 7;
      ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                    BF_ASSIGN_OR_RETURN(const auto held,
                                        JobStore::Heartbeat(tx, {{id, epoch, 0.5, "stage"}}, absl::Minutes(1)));
                    EXPECT_EQ(held.size(), ours ? 1u : 0u) << id;
                    BF_ASSIGN_OR_RETURN(const auto looked, JobStore::Held(tx, {{id, epoch, 0.5, "stage"}}));
                    EXPECT_EQ(looked.size(), ours ? 1u : 0u) << id;
                    if (!ours) {
                      EXPECT_THAT(JobStore::Fail(tx, id, epoch, absl::InternalError("x"), true, absl::ZeroDuration()),
                                  StatusIs(absl::StatusCode::kAborted, "LEASE_LOST"));
                      EXPECT_THAT(JobStore::Release(tx, {{id, epoch, 0, ""}}), testing::IsOkAndHolds(0));
                    }
                    const absl::Status finished = JobStore::Finish(tx, id, epoch);
                    if (ours) {
                      EXPECT_THAT(finished, IsOk());
                    } else {
                      EXPECT_THAT(finished, StatusIs(absl::StatusCode::kAborted, "LEASE_LOST")) << id;
                    }
                    return absl::OkStatus();
                  }),
                  IsOk());
      EXPECT_EQ(Get(id).state, ours ? State::kSucceeded : state);
    }
  }
}

TEST_F(StoreTest, CancelEndsAQueuedJobMarksARunningOneAndLeavesEnds) {
  for (const State state : {State::kQueued, State::kRunning, State::kSucceeded, State::kFailed, State::kCancelled}) {
    const std::string id(StateName(state));
    Put(id, state, 1, 3, false);
    ASSERT_THAT(Do([&](Transaction& tx) { return JobStore::RequestCancel(tx, id).status(); }), IsOk());
    EXPECT_EQ(Get(id).state, state == State::kQueued ? State::kCancelled : state);
    EXPECT_EQ(Get(id).cancel_requested, !IsTerminal(state));
  }
  EXPECT_THAT(Do([&](Transaction& tx) { return JobStore::Finish(tx, "RUNNING", 7); }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Do([&](Transaction& tx) { return JobStore::RequestCancel(tx, "nobody").status(); }),
              StatusIs(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
}

TEST_F(StoreTest, FailureKeepsTheDetailsOfItsError) {
  Put("a", State::kRunning, 1, 1, false);
  const absl::Status error = base::MakeError(absl::StatusCode::kInvalidArgument, std::string(10'000, 'x'),
                                             {.reason = "BAD_INPUT", .metadata = {{"symbol", "A"}}});
  ASSERT_THAT(
      Do([&](Transaction& tx) { return JobStore::Fail(tx, "a", 7, error, false, absl::ZeroDuration()).status(); }),
      IsOk());
  const Job job = Get("a");
  EXPECT_EQ(job.error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::DetailsOf(job.error).metadata.at("symbol"), "A");
  EXPECT_EQ(base::Message(job.error).size(), kMaxErrorBytes);
}

TEST_F(StoreTest, ImpossibleRowsAreRefusedByTheDatabase) {
  EXPECT_THAT(Enqueue({.id = "", .kind = "work"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Enqueue({.id = std::string(201, 'x'), .kind = "work"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION"));
  EXPECT_THAT(Enqueue({.id = "a", .kind = "work", .max_attempts = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(Enqueue({.id = "a", .kind = "work"}), IsOk());
  EXPECT_THAT(Enqueue({.id = "a", .kind = "work"}), StatusIs(absl::StatusCode::kAlreadyExists));
  for (const char* change :
       {"state = 2", "state = 3", "state = 4, end_time = now()", "lease_until = now()", "attempt = 9", "progress = 2",
        "progress = 'NaN'", "id = ''", "cancel_requested = true", "epoch = -1"}) {
    EXPECT_THAT(Do([&](Transaction& tx) { return tx.Execute(fmt::format("UPDATE job SET {}", change)).status(); }),
                StatusIs(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION"))
        << change;
  }
}

TEST_F(StoreTest, HeartbeatDoesNotWaitForARowThatIsBeingFinished) {
  Put("a", State::kRunning, 1, 3, false);
  Put("b", State::kRunning, 1, 3, false);
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                BF_RETURN_IF_ERROR(JobStore::Finish(tx, "a", 7));
                EXPECT_THAT(Do([&](Transaction& other) -> absl::Status {
                              BF_ASSIGN_OR_RETURN(
                                  const auto held,
                                  JobStore::Heartbeat(other, {{"a", 7, 0, ""}, {"b", 7, 0, ""}}, absl::Minutes(1)));
                              EXPECT_EQ(held.size(), 2u);
                              BF_ASSIGN_OR_RETURN(const JobStore::Rescued rescued, JobStore::Rescue(other, 100));
                              EXPECT_EQ(rescued.jobs.size(), 0u);  // b was renewed, a is locked
                              return absl::OkStatus();
                            }),
                            IsOk());
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(Get("a").state, State::kSucceeded);
}

TEST_F(StoreTest, OneBadRowDoesNotStopTheRescueOfOthers) {
  for (const char* id : {"a", "bad", "c"}) Put(id, State::kRunning, 1, 3, false);
  server_.Sql("ALTER TABLE jobs.job ADD CONSTRAINT stuck CHECK (id <> 'bad' OR state = 2)");
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                BF_ASSIGN_OR_RETURN(const JobStore::Rescued rescued, JobStore::Rescue(tx, 100));
                EXPECT_EQ(rescued.jobs.size(), 2u);
                EXPECT_EQ(rescued.errors.size(), 1u);
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(Get("a").state, State::kQueued);
  EXPECT_EQ(Get("bad").state, State::kRunning);
  EXPECT_EQ(Get("c").state, State::kQueued);
}

TEST_F(StoreTest, JoinsReadTheWholeJob) {
  ASSERT_THAT(Enqueue({.id = "a", .kind = "work", .principal = "alice", .traceparent = "00-1", .priority = 3}), IsOk());
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                                    tx.Query(fmt::format("SELECT 1, {} FROM job j", JobStore::Columns("j"))));
                EXPECT_EQ(rows[0].size(), 1 + JobStore::kColumnCount);
                const Job job = JobStore::FromRow(rows[0], 1);
                EXPECT_EQ(job.id, "a");
                EXPECT_EQ(job.principal, "alice");
                EXPECT_EQ(job.traceparent, "00-1");
                EXPECT_EQ(job.priority, 3);
                EXPECT_EQ(job.start_time, absl::InfinitePast());
                EXPECT_THAT(job.error, IsOk());
                return absl::OkStatus();
              }),
              IsOk());
}

TEST_F(StoreTest, DepthCountsWhatWaitsAndRuns) {
  Put("a", State::kRunning, 1, 3, false);
  Put("done", State::kSucceeded, 1, 3, false);
  server_.Sql("UPDATE jobs.job SET error_code = 0");
  ASSERT_THAT(Enqueue({.id = "b", .kind = "work"}), IsOk());
  ASSERT_THAT(Enqueue({.id = "c", .kind = "work", .delay = absl::Hours(1)}), IsOk());
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                BF_ASSIGN_OR_RETURN(const std::vector<QueueDepth> depths, JobStore::Depth(tx));
                EXPECT_EQ(depths.size(), 2u);
                for (const QueueDepth& depth : depths) EXPECT_EQ(depth.count, depth.state == State::kQueued ? 2 : 1);
                return absl::OkStatus();
              }),
              IsOk());
}

TEST_F(StoreTest, OldRequestsAreForgottenAndYoungOnesKept) {
  server_.Sql(
      "INSERT INTO jobs.request (principal, method, request_id, payload_hash, create_time) VALUES "
      "('p', 'm', 'old', 'h', now() - interval '8 days'), ('p', 'm', 'young', 'h', now() - interval '6 days')");
  ASSERT_THAT(Do([&](Transaction& tx) -> absl::Status {
                EXPECT_THAT(JobStore::SweepRequests(tx, absl::Hours(24 * 7), 100), testing::IsOkAndHolds(1));
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(server_.Sql("SELECT request_id FROM jobs.request"), "young");
}

}  // namespace
}  // namespace breadthflow::jobs
