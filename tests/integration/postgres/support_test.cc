#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::testing {
namespace {

TEST(TestDatabase, IsEmptyAndItsOwn) {
  TestDatabase one;
  TestDatabase other;
  one.Sql("CREATE TABLE t (x int)");
  EXPECT_EQ(one.Sql("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(other.Sql("SELECT count(*) FROM pg_tables WHERE tablename = 't'"), "0");
}

TEST(PostgresServer, ComesBackAfterStopAndKill) {
  PostgresServer server;
  if (!server.owned()) GTEST_SKIP() << "a given server is not stopped";
  TestDatabase database(server);
  database.Sql("CREATE TABLE t (x int)");
  server.Restart();
  EXPECT_EQ(database.Sql("SELECT count(*) FROM t"), "0");
  server.Kill();
  server.Start();
  EXPECT_EQ(database.Sql("SELECT count(*) FROM t"), "0");
}

TEST(Matchers, TellCodesAndReasonsApart) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(absl::StatusOr<int>(3), ::testing::Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<int>(absl::NotFoundError("x")), StatusIs(absl::StatusCode::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(absl::NotFoundError("x"), ::testing::Not(StatusIs(absl::StatusCode::kNotFound, "OTHER")));
}

}  // namespace
}  // namespace breadthflow::testing
