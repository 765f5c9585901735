#include "common/rpc/guard.h"

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/log.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::EchoGuardOptions;
using ::breadthflow::testing::EchoPolicies;
using ::breadthflow::testing::EchoRequest;
using ::breadthflow::testing::EchoResponse;
using ::breadthflow::testing::EchoServer;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::WorkRequest;
using ::breadthflow::testing::WorkResponse;
using ::testing::HasSubstr;
using Code = absl::StatusCode;
using Stub = test::v1::EchoService::Stub;

class GuardTest : public ::testing::Test {
 protected:
  void Begin(GuardOptions options = EchoGuardOptions(),
             std::unique_ptr<security::Authenticator> authenticator = security::MakeOpenAuthenticator()) {
    echo_ = std::make_unique<EchoServer>(std::move(options), std::move(authenticator));
    ASSERT_THAT(echo_->Start(), IsOk());
    stub_ = test::v1::EchoService::NewStub(grpc::CreateChannel(echo_->target(), grpc::InsecureChannelCredentials()));
  }
  absl::Status Work(absl::Duration timeout = absl::Seconds(30), const std::string& key = "",
                    std::multimap<std::string, std::string>* headers = nullptr) {
    grpc::ClientContext context;
    if (timeout < absl::InfiniteDuration()) context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    if (!traceparent_.empty()) context.AddMetadata("traceparent", traceparent_);
    WorkResponse response;
    const grpc::Status status = stub_->Work(&context, request_, &response);
    if (headers) {
      for (const auto& [name, value] : context.GetServerInitialMetadata()) {
        headers->emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
      }
    }
    pushback_.clear();
    for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
      if (name == "grpc-retry-pushback-ms") pushback_ = std::string(value.data(), value.size());
    }
    last_ = status;
    return FromGrpc(status);
  }

  std::unique_ptr<EchoServer> echo_;
  std::unique_ptr<Stub> stub_;
  WorkRequest request_;
  grpc::Status last_;
  std::string pushback_;
  std::string traceparent_;
};

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

class GuardKeysTest : public GuardTest {
 protected:
  void SetUp() override {
    path_ = fmt::format("{}/keys_{}.yaml", ::testing::TempDir(), ::getpid());
    std::ofstream(path_) << "- {key: reader-key-0123456789, name: reader, scopes: ['data:read']}\n"
                            "- {key: writer-key-0123456789, name: writer, scopes: ['data:read', 'data:write']}\n"
                            "- {key: master-key-0123456789, name: master, scopes: [admin]}\n";
    auto authenticator = security::MakeFileAuthenticator(path_, clock_);
    ASSERT_THAT(authenticator, IsOk());
    Begin(EchoGuardOptions(), *std::move(authenticator));
  }
  void TearDown() override { std::remove(path_.c_str()); }
  base::SystemClock clock_;
  std::string path_;
};

// B14: each method without key and with the wrong scope.
TEST_F(GuardKeysTest, NoMethodIsServedWithoutAKeyOrItsScope) {
  int methods = 0;
  for (const auto& [key, echo, work, count] : std::vector<std::tuple<std::string, Code, Code, Code>>{
           {"", Code::kUnauthenticated, Code::kUnauthenticated, Code::kUnauthenticated},
           {"not-a-key-0123456789", Code::kUnauthenticated, Code::kUnauthenticated, Code::kUnauthenticated},
           {"reader-key-0123456789", Code::kOk, Code::kPermissionDenied, Code::kOk},
           {"writer-key-0123456789", Code::kOk, Code::kOk, Code::kOk},
           {"master-key-0123456789", Code::kOk, Code::kOk, Code::kOk}}) {
    const auto prepare = [&key = key](grpc::ClientContext& context) {
      if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    };
    grpc::ClientContext first, third;
    prepare(first);
    prepare(third);
    EchoResponse response;
    EXPECT_THAT(FromGrpc(stub_->Echo(&first, EchoRequest(), &response)), StatusIs(echo)) << key;
    EXPECT_THAT(Work(absl::Seconds(10), key), StatusIs(work)) << key;
    auto reader = stub_->Count(&third, test::v1::CountRequest());
    test::v1::CountResponse number;
    while (reader->Read(&number)) {
    }
    EXPECT_THAT(FromGrpc(reader->Finish()), StatusIs(count)) << key;
    methods += 3;
  }
  EXPECT_EQ(methods, 5 * 3);
  const absl::Status missing = Work(absl::Seconds(10), "reader-key-0123456789");
  EXPECT_THAT(missing, StatusIs(Code::kPermissionDenied, "MISSING_SCOPE"));
  EXPECT_EQ(base::DetailsOf(missing).metadata["scope"], "data:write");
}

TEST_F(GuardKeysTest, TheOwnerOfTheKeyIsThePrincipalAndTheKeyIsNowhere) {
  std::vector<std::string> lines;
  absl::Mutex mutex;
  telemetry::StartLogging({.service = "test", .sink = [&](std::string_view line) {
                             absl::MutexLock lock(&mutex);
                             lines.emplace_back(line);
                           }});
  std::string name;
  echo_->service.work = [&](const Call& call, const auto&, auto&) {
    name = call.principal.name;
    return absl::OkStatus();
  };
  ASSERT_THAT(Work(absl::Seconds(10), "writer-key-0123456789"), IsOk());
  (void)Work(absl::Seconds(10), "wrong-key-9876543210");
  EXPECT_EQ(name, "writer");
  telemetry::FlushLogs();
  absl::MutexLock lock(&mutex);
  ASSERT_EQ(lines.size(), 2u);
  for (const std::string& line : lines) EXPECT_THAT(line, ::testing::Not(HasSubstr("key-0123")));
  for (const std::string& line : lines) EXPECT_THAT(line, ::testing::Not(HasSubstr("key-9876")));
  telemetry::StartLogging({.service = "test", .minimum = telemetry::Severity::kError});
}

TEST_F(GuardTest, EveryCallIsOneLogLineWithItsTrace) {
  std::vector<nlohmann::json> lines;
  absl::Mutex mutex;
  telemetry::StartLogging({.service = "test", .sink = [&](std::string_view line) {
                             absl::MutexLock lock(&mutex);
                             lines.push_back(nlohmann::json::parse(line));
                           }});
  Begin();
  echo_->service.work = [&](const Call&, const WorkRequest& request, auto&) {
    return request.text().empty() ? absl::OkStatus()
                                  : base::MakeError(Code::kNotFound, "NO_SUCH_THING", "there is no such thing");
  };
  ASSERT_THAT(Work(), IsOk());
  request_.set_text("x");
  ASSERT_THAT(Work(), StatusIs(Code::kNotFound));
  telemetry::FlushLogs();
  absl::MutexLock lock(&mutex);
  ASSERT_EQ(lines.size(), 2u);
  for (const auto& line : lines) {
    EXPECT_EQ(line["grpc_method"], "breadthflow.test.v1.EchoService/Work");
    EXPECT_EQ(line["trace_id"].get<std::string>().size(), 32u);
    EXPECT_EQ(line["request_id"].get<std::string>().size(), 36u);
    EXPECT_EQ(line["principal_key_id"], "none");
    EXPECT_GE(line["duration_ms"].get<double>(), 0);
  }
  EXPECT_EQ(lines[0]["grpc_code"], "OK");
  EXPECT_EQ(lines[1]["grpc_code"], "NotFound");
  EXPECT_EQ(lines[1]["reason"], "NO_SUCH_THING");
  telemetry::StartLogging({.service = "test", .minimum = telemetry::Severity::kError});
}

TEST_F(GuardTest, CountsEveryCallByItsCode) {
  Begin();
  const std::string method =
      "grpc_method=\"Work\",grpc_service=\"breadthflow.test.v1.EchoService\",grpc_type=\"unary\"";
  const std::string before = echo_->metrics.Text();
  EXPECT_THAT(before, HasSubstr("grpc_server_handled_total{grpc_code=\"OK\"," + method + "} 0"));
  EXPECT_THAT(before, HasSubstr("grpc_server_handled_total{grpc_code=\"DeadlineExceeded\"," + method + "} 0"));
  EXPECT_THAT(before, HasSubstr("grpc_server_started_total{" + method + "} 0"));
  EXPECT_THAT(before, HasSubstr("grpc_type=\"server_stream\""));
  echo_->service.work = [&](const Call&, const WorkRequest& request, auto&) {
    return request.text().empty() ? absl::OkStatus() : absl::InvalidArgumentError("no");
  };
  for (int i = 0; i < 5; ++i) ASSERT_THAT(Work(), IsOk());
  request_.set_text("x");
  for (int i = 0; i < 3; ++i) (void)Work();
  const std::string after = echo_->metrics.Text();
  EXPECT_THAT(after, HasSubstr("grpc_server_handled_total{grpc_code=\"OK\"," + method + "} 5"));
  EXPECT_THAT(after, HasSubstr("grpc_server_handled_total{grpc_code=\"InvalidArgument\"," + method + "} 3"));
  EXPECT_THAT(after, HasSubstr("grpc_server_started_total{" + method + "} 8"));
  EXPECT_THAT(after, HasSubstr("grpc_server_msg_received_total{" + method + "} 8"));
  EXPECT_THAT(after, HasSubstr("grpc_server_msg_sent_total{" + method + "} 5"));
  EXPECT_THAT(after, HasSubstr("grpc_server_handling_seconds_count{" + method + "} 8"));
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
