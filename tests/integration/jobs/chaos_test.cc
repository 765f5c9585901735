// Jobs whose workers are real processes that are stopped, killed and made to crash (PROMISES A2, A3, A4, A7).
#include <vector>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"

namespace breadthflow::jobs {
namespace {

using ::breadthflow::testing::ChildProcess;
using ::breadthflow::testing::IsOk;
using postgres::Transaction;

constexpr absl::Duration kLease = absl::Seconds(2);

class ChaosTest : public ::testing::Test {
 protected:
  ChaosTest() : database_(postgres::Database::Open({.url = server_.url(), .schema = "jobs", .pool_size = 3})) {
    EXPECT_THAT(postgres::Migrate(*database_, JobStore::Migrations()), IsOk());
    server_.Sql("CREATE TABLE jobs.note (job text, what text, worker text, at timestamptz DEFAULT clock_timestamp())");
  }
  ChildProcess StartWorker() const {
    return ChildProcess({{::breadthflow::testing::TestProgram("jobs_worker_program"), server_.url()}});
  }
  void Enqueue(const std::string& prefix, int count, const std::string& kind = "work", int max_attempts = 5) {
    EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
      for (int i = 0; i < count; ++i) {
        BF_RETURN_IF_ERROR(
            JobStore::Enqueue(tx, {.id = fmt::format("{}{}", prefix, i), .kind = kind, .max_attempts = max_attempts}));
      }
      return absl::OkStatus();
    }),
                IsOk());
  }
  int Count(const std::string& what) const { return std::stoi(server_.Sql("SELECT count(*) FROM " + what)); }
  bool WaitUntil(const std::string& condition, absl::Duration patience) const {
    const absl::Time until = absl::Now() + patience;
    while (server_.Sql("SELECT " + condition) != "t") {
      if (absl::Now() >= until) return false;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return true;
  }
  bool WaitForAll(absl::Duration patience) const {
    return WaitUntil("NOT EXISTS (SELECT FROM jobs.job WHERE state < 3)", patience);
  }
  // The jobs that a process holds: worker_id is host:pid:uuid.
  static std::string HeldBy(const ChildProcess& worker) {
    return fmt::format("jobs.job WHERE state = 2 AND split_part(worker_id, ':', 2) = '{}'", worker.pid());
  }
  void ExpectEveryJobOnce(int jobs) const {
    EXPECT_EQ(Count("jobs.job WHERE state = 3"), jobs);
    EXPECT_EQ(Count("jobs.note WHERE what = 'effect'"), jobs);
    EXPECT_EQ(server_.Sql("SELECT count(DISTINCT job) FROM jobs.note WHERE what = 'effect'"), fmt::format("{}", jobs));
  }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_;
};

TEST_F(ChaosTest, ZombieIsRefusedWhileAnotherRunsItsWorkAndGoesOnWithOtherWork) {
  ChildProcess zombie = StartWorker();
  Enqueue("a", 4);
  // Stopped near its end and woken as soon as another has begun: it finishes first, but with an old epoch.
  ASSERT_TRUE(
      WaitUntil(fmt::format("count(*) = 4 AND min(progress) > 0.6 FROM {}", HeldBy(zombie)), absl::Seconds(10)));
  zombie.Signal(SIGSTOP);
  ChildProcess other = StartWorker();
  ASSERT_TRUE(WaitUntil("count(*) = 4 FROM jobs.job WHERE epoch = 2", absl::Seconds(20)));
  zombie.Signal(SIGCONT);
  ASSERT_TRUE(WaitUntil("count(*) >= 4 FROM jobs.note WHERE what = 'lost'", absl::Seconds(10)));
  EXPECT_EQ(Count("jobs.job WHERE state = 2"), 4) << "the zombie was to finish first";
  ASSERT_TRUE(WaitForAll(absl::Seconds(20)));
  ExpectEveryJobOnce(4);
  EXPECT_EQ(Count("jobs.note WHERE what = 'lost'"), 4);
  EXPECT_EQ(Count(fmt::format("jobs.note WHERE what = 'effect' AND split_part(worker, ':', 2) = '{}'", zombie.pid())),
            0);

  other.Signal(SIGTERM);
  ASSERT_TRUE(other.Wait(absl::Seconds(10)));
  Enqueue("b", 4);
  ASSERT_TRUE(WaitForAll(absl::Seconds(20)));
  ExpectEveryJobOnce(8);
}

TEST_F(ChaosTest, ZombieThatWakesAfterTheEndIsRefused) {
  ChildProcess zombie = StartWorker();
  Enqueue("a", 4);
  ASSERT_TRUE(WaitUntil(fmt::format("count(*) = 4 FROM {}", HeldBy(zombie)), absl::Seconds(10)));
  zombie.Signal(SIGSTOP);
  const ChildProcess other = StartWorker();
  ASSERT_TRUE(WaitForAll(absl::Seconds(20)));
  zombie.Signal(SIGCONT);
  ASSERT_TRUE(WaitUntil("count(*) = 4 FROM jobs.note WHERE what = 'lost'", absl::Seconds(10)));
  ExpectEveryJobOnce(4);
}

TEST_F(ChaosTest, WorkOfAKilledWorkerRunsAgainSoonAfterItsLease) {
  ChildProcess victim = StartWorker();
  Enqueue("a", 4);
  ASSERT_TRUE(WaitUntil(fmt::format("count(*) = 4 FROM {}", HeldBy(victim)), absl::Seconds(10)));
  const ChildProcess other = StartWorker();
  const absl::Time killed = absl::Now();
  victim.Signal(SIGKILL);
  ASSERT_TRUE(WaitUntil("count(*) = 4 FROM jobs.job WHERE epoch = 2", absl::Seconds(20)));
  EXPECT_LE(absl::Now() - killed, kLease + absl::Seconds(3));
  ASSERT_TRUE(WaitForAll(absl::Seconds(20)));
  ExpectEveryJobOnce(4);
}

TEST_F(ChaosTest, WorkOfATerminatedWorkerRunsAgainAtOnce) {
  ChildProcess leaving = StartWorker();
  Enqueue("a", 4);
  ASSERT_TRUE(WaitUntil(fmt::format("count(*) = 4 FROM {}", HeldBy(leaving)), absl::Seconds(10)));
  const ChildProcess other = StartWorker();
  const absl::Time asked = absl::Now();
  leaving.Signal(SIGTERM);
  ASSERT_TRUE(WaitUntil("count(*) = 4 FROM jobs.job WHERE epoch = 2", absl::Seconds(20)));
  EXPECT_LE(absl::Now() - asked, absl::Seconds(2));
  ASSERT_TRUE(leaving.Wait(absl::Seconds(10)));
  EXPECT_EQ(leaving.status(), 0);
  ASSERT_TRUE(WaitForAll(absl::Seconds(20)));
  ExpectEveryJobOnce(4);
  EXPECT_EQ(Count("jobs.job WHERE attempt = 1"), 4);  // what was given back unharmed does not count
}

TEST_F(ChaosTest, PoisonKillsItsWorkerExactlyAsOftenAsItMayAndOthersGoOn) {
  constexpr int kMaxAttempts = 3;
  constexpr int kOthers = 12;
  Enqueue("poison", 1, "poison", kMaxAttempts);
  Enqueue("a", kOthers, "work", 10);
  std::vector<ChildProcess> workers;
  workers.push_back(StartWorker());
  workers.push_back(StartWorker());
  int crashes = 0;
  const absl::Time until = absl::Now() + absl::Seconds(60);
  while (Count("jobs.job WHERE state < 3") > 0 && absl::Now() < until) {
    for (ChildProcess& worker : workers) {
      if (worker.Running()) continue;
      ASSERT_TRUE(WIFSIGNALED(worker.status()));
      ++crashes;
      worker = StartWorker();
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(crashes, kMaxAttempts);
  EXPECT_EQ(Count("jobs.note WHERE what = 'start' AND job = 'poison0'") <= kMaxAttempts, true);
  EXPECT_EQ(server_.Sql("SELECT state || ' ' || attempt FROM jobs.job WHERE id = 'poison0'"), "4 3");
  EXPECT_THAT(database_->Transact([](Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const Job job, JobStore::Get(tx, "poison0"));
    EXPECT_EQ(base::DetailsOf(job.error).reason, "WORKER_CRASHED");
    return absl::OkStatus();
  }),
              IsOk());
  ExpectEveryJobOnce(kOthers);
}

TEST_F(ChaosTest, RequestWhoseClientDiedAfterCommitIsAnsweredTheSame) {
  const std::string request_id = base::NewUuid(absl::Now());
  ChildProcess client({{::breadthflow::testing::TestProgram("jobs_submit_program"), server_.url(), request_id}});
  ASSERT_TRUE(client.Wait(absl::Seconds(20)));
  ASSERT_TRUE(WIFSIGNALED(client.status()) && WTERMSIG(client.status()) == SIGKILL);
  const auto again = SubmitOnce(*database_, {"alice", "Create", request_id, "hash"},
                                [](Transaction&) -> absl::StatusOr<std::string> { return "a second one"; });
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(*again, "runs/" + server_.Sql("SELECT id FROM jobs.job"));
  EXPECT_EQ(Count("jobs.job"), 1);
}

}  // namespace
}  // namespace breadthflow::jobs
