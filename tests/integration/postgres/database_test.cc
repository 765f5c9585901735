#include "common/postgres/database.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::postgres {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::IsOkAndHolds;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() { server_.Sql("CREATE SCHEMA app; CREATE TABLE app.t (id int CONSTRAINT t_pkey PRIMARY KEY, v int)"); }

  DatabaseOptions Options() const {
    DatabaseOptions options;
    options.url = server_.url();
    options.schema = "app";
    options.pool_size = 3;
    options.application_name = "database_test";
    return options;
  }
  static absl::Status Insert(Transaction& tx, int64_t id) {
    return tx.Execute("INSERT INTO t VALUES ($1, 0)", {id}).status();
  }
  std::string Count() const { return server_.Sql("SELECT count(*) FROM app.t"); }

  TestDatabase server_;
  std::unique_ptr<Database> database_ = Database::Open(Options());
};

TEST_F(DatabaseTest, EveryTypeComesBackAsItWasSent) {
  const std::string bytes("\0\xff\\'x", 5);
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(
        const Rows rows,
        tx.Query("SELECT $1::bigint, $2::float8, $3::bool, $4::text, $5::timestamptz, $6::bytea, $7::text, "
                 "'infinity'::timestamptz, 'NaN'::float8",
                 {INT64_MIN, 0.1 + 0.2, true, std::string("ü'\"$1"), time, Bytes{bytes}, nullptr}));
    const Row row = rows[0];
    EXPECT_EQ(row.Int(0), INT64_MIN);
    EXPECT_EQ(row.Double(1), 0.1 + 0.2);
    EXPECT_TRUE(row.Bool(2));
    EXPECT_EQ(row.Text(3), "ü'\"$1");
    EXPECT_EQ(row.Time(4), time);
    EXPECT_EQ(row.Bytes(5), bytes);
    EXPECT_TRUE(row.IsNull(6));
    EXPECT_EQ(row.Text(6), "");
    EXPECT_EQ(row.Time(7), absl::InfiniteFuture());
    EXPECT_NE(row.Double(8), row.Double(8));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_F(DatabaseTest, MisreadColumnFailsTheTransaction) {
  EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(Insert(tx, 1));
    BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT 'abc'"));
    EXPECT_EQ(rows[0].Int(0), 0);
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kInternal, "RESULT_MISREAD"));
  EXPECT_EQ(Count(), "0");
}

TEST_F(DatabaseTest, CommitsOnOkAndRollsBackOnError) {
  EXPECT_THAT(database_->Transact([](Transaction& tx) { return Insert(tx, 1); }), IsOk());
  EXPECT_THAT(database_->Transact([](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(Insert(tx, 2));
    return absl::NotFoundError("changed my mind");
  }),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Count(), "1");
}

TEST_F(DatabaseTest, SwallowedErrorDoesNotCommit) {
  EXPECT_THAT(database_->Transact([](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(Insert(tx, 1));
    Insert(tx, 1).IgnoreError();
    EXPECT_THAT(Insert(tx, 2), StatusIs(absl::StatusCode::kAlreadyExists));  // nothing is sent any more
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Count(), "0");
}

TEST_F(DatabaseTest, ConstraintIsNamed) {
  const absl::Status status = database_->Transact([](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(Insert(tx, 1));
    return Insert(tx, 1);
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS"));
  EXPECT_EQ(base::DetailsOf(status).metadata.at("constraint"), "t_pkey");
}

TEST_F(DatabaseTest, NestedFailureUndoesOnlyItsPart) {
  EXPECT_THAT(database_->Transact([](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(Insert(tx, 1));
    EXPECT_THAT(tx.Nested([](Transaction& inner) -> absl::Status {
      BF_RETURN_IF_ERROR(Insert(inner, 2));
      return Insert(inner, 1);
    }),
                StatusIs(absl::StatusCode::kAlreadyExists));
    BF_RETURN_IF_ERROR(tx.Nested([](Transaction& inner) { return Insert(inner, 3); }));
    return Insert(tx, 4);
  }),
              IsOk());
  EXPECT_EQ(server_.Sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM app.t"), "1,3,4");
}

TEST_F(DatabaseTest, ExceptionOfTheBodyRollsBackAndPasses) {
  EXPECT_THROW(database_
                   ->Transact([](Transaction& tx) -> absl::Status {
                     BF_RETURN_IF_ERROR(Insert(tx, 1));
                     throw std::runtime_error("oops");
                   })
                   .IgnoreError(),
               std::runtime_error);
  EXPECT_EQ(Count(), "0");
  EXPECT_EQ(database_->stats().in_use, 0);
}

TEST_F(DatabaseTest, SettingsHoldInTheTransactionAndDoNotLeak) {
  TransactOptions options;
  options.statement_timeout = absl::Milliseconds(1234);
  EXPECT_THAT(database_->Transact(
                  [](Transaction& tx) -> absl::Status {
                    BF_ASSIGN_OR_RETURN(
                        const Rows rows,
                        tx.Query("SELECT current_setting('statement_timeout'), current_setting('search_path'), "
                                 "current_setting('TimeZone'), current_setting('application_name'), "
                                 "current_setting('lock_timeout')"));
                    EXPECT_EQ(rows[0].Text(0), "1234ms");
                    EXPECT_EQ(rows[0].Text(1), "app");
                    EXPECT_EQ(rows[0].Text(2), "UTC");
                    EXPECT_EQ(rows[0].Text(3), "database_test");
                    EXPECT_EQ(rows[0].Text(4), "2s");
                    return absl::OkStatus();
                  },
                  options),
              IsOk());
}

TEST_F(DatabaseTest, ReadOnlyRefusesWrites) {
  TransactOptions options;
  options.read_only = true;
  EXPECT_THAT(database_->Transact([](Transaction& tx) { return Insert(tx, 1); }, options),
              StatusIs(absl::StatusCode::kFailedPrecondition, "READ_ONLY_TRANSACTION"));
}

TEST_F(DatabaseTest, StatementTimeoutEndsTheStatement) {
  TransactOptions options;
  options.statement_timeout = absl::Milliseconds(50);
  EXPECT_THAT(database_->Transact([](Transaction& tx) { return tx.Query("SELECT pg_sleep(10)").status(); }, options),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT"));
}

TEST_F(DatabaseTest, DeadlineStopsTheSumOfStatements) {
  TransactOptions options;
  options.deadline = absl::Now() + absl::Milliseconds(200);
  const absl::Time start = absl::Now();
  EXPECT_THAT(database_->Transact(
                  [](Transaction& tx) -> absl::Status {
                    while (true) BF_RETURN_IF_ERROR(tx.Query("SELECT pg_sleep(0.15)").status());
                  },
                  options),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT"));
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(500));
}

TEST_F(DatabaseTest, CancelTokenStopsTheStatementAndTheConnectionIsNotUsedAgain) {
  TransactOptions options;
  std::thread canceller([cancel = options.cancel] {
    absl::SleepFor(absl::Milliseconds(100));
    cancel.Cancel(base::CancelReason::kCancelled);
  });
  const absl::Time start = absl::Now();
  EXPECT_THAT(database_->Transact([](Transaction& tx) { return tx.Query("SELECT pg_sleep(4)").status(); }, options),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(600));
  canceller.join();
  EXPECT_EQ(database_->stats().open, 0);
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(4)%' "
                        "AND pid <> pg_backend_pid()"),
            "0");
}

TEST_F(DatabaseTest, FullPoolFailsAtTheDeadlineAndNeverGrows) {
  std::atomic<bool> release{false};
  std::vector<std::thread> holders;
  for (int i = 0; i < 3; ++i) {
    holders.emplace_back([&] {
      EXPECT_THAT(database_->Transact([&](Transaction&) {
        while (!release) absl::SleepFor(absl::Milliseconds(1));
        return absl::OkStatus();
      }),
                  IsOk());
    });
  }
  while (database_->stats().in_use < 3) absl::SleepFor(absl::Milliseconds(1));
  TransactOptions options;
  options.deadline = absl::Now() + absl::Milliseconds(100);
  const absl::Status status = database_->Transact([](Transaction&) { return absl::OkStatus(); }, options);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "DB_POOL_EXHAUSTED"));
  EXPECT_EQ(database_->stats().open, 3);
  release = true;
  for (std::thread& holder : holders) holder.join();
  EXPECT_EQ(database_->stats().exhausted_total, 1);
}

TEST_F(DatabaseTest, DeadlocksRunAgainAndBothCommit) {
  server_.Sql("INSERT INTO app.t VALUES (1, 0), (2, 0)");
  std::atomic<int> runs{0};
  std::atomic<int> waiting{0};
  const auto update = [&](int64_t first, int64_t second) {
    bool met = false;
    EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
      ++runs;
      BF_RETURN_IF_ERROR(tx.Execute("UPDATE t SET v = v + 1 WHERE id = $1", {first}).status());
      if (!met) {
        met = true;
        ++waiting;
        while (waiting < 2) absl::SleepFor(absl::Milliseconds(1));
      }
      return tx.Execute("UPDATE t SET v = v + 1 WHERE id = $1", {second}).status();
    }),
                IsOk());
  };
  std::thread other([&] { update(2, 1); });
  update(1, 2);
  other.join();
  EXPECT_EQ(runs, 3);  // one was the victim and ran again
  EXPECT_EQ(server_.Sql("SELECT sum(v) FROM app.t"), "4");
}

TEST_F(DatabaseTest, ConflictsAreTriedThreeTimes) {
  int runs = 0;
  EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
    ++runs;
    return tx.Query("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$").status();
  }),
              StatusIs(absl::StatusCode::kAborted, "CONFLICT"));
  EXPECT_EQ(runs, 3);
}

TEST_F(DatabaseTest, LockTimeoutIsAborted) {
  server_.Sql("INSERT INTO app.t VALUES (1, 0)");
  DatabaseOptions options = Options();
  options.lock_timeout = absl::Milliseconds(50);
  const auto impatient = Database::Open(options);
  EXPECT_THAT(database_->Transact([&](Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Execute("UPDATE t SET v = 1 WHERE id = 1").status());
    EXPECT_THAT(impatient->Transact(
                    [](Transaction& inner) { return inner.Execute("UPDATE t SET v = 2 WHERE id = 1").status(); }),
                StatusIs(absl::StatusCode::kAborted, "LOCK_TIMEOUT"));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_F(DatabaseTest, UnreachableServerFailsFastAndSaysSo) {
  DatabaseOptions options = Options();
  options.url = "host=/nonexistent user=x dbname=y";
  const auto database = Database::Open(options);
  EXPECT_FALSE(database->reachable());
  const absl::Time start = absl::Now();
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(database->Ping(absl::Seconds(1)), StatusIs(absl::StatusCode::kUnavailable, "DB_UNAVAILABLE"));
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  EXPECT_LE(database->stats().connects_total, 20);  // the backoff spaces the attempts
  EXPECT_THAT(database_->Ping(absl::Seconds(1)), IsOk());
  EXPECT_TRUE(database_->reachable());
}

}  // namespace
}  // namespace breadthflow::postgres
