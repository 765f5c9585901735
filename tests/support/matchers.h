#pragma once

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

// Matchers for absl::Status and absl::StatusOr:
//   EXPECT_THAT(store.Get(id), IsOkAndHolds(Field(&Job::attempt, 1)));
//   EXPECT_THAT(Migrate(db, {}), IsOk());
//   EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, "LEASE_LOST"));
namespace breadthflow::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

inline void Explain(const absl::Status& status, ::testing::MatchResultListener* listener) {
  *listener << "which is " << status.ToString();
  if (!status.ok()) *listener << " (reason " << base::DetailsOf(status).reason << ")";
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status status = StatusOf(arg);
  Explain(status, result_listener);
  return status.ok();
}

MATCHER_P(StatusIs, code, std::string(negation ? "is not " : "is ") + base::CodeName(code)) {
  const absl::Status status = StatusOf(arg);
  Explain(status, result_listener);
  return status.code() == code;
}

MATCHER_P2(StatusIs, code, reason,
           std::string(negation ? "is not " : "is ") + base::CodeName(code) + " with reason " + std::string(reason)) {
  const absl::Status status = StatusOf(arg);
  Explain(status, result_listener);
  return status.code() == code && base::DetailsOf(status).reason == reason;
}

// OK, and the value matches `inner` (a matcher or a plain value).
MATCHER_P(IsOkAndHolds, inner, negation ? "is an error or holds another value" : "is OK and holds the value") {
  if (!arg.ok()) {
    Explain(arg.status(), result_listener);
    return false;
  }
  using Value = std::decay_t<decltype(*arg)>;
  return ::testing::ExplainMatchResult(::testing::SafeMatcherCast<const Value&>(inner), *arg, result_listener);
}

}  // namespace breadthflow::testing

// Evaluates a StatusOr; fails the test (and returns) when it is not OK, else moves the value into `lhs`.
#define BF_ASSERT_OK_AND_ASSIGN(lhs, expr) BF_ASSERT_OK_AND_ASSIGN_(BF_CONCAT(bf_or_, __LINE__), lhs, expr)
#define BF_ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr)                     \
  auto tmp = (expr);                                                 \
  ASSERT_TRUE(tmp.ok()) << #expr << ": " << tmp.status().ToString(); \
  lhs = std::move(tmp).value()
