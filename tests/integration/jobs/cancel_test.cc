// Cancels at random moments (PROMISES A8): observed within two seconds, and never an effect of a cancelled job.
#include <atomic>
#include <random>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/jobs/runner.h"
#include "common/jobs/store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::jobs {
namespace {

using ::breadthflow::testing::IsOk;
using postgres::Transaction;

TEST(Cancel, AtRandomMomentsNeverLeavesAnEffectOfACancelledJob) {
  constexpr int kJobs = 100;
  testing::TestDatabase server;
  const auto database = postgres::Database::Open({.url = server.url(), .schema = "jobs", .pool_size = 12});
  ASSERT_THAT(postgres::Migrate(*database, JobStore::Migrations()), IsOk());
  server.Sql("CREATE TABLE jobs.effect (job text)");

  absl::Mutex mutex;
  std::map<std::string, absl::Time> asked;
  std::vector<absl::Duration> observed;
  const auto handler = [&](JobContext& context) -> absl::StatusOr<Effects> {
    const std::string id = context.job().id;
    const absl::Time end = absl::Now() + absl::Milliseconds(100 + std::stoi(id) % 10 * 30);
    while (absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(2));
      if (!context.cancel().cancelled()) continue;
      absl::MutexLock lock(&mutex);
      if (asked.contains(id)) observed.push_back(absl::Now() - asked[id]);
      return context.cancel().Check();
    }
    return [id](Transaction& tx) { return tx.Execute("INSERT INTO effect VALUES ($1)", {id}).status(); };
  };
  const RunnerOptions options{.workers = 4,
                              .lease = absl::Seconds(2),
                              .heartbeat = absl::Milliseconds(500),
                              .rescue_interval = absl::Milliseconds(500),
                              .poll_interval = absl::Milliseconds(200)};
  Runner one(*database, options);
  Runner two(*database, options);
  one.Handle("work", handler);
  two.Handle("work", handler);
  ASSERT_THAT(database->Transact([&](Transaction& tx) -> absl::Status {
    for (int i = 0; i < kJobs; ++i) {
      BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, {.id = fmt::format("{}", i), .kind = "work"}));
    }
    return absl::OkStatus();
  }),
              IsOk());
  ASSERT_THAT(one.Start(), IsOk());
  ASSERT_THAT(two.Start(), IsOk());

  std::mt19937 random(8);
  std::vector<int> order(kJobs);
  for (int i = 0; i < kJobs; ++i) order[static_cast<size_t>(i)] = i;
  std::shuffle(order.begin(), order.end(), random);
  for (const int i : order) {
    absl::SleepFor(absl::Milliseconds(random() % 60));
    const std::string id = fmt::format("{}", i);
    {
      absl::MutexLock lock(&mutex);
      asked[id] = absl::Now();
    }
    EXPECT_THAT(database->Transact([&](Transaction& tx) { return JobStore::RequestCancel(tx, id).status(); }), IsOk());
    one.WakeUp();  // the other runner hears of it by NOTIFY or its poll
  }
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (server.Sql("SELECT count(*) FROM jobs.job WHERE state < 3") != "0" && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  one.Drain(absl::Seconds(5));
  two.Drain(absl::Seconds(5));

  EXPECT_EQ(server.Sql("SELECT count(*) FROM jobs.job WHERE state NOT IN (3, 5)"), "0");
  EXPECT_EQ(server.Sql("SELECT count(*) FROM jobs.effect JOIN jobs.job ON id = job WHERE state = 5"), "0");
  EXPECT_EQ(
      server.Sql("SELECT count(*) FROM jobs.job LEFT JOIN jobs.effect ON id = job WHERE state = 3 AND job IS NULL"),
      "0");
  EXPECT_EQ(server.Sql("SELECT count(*) - count(DISTINCT job) FROM jobs.effect"), "0");
  // Both endings happened, else this test would have shown nothing.
  EXPECT_NE(server.Sql("SELECT count(*) FROM jobs.job WHERE state = 5"), "0");
  EXPECT_NE(server.Sql("SELECT count(*) FROM jobs.job WHERE state = 3"), "0");
  EXPECT_FALSE(observed.empty());
  for (const absl::Duration delay : observed) EXPECT_LE(delay, absl::Seconds(2));
}

}  // namespace
}  // namespace breadthflow::jobs
