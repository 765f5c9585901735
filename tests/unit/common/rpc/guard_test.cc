#include "common/rpc/guard.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/log.h"
#include "tests/unit/common/rpc/guard_fixture.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::EchoGuardOptions;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::WorkRequest;
using ::breadthflow::testing::WorkResponse;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

TEST_F(GuardTest, TheBodyKnowsWhoCallsAndForHowLong) {
  Begin();
  Call seen;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    seen = call;
    return absl::OkStatus();
  };
  ASSERT_THAT(Work(absl::Seconds(5)), IsOk());
  EXPECT_EQ(seen.principal.name, "anonymous");
  EXPECT_EQ(seen.request_id.size(), 36u);
  EXPECT_NEAR(absl::ToDoubleSeconds(seen.deadline - absl::Now()), 5, 1);
  EXPECT_FALSE(seen.cancel.cancelled());
}

TEST_F(GuardTest, ACallWithoutADeadlineGetsThirtySeconds) {
  Begin();
  absl::Duration left;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    left = call.deadline - absl::Now();
    return absl::OkStatus();
  };
  ASSERT_THAT(Work(absl::InfiniteDuration()), IsOk());
  EXPECT_NEAR(absl::ToDoubleSeconds(left), 30, 1);
}

// B1: on expiry the handler stops at most 100 ms later.
TEST_F(GuardTest, TheTokenIsCancelledWhenTheDeadlinePasses) {
  Begin();
  absl::Notification ended;
  absl::Duration late;
  base::CancelReason reason = base::CancelReason::kNone;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    late = absl::Now() - call.deadline;
    reason = call.cancel.reason();
    const absl::Status status = call.cancel.Check();
    ended.Notify();
    return status;
  };
  EXPECT_THAT(Work(absl::Milliseconds(200)), StatusIs(Code::kDeadlineExceeded));
  ASSERT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(5)));
  EXPECT_LT(late, absl::Milliseconds(100));
  EXPECT_EQ(reason, base::CancelReason::kDeadline);
}

TEST_F(GuardTest, TheTokenIsCancelledWhenTheCallerLeaves) {
  Begin();
  absl::Notification begun, ended;
  base::CancelReason reason = base::CancelReason::kNone;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    begun.Notify();
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    reason = call.cancel.reason();
    ended.Notify();
    return call.cancel.Check();
  };
  grpc::ClientContext context;
  std::thread caller([&] {
    WorkResponse response;
    (void)stub_->Work(&context, request_, &response);
  });
  begun.WaitForNotification();
  const absl::Time left = absl::Now();
  context.TryCancel();
  caller.join();
  ASSERT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(5)));
  EXPECT_LT(absl::Now() - left, absl::Milliseconds(500));
  EXPECT_EQ(reason, base::CancelReason::kCancelled);
}

TEST_F(GuardTest, AnExceptionIsInternalAndItsTextStaysInTheLog) {
  Begin();
  echo_->service.work = [](const Call&, const auto&, auto&) -> absl::Status {
    throw std::runtime_error("password is hunter2");
  };
  const absl::Status status = Work();
  EXPECT_THAT(status, StatusIs(Code::kInternal, "INTERNAL"));
  EXPECT_THAT(status.ToString(), ::testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(base::DetailsOf(status).metadata["trace_id"].size(), 32u);
  EXPECT_THAT(Work(), StatusIs(Code::kInternal)) << "the process lives on";
}

TEST_F(GuardTest, WorkThatWasToldToStopReportsWhy) {
  Begin();
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    return absl::CancelledError("stopped");
  };
  std::thread ender([&] {
    while (echo_->guard.calls_in_flight() == 0) absl::SleepFor(absl::Milliseconds(1));
    echo_->guard.CancelAll();
  });
  EXPECT_THAT(Work(), StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
  ender.join();
  EXPECT_THAT(Work(), StatusIs(Code::kUnavailable, "SHUTTING_DOWN")) << "and nothing new begins";
}

TEST_F(GuardTest, ContinuesTheTraceAndSaysItInTheResponse) {
  Begin();
  telemetry::TraceContext seen;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    seen = call.trace;
    return absl::OkStatus();
  };
  traceparent_ = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  std::multimap<std::string, std::string> headers;
  ASSERT_THAT(Work(absl::Seconds(30), "", &headers), IsOk());
  EXPECT_EQ(seen.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_NE(seen.span_id, "b7ad6b7169203331");
  ASSERT_EQ(headers.count("traceparent"), 1u);
  EXPECT_EQ(headers.find("traceparent")->second, telemetry::ToTraceparent(seen));

  traceparent_ = "00-garbage";
  ASSERT_THAT(Work(), IsOk());
  EXPECT_TRUE(seen.valid());
  EXPECT_NE(seen.trace_id, "0af7651916cd43dd8448eb211c80319c");
}

TEST_F(GuardTest, WhatIsOverTheLimitIsTurnedAwayAtOnce) {
  GuardOptions options = EchoGuardOptions();
  options.max_concurrent_calls = 4;
  Begin(options);
  absl::Notification release;
  echo_->service.work = [&](const Call&, const auto&, auto&) {
    release.WaitForNotification();
    return absl::OkStatus();
  };
  std::vector<std::thread> callers;
  std::atomic<int> served{0};
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      grpc::ClientContext context;
      WorkResponse response;
      served += stub_->Work(&context, WorkRequest(), &response).ok() ? 1 : 0;
    });
  while (echo_->guard.calls_in_flight() < 4) absl::SleepFor(absl::Milliseconds(1));
  const absl::Time begin = absl::Now();
  const absl::Status refused = Work();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  EXPECT_THAT(refused, StatusIs(Code::kResourceExhausted, "OVERLOADED"));
  EXPECT_TRUE(base::DetailsOf(refused).retry_after);
  EXPECT_EQ(pushback_, "250");
  release.Notify();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(served, 4);
  EXPECT_EQ(echo_->guard.calls_in_flight(), 0);
  EXPECT_THAT(Work(), IsOk());
}

TEST_F(GuardTest, OneKeyCanNotTakeAllPlaces) {
  GuardOptions options = EchoGuardOptions();
  options.max_calls_per_key = 1;
  Begin(options);
  absl::Status inner;
  echo_->service.work = [&](const Call&, const WorkRequest& request, auto&) {
    if (request.text().empty()) return absl::OkStatus();
    grpc::ClientContext context;
    WorkResponse response;
    inner = FromGrpc(stub_->Work(&context, WorkRequest(), &response));
    return absl::OkStatus();
  };
  request_.set_text("outer");
  ASSERT_THAT(Work(), IsOk());
  EXPECT_THAT(inner, StatusIs(Code::kResourceExhausted, "TOO_MANY_CALLS"));
}

TEST_F(GuardTest, ARequestOverTheLimitIsNamedWithTheLimit) {
  GuardOptions options = EchoGuardOptions();
  options.max_request_bytes = 1000;
  Begin(options);
  request_.set_text(std::string(996, 'x'));  // tag and length take 3 bytes
  EXPECT_THAT(Work(), IsOk());
  request_.set_text(std::string(998, 'x'));
  const absl::Status status = Work();
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, "MESSAGE_TOO_LARGE"));
  EXPECT_EQ(base::DetailsOf(status).metadata["limit_bytes"], "1000");
}

TEST_F(GuardTest, AServiceThatIsNotReadySaysSo) {
  Begin();
  echo_->guard.SetReady("breadthflow.test.v1.EchoService", false);
  const absl::Status status = Work();
  EXPECT_THAT(status, StatusIs(Code::kUnavailable, "NOT_READY"));
  EXPECT_TRUE(base::DetailsOf(status).retry_after);
  echo_->guard.SetReady("breadthflow.test.v1.EchoService", true);
  EXPECT_THAT(Work(), IsOk());
}

// B11: whatever the body returns, the caller can read why, in at most 4,096 bytes.
TEST_F(GuardTest, AThousandViolationsAreStillInvalidArgument) {
  Begin();
  echo_->service.work = [&](const Call&, const auto&, auto&) {
    base::Violations violations;
    for (int i = 0; i < 1000; ++i) violations.Add(fmt::format("spec.symbols[{}]", i), "is not a symbol, was 'x y z'");
    return violations.ToStatus("bad spec");
  };
  const absl::Status status = Work();
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, "INVALID_ARGUMENT"));
  EXPECT_LE(last_.error_message().size() + last_.error_details().size(), 4096u);
  EXPECT_THAT(base::Message(status), ::testing::EndsWith("[truncated]"));
  EXPECT_EQ(base::DetailsOf(status).metadata["violations_count"], "1000");
  EXPECT_GT(base::DetailsOf(status).violations.size(), 10u);
}

TEST_F(GuardTest, EveryCodeArrivesWithAReason) {
  Begin();
  for (int code = 1; code <= 16; ++code) {
    echo_->service.work = [&](const Call&, const auto&, auto&) {
      return absl::Status(static_cast<absl::StatusCode>(code), "as told");
    };
    const absl::Status status = Work();
    EXPECT_THAT(status, StatusIs(static_cast<absl::StatusCode>(code), base::CodeName(static_cast<Code>(code))));
    EXPECT_EQ(base::Message(status), "as told");
    EXPECT_FALSE(last_.error_details().empty()) << code;
  }
}

}  // namespace
}  // namespace breadthflow::rpc
