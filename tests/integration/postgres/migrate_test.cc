#include "common/postgres/migrate.h"

#include <random>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"

namespace breadthflow::postgres {
namespace {

using ::breadthflow::testing::ChildProcess;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;

class MigrateTest : public ::testing::Test {
 protected:
  absl::Status Run(std::vector<Migration> migrations, const MigrateOptions& options = {}) {
    return Migrate(*database_, std::move(migrations), options);
  }
  std::string Numbers() {
    return server_.Sql("SELECT string_agg(number::text, ',' ORDER BY number) FROM app.schema_migration");
  }

  TestDatabase server_;
  std::unique_ptr<Database> database_ = Database::Open({.url = server_.url(), .schema = "app", .pool_size = 2});
  const Migration first_{100, "t", "CREATE TABLE t (x int); INSERT INTO t VALUES (1);"};
  const Migration second_{101, "u", "CREATE TABLE u (x int);"};
};

TEST_F(MigrateTest, AppliesOnceInOrderOfNumbers) {
  EXPECT_THAT(Run({second_, first_}), IsOk());
  EXPECT_THAT(Run({first_, second_}), IsOk());
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM app.t"), "1");
  EXPECT_EQ(Numbers(), "100,101");
}

TEST_F(MigrateTest, NewerSchemaIsFineForAnOlderProgram) {
  ASSERT_THAT(Run({first_, second_}), IsOk());
  EXPECT_THAT(Run({first_}), IsOk());
}

TEST_F(MigrateTest, ChangedTextIsRefused) {
  ASSERT_THAT(Run({first_}), IsOk());
  EXPECT_THAT(Run({{100, "t", "CREATE TABLE t (y int);"}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
}

TEST_F(MigrateTest, GapsAndLateNumbersAreRefusedWithinARangeOnly) {
  ASSERT_THAT(Run({second_}), IsOk());
  EXPECT_THAT(Run({first_, second_}), StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_OUT_OF_ORDER"));
  EXPECT_THAT(Run({{102, "v", "CREATE TABLE v (x int)"}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_MISSING"));
  EXPECT_THAT(Run({{1, "job", "CREATE TABLE job (x int)"}, second_}), IsOk());
}

TEST_F(MigrateTest, BadNumbersAreRefusedBeforeAnythingRuns) {
  EXPECT_THAT(Run({first_, first_}), StatusIs(absl::StatusCode::kInvalidArgument, "MIGRATION_NUMBER"));
  EXPECT_THAT(Run({{0, "z", ""}}), StatusIs(absl::StatusCode::kInvalidArgument, "MIGRATION_NUMBER"));
}

TEST_F(MigrateTest, FailedMigrationLeavesNothingAndStopsThere) {
  EXPECT_THAT(Run({first_, {101, "bad", "CREATE TABLE w (x int); SELECT 1/0;"}, {102, "v", "CREATE TABLE v (x int)"}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Numbers(), "100");
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM pg_tables WHERE tablename IN ('w', 'v')"), "0");
}

TEST_F(MigrateTest, StatementsOutsideATransactionAreApplied) {
  const Migration index{101, "i", "-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_x ON t (x);"};
  EXPECT_THAT(Run({first_, index}), IsOk());
  EXPECT_EQ(server_.Sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'app.t_x'::regclass"), "t");
}

TEST_F(MigrateTest, WaitsForAReaderInShortTriesSoThatOthersGetTheirTurn) {
  ASSERT_THAT(Run({first_}), IsOk());
  auto readers = Database::Open({.url = server_.url(), .schema = "app", .pool_size = 2});
  absl::Status migrated;
  std::thread migrator;
  ASSERT_THAT(readers->Transact([&](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Query("SELECT * FROM t").status());
    migrator = std::thread([&] {
      migrated = Run({first_, {101, "y", "ALTER TABLE t ADD COLUMN y int"}}, {.lock_timeout = absl::Milliseconds(100)});
    });
    // Queued behind the ALTER that waits for us, but only for one try of it.
    for (int i = 0; i < 20; ++i) {
      const absl::Time start = absl::Now();
      EXPECT_THAT(readers->Transact([](Transaction& other) { return other.Query("SELECT * FROM t").status(); }),
                  IsOk());
      EXPECT_LT(absl::Now() - start, absl::Milliseconds(500));
      absl::SleepFor(absl::Milliseconds(20));
    }
    return absl::OkStatus();
  }),
              IsOk());
  migrator.join();
  EXPECT_THAT(migrated, IsOk());
  EXPECT_EQ(Numbers(), "100,101");
}

TEST_F(MigrateTest, GivesUpAfterItsTries) {
  ASSERT_THAT(Run({first_}), IsOk());
  auto reader = Database::Open({.url = server_.url(), .schema = "app", .pool_size = 1});
  ASSERT_THAT(reader->Transact([&](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Query("SELECT * FROM t").status());
    EXPECT_THAT(Run({first_, {101, "y", "ALTER TABLE t ADD COLUMN y int"}},
                    {.lock_timeout = absl::Milliseconds(20), .lock_tries = 2}),
                StatusIs(absl::StatusCode::kAborted, "LOCK_TIMEOUT"));
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Numbers(), "100");
}

// PROMISES E1: ten processes at once, some of them killed; afterwards every migration is applied exactly once.
TEST(MigrateProcesses, TenTogetherApplyOnceEvenWhenSomeAreKilled) {
  constexpr int kRounds = 4;
  std::mt19937 random(1);
  for (int round = 0; round < kRounds; ++round) {
    TestDatabase server;
    const auto start = [&] {
      return ChildProcess({{::breadthflow::testing::TestProgram("postgres_migrate_program"), server.url()}});
    };
    std::vector<ChildProcess> processes;
    for (int i = 0; i < 10; ++i) processes.push_back(start());
    const bool kill_some = round % 2 == 1;
    if (kill_some) {
      for (int i = 0; i < 5; ++i) {
        absl::SleepFor(absl::Milliseconds(random() % 60));
        processes[static_cast<size_t>(i)].Signal(SIGKILL);
      }
    }
    for (int i = 0; i < 10; ++i) {
      ChildProcess& process = processes[static_cast<size_t>(i)];
      ASSERT_TRUE(process.Wait(absl::Seconds(60)));
      if (kill_some && i < 5) continue;
      EXPECT_TRUE(WIFEXITED(process.status()) && WEXITSTATUS(process.status()) == 0) << process.status();
    }
    EXPECT_EQ(server.Sql("SELECT string_agg(number::text, ',' ORDER BY number) FROM app.schema_migration"),
              "100,101,102,103,104,105,106,107");
    EXPECT_EQ(server.Sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM app.log"), "100,101,102,103,104,105,106");
    EXPECT_EQ(server.Sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'app.log_n'::regclass"), "t");
  }
}

}  // namespace
}  // namespace breadthflow::postgres
