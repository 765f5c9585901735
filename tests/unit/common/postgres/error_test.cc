#include "common/postgres/error.h"

#include <ostream>

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::postgres {
namespace {

struct Case {
  const char* sqlstate;
  absl::StatusCode code;
  const char* reason;
  bool retry;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.sqlstate; }

class SqlState : public ::testing::TestWithParam<Case> {};

TEST_P(SqlState, HasItsCodeReasonAndRetry) {
  const Case& expected = GetParam();
  const absl::Status status = StatusOf({expected.sqlstate, "", "the server's words"});
  const base::ErrorDetails details = base::DetailsOf(status);
  EXPECT_EQ(status.code(), expected.code) << status.ToString();
  EXPECT_EQ(details.reason, expected.reason);
  EXPECT_EQ(details.retry_after.has_value(), expected.retry);
  if (*expected.sqlstate != '\0') {
    EXPECT_EQ(details.metadata.at("sqlstate"), expected.sqlstate);
  }
}

using absl::StatusCode;
INSTANTIATE_TEST_SUITE_P(Table, SqlState,
                         ::testing::Values(Case{"23505", StatusCode::kAlreadyExists, "ALREADY_EXISTS", false},
                                           Case{"23P01", StatusCode::kAlreadyExists, "ALREADY_EXISTS", false},
                                           Case{"23503", StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false},
                                           Case{"23514", StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false},
                                           Case{"23502", StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false},
                                           Case{"22P02", StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false},
                                           Case{"22003", StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false},
                                           Case{"40001", StatusCode::kAborted, "CONFLICT", true},
                                           Case{"40P01", StatusCode::kAborted, "CONFLICT", true},
                                           Case{"55P03", StatusCode::kAborted, "LOCK_TIMEOUT", true},
                                           Case{"57014", StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT", false},
                                           Case{"25P03", StatusCode::kDeadlineExceeded, "TRANSACTION_TIMEOUT", false},
                                           Case{"53300", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"57P01", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"57P02", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"57P03", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"08006", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"", StatusCode::kUnavailable, "DB_UNAVAILABLE", true},
                                           Case{"53100", StatusCode::kResourceExhausted, "STORAGE_FULL", false},
                                           Case{"53200", StatusCode::kResourceExhausted, "DB_RESOURCES", false},
                                           Case{"54000", StatusCode::kResourceExhausted, "DB_RESOURCES", false},
                                           Case{"25006", StatusCode::kFailedPrecondition, "READ_ONLY_TRANSACTION",
                                                false},
                                           Case{"XX001", StatusCode::kDataLoss, "DATA_CORRUPTED", false},
                                           Case{"XX000", StatusCode::kInternal, "INTERNAL", false},
                                           Case{"42P01", StatusCode::kInternal, "INTERNAL", false}));

TEST(StatusOf, NamesTheConstraintAndNeverTheValues) {
  const absl::Status status = StatusOf(
      {"23505", "job_pkey", "duplicate key value violates unique constraint \"job_pkey\"\nDETAIL: (secret) exists"});
  EXPECT_EQ(base::DetailsOf(status).metadata.at("constraint"), "job_pkey");
  EXPECT_NE(base::Message(status).find("job_pkey"), std::string::npos);
  EXPECT_EQ(base::Message(status).find("secret"), std::string::npos);
}

TEST(StatusOf, FullDiskIsRecognisedByItsTextToo) {
  const absl::Status status = StatusOf({"58030", "", "could not extend file: No space left on device"});
  EXPECT_EQ(base::DetailsOf(status).reason, "STORAGE_FULL");
}

TEST(ConstraintIn, IsTheLastQuotedNameOfTheFirstLine) {
  EXPECT_EQ(
      ConstraintIn("ERROR:  new row for relation \"job\" violates check constraint \"job_id_check\"\nDETAIL: \"x\""),
      "job_id_check");
  EXPECT_EQ(ConstraintIn("no name"), "");
  EXPECT_EQ(ConstraintIn("one \" only"), "");
}

TEST(CommitUnknown, IsUnavailableOnlyForARepeatableRequest) {
  EXPECT_EQ(CommitUnknown(false).code(), StatusCode::kUnknown);
  EXPECT_EQ(CommitUnknown(true).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(base::DetailsOf(CommitUnknown(true)).retry_after.has_value());
  EXPECT_EQ(base::DetailsOf(CommitUnknown(false)).reason, "COMMIT_UNKNOWN");
}

TEST(PoolExhausted, CanBeTriedAgain) {
  EXPECT_EQ(PoolExhausted(5).code(), StatusCode::kUnavailable);
  EXPECT_EQ(base::DetailsOf(PoolExhausted(5)).reason, "DB_POOL_EXHAUSTED");
  EXPECT_TRUE(base::DetailsOf(PoolExhausted(5)).retry_after.has_value());
}

}  // namespace
}  // namespace breadthflow::postgres
