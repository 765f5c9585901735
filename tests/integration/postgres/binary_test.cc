#include "common/postgres/binary.h"

#include <atomic>
#include <cmath>

#include "absl/time/clock.h"
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/postgres/listener.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::postgres {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::IsOkAndHolds;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;

constexpr char kCopy[] = "COPY t (a, b, c, d, e, f, g, h) FROM STDIN (FORMAT binary)";

class BinaryTest : public ::testing::Test {
 protected:
  BinaryTest() {
    server_.Sql(
        "CREATE SCHEMA app; CREATE TABLE app.t (a smallint, b int, c bigint CONSTRAINT t_c_check CHECK (c <> 13), "
        "d float8, e bool, f text, g bytea, h timestamptz)");
  }
  static void Put(CopyWriter& out, int64_t c, const std::string& bytes) {
    out.StartRow(8);
    out.Int16(-2);
    out.Int32(-3);
    out.Int64(c);
    out.Double(-0.0);
    out.Bool(true);
    out.Text("text");
    out.Bytes(bytes);
    out.Time(absl::FromUnixMicros(-1));
  }

  TestDatabase server_;
  std::unique_ptr<Database> database_ = Database::Open({.url = server_.url(), .schema = "app", .pool_size = 2});
};

TEST_F(BinaryTest, EveryTypeComesBackAsItWasCopied) {
  const std::string bytes(700'000, '\0');
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) -> absl::Status {
                               EXPECT_THAT(tx.CopyIn(kCopy,
                                                     [&](CopyWriter& out) {
                                                       Put(out, INT64_MIN, bytes);
                                                       out.StartRow(8);
                                                       for (int i = 0; i < 7; ++i) out.Null();
                                                       out.Time(absl::InfiniteFuture());
                                                       return absl::OkStatus();
                                                     }),
                                           IsOkAndHolds(2));
                               BF_ASSIGN_OR_RETURN(
                                   const BinaryRows rows,
                                   tx.Query("SELECT * FROM t WHERE c = $1 OR c IS NULL ORDER BY c", {INT64_MIN}));
                               EXPECT_EQ(rows.size(), 2);
                               const BinaryRow row = rows[0];
                               EXPECT_EQ(row.Int16(0), -2);
                               EXPECT_EQ(row.Int32(1), -3);
                               EXPECT_EQ(row.Int64(2), INT64_MIN);
                               EXPECT_TRUE(std::signbit(row.Double(3)));
                               EXPECT_TRUE(row.Bool(4));
                               EXPECT_EQ(row.View(5), "text");
                               EXPECT_EQ(row.View(6), bytes);
                               EXPECT_EQ(row.Time(7), absl::FromUnixMicros(-1));
                               EXPECT_TRUE(rows[1].IsNull(0));
                               EXPECT_EQ(rows[1].Time(7), absl::InfiniteFuture());
                               return absl::OkStatus();
                             }),
              IsOk());
}

TEST_F(BinaryTest, BytesParametersTravelInBinary) {
  const std::string bytes("\0\x01\xff", 3);
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) -> absl::Status {
                               BF_ASSIGN_OR_RETURN(
                                   const int64_t count,
                                   tx.Execute("INSERT INTO t (g, f) VALUES ($1, $2)", {Bytes{bytes}, nullptr}));
                               EXPECT_EQ(count, 1);
                               BF_ASSIGN_OR_RETURN(const BinaryRows rows, tx.Query("SELECT g FROM t"));
                               EXPECT_EQ(rows[0].View(0), bytes);
                               return absl::OkStatus();
                             }),
              IsOk());
}

TEST_F(BinaryTest, StreamGivesEveryRowAndStopsWhenAsked) {
  int64_t sum = 0;
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) {
                               return tx.Stream("SELECT g FROM generate_series(1::bigint, 1000) g", {},
                                                [&](const BinaryRow& row) {
                                                  sum += row.Int64(0);
                                                  return absl::OkStatus();
                                                });
                             }),
              IsOk());
  EXPECT_EQ(sum, 500'500);
  int rows = 0;
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) {
                               return tx.Stream(
                                   "SELECT generate_series(1::bigint, 100000000)", {}, [&](const BinaryRow&) {
                                     return ++rows < 10 ? absl::OkStatus() : absl::CancelledError("enough");
                                   });
                             }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(rows, 10);
  EXPECT_THAT(TransactBinary(*database_, [&](BinaryTransaction& tx) { return tx.Query("SELECT 1").status(); }), IsOk());
}

TEST_F(BinaryTest, FailedWriterAndBrokenRulesLeaveNothing) {
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) {
                               return tx
                                   .CopyIn(kCopy,
                                           [&](CopyWriter& out) -> absl::Status {
                                             Put(out, 1, "x");
                                             return absl::DataLossError("bad chunk");
                                           })
                                   .status();
                             }),
              StatusIs(absl::StatusCode::kDataLoss));
  const absl::Status refused = TransactBinary(*database_, [&](BinaryTransaction& tx) {
    return tx
        .CopyIn(kCopy,
                [&](CopyWriter& out) {
                  Put(out, 12, "x");
                  Put(out, 13, "x");
                  return absl::OkStatus();
                })
        .status();
  });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION"));
  EXPECT_EQ(base::DetailsOf(refused).metadata.at("constraint"), "t_c_check");
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM app.t"), "0");
}

TEST_F(BinaryTest, WrongTypeReadFailsTheTransaction) {
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) -> absl::Status {
                               BF_ASSIGN_OR_RETURN(const BinaryRows rows, tx.Query("SELECT 1::int"));
                               EXPECT_EQ(rows[0].Int64(0), 0);
                               return absl::OkStatus();
                             }),
              StatusIs(absl::StatusCode::kInternal, "RESULT_MISREAD"));
}

TEST_F(BinaryTest, SharesThePoolAndItsSettings) {
  ASSERT_THAT(database_->Ping(absl::Seconds(5)), IsOk());
  EXPECT_THAT(TransactBinary(*database_,
                             [&](BinaryTransaction& tx) -> absl::Status {
                               BF_ASSIGN_OR_RETURN(const BinaryRows rows,
                                                   tx.Query("SELECT current_setting('statement_timeout')"));
                               EXPECT_EQ(rows[0].View(0), "5s");
                               return database_->Ping(absl::Seconds(5));
                             }),
              IsOk());
  EXPECT_EQ(database_->stats().open, 2);
}

TEST_F(BinaryTest, ListenerHearsAndConnectsAgainAfterABreak) {
  std::atomic<int> connects{0};
  std::atomic<int> heard{0};
  Listener listener(
      *database_, "channel", [&] { ++connects; },
      [&](std::string_view payload) {
        if (payload == "hello") ++heard;
      });
  const auto wait = [](const std::atomic<int>& counter, int value) {
    for (int i = 0; i < 5000 && counter < value; ++i) absl::SleepFor(absl::Milliseconds(1));
    return counter.load();
  };
  ASSERT_EQ(wait(connects, 1), 1);
  server_.Sql("SELECT pg_notify('channel', 'hello')");
  EXPECT_EQ(wait(heard, 1), 1);
  server_.Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
  ASSERT_EQ(wait(connects, 2), 2);
  server_.Sql("SELECT pg_notify('channel', 'hello')");
  EXPECT_EQ(wait(heard, 2), 2);
}

TEST_F(BinaryTest, StatementsArePreparedOncePerConnectionUnlessTheyMayNotBe) {
  constexpr std::string_view kCount = "SELECT count(*) FROM pg_prepared_statements WHERE $1::bigint = 7";
  const auto prepared = [&](Database& database) {
    int64_t count = -1;
    EXPECT_THAT(TransactBinary(database,
                               [&](BinaryTransaction& tx) -> absl::Status {
                                 for (int i = 0; i < 3; ++i) {
                                   BF_ASSIGN_OR_RETURN(const BinaryRows rows, tx.Query(kCount, {int64_t{7}}));
                                   count = rows[0].Int64(0);
                                 }
                                 return absl::OkStatus();
                               }),
                IsOk());
    return count;
  };
  EXPECT_EQ(prepared(*database_), 1);
  const auto pooled =
      Database::Open({.url = server_.url(), .schema = "app", .pool_size = 1, .prepare_statements = false});
  EXPECT_EQ(prepared(*pooled), 0);
}

}  // namespace
}  // namespace breadthflow::postgres
