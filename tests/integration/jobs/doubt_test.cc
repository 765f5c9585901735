// Claims, completions and requests whose COMMIT nobody can tell about (PROMISES A5): done once, and without waiting for
// leases to run out.
#include <set>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/jobs/runner.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/postgres_proxy.h"

namespace breadthflow::jobs {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::PostgresProxy;
using ::breadthflow::testing::PostgresServer;
using postgres::Transaction;

TEST(CommitInDoubt, EveryRequestAndEveryJobCountsOnce) {
  constexpr int kJobs = 60;
  testing::TestDatabase server;
  if (!PostgresServer::Shared().owned()) GTEST_SKIP() << "the proxy needs the socket of a private server";
  const auto direct = postgres::Database::Open({.url = server.url(), .schema = "jobs", .pool_size = 2});
  ASSERT_THAT(postgres::Migrate(*direct, JobStore::Migrations()), IsOk());
  server.Sql("CREATE TABLE jobs.effect (job text)");

  PostgresProxy proxy(PostgresServer::Shared(), {.cut_before_commit = 0.05, .cut_after_commit = 0.1, .seed = 3});
  const auto database = postgres::Database::Open({.url = proxy.Url(server.name()), .schema = "jobs", .pool_size = 6});
  std::set<std::string> names;
  for (int i = 0; i < kJobs; ++i) {
    const SubmitKey key{"alice", "Create", fmt::format("request-{}", i), "hash"};
    absl::StatusOr<std::string> name = absl::UnavailableError("not yet");
    for (int attempt = 0; attempt < 10 && !name.ok(); ++attempt) {
      name = SubmitOnce(*database, key, [&](Transaction& tx) -> absl::StatusOr<std::string> {
        const std::string id = fmt::format("{}-{}", i, attempt);
        BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, {.id = id, .kind = "work", .max_attempts = 20}));
        return "runs/" + id;
      });
    }
    ASSERT_THAT(name, IsOk());
    names.insert(*name);
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kJobs));
  EXPECT_EQ(server.Sql("SELECT count(*) FROM jobs.job"), fmt::format("{}", kJobs));

  // A lease so long that a claim which is lost track of would fail the test.
  Runner runner(*database, {.workers = 4,
                            .lease = absl::Minutes(5),
                            .heartbeat = absl::Milliseconds(200),
                            .rescue_interval = absl::Milliseconds(500),
                            .poll_interval = absl::Milliseconds(100)});
  runner.Handle("work", [](JobContext& context) -> absl::StatusOr<Effects> {
    const std::string id = context.job().id;
    return [id](Transaction& tx) { return tx.Execute("INSERT INTO effect VALUES ($1)", {id}).status(); };
  });
  ASSERT_THAT(runner.Start(), IsOk());
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (server.Sql("SELECT count(*) FROM jobs.job WHERE state < 3") != "0" && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  runner.Drain(absl::Seconds(5));
  EXPECT_EQ(server.Sql("SELECT count(*) FROM jobs.job WHERE state = 3"), fmt::format("{}", kJobs));
  EXPECT_EQ(server.Sql("SELECT count(*) || ' ' || count(DISTINCT job) FROM jobs.effect"),
            fmt::format("{0} {0}", kJobs));
  EXPECT_GT(proxy.cut_after(), 5);
  EXPECT_GT(proxy.cut_before(), 2);
}

}  // namespace
}  // namespace breadthflow::jobs
