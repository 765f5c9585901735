#include "common/rpc/peer.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/telemetry/scope.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::CountRequest;
using ::breadthflow::testing::CountResponse;
using ::breadthflow::testing::EchoPolicies;
using ::breadthflow::testing::EchoServer;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::WorkRequest;
using ::breadthflow::testing::WorkResponse;
using ::testing::HasSubstr;
using Code = absl::StatusCode;
using Stub = test::v1::EchoService::Stub;

// Both ways to a peer: over TCP and within the process.
class PeerTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_THAT(echo_.Start(), IsOk());
    echo_.server->SetServing("breadthflow.test.v1.EchoService", true);
    if (GetParam()) {
      channels_.Attach("echo", echo_.server->InProcessChannel());
    } else {
      channels_.Connect("echo", echo_.target());
    }
  }
  void TearDown() override {
    channels_.Attach("echo", nullptr);
    peer_.reset();
  }
  EchoServer echo_;
  telemetry::Metrics metrics_;
  Channels channels_{{.service_key = "the-service-key", .policies = EchoPolicies()}, metrics_};
  std::unique_ptr<Peer<test::v1::EchoService>> peer_ = std::make_unique<Peer<test::v1::EchoService>>(channels_, "echo");
};
INSTANTIATE_TEST_SUITE_P(Ways, PeerTest, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "InProcess" : "Tcp"; });

TEST_P(PeerTest, PassesTheDeadlineOnLessFiftyMilliseconds) {
  absl::Time seen;
  echo_.service.work = [&](const Call& call, const auto&, auto&) {
    seen = call.deadline;
    return absl::OkStatus();
  };
  Outgoing options;
  options.deadline = absl::Now() + absl::Seconds(5);
  ASSERT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), IsOk());
  EXPECT_NEAR(absl::ToDoubleMilliseconds(options.deadline - seen), 50, 20);
  ASSERT_THAT(peer_->Call(&Stub::Work, WorkRequest()), IsOk());
  EXPECT_NEAR(absl::ToDoubleSeconds(seen - absl::Now()), 30, 1) << "the method's own default";
}

TEST_P(PeerTest, DoesNotCallWhenNoTimeIsLeft) {
  std::atomic<int> calls{0};
  echo_.service.work = [&](const Call&, const auto&, auto&) {
    ++calls;
    return absl::OkStatus();
  };
  Outgoing options;
  options.deadline = absl::Now() + absl::Milliseconds(40);
  EXPECT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), StatusIs(Code::kDeadlineExceeded));
  EXPECT_EQ(calls, 0);
}

// B1: the deadline of the first caller ends the work two hops away.
TEST_P(PeerTest, ADeadlineReachesTheLastHop) {
  std::atomic<bool> ended{false};
  echo_.service.work = [&](const Call& call, const WorkRequest& request, auto&) -> absl::Status {
    if (request.text().empty()) {
      WorkRequest next;
      next.set_text("last");
      struct Scope {
        absl::Time deadline;
        std::string traceparent;
        base::CancelToken cancel;
      };
      return peer_->Call(&Stub::Work, next, call.As<Scope>()).status();
    }
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    ended = true;
    return call.cancel.Check();
  };
  const absl::Time begin = absl::Now();
  Outgoing options;
  options.deadline = begin + absl::Milliseconds(500);
  EXPECT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), StatusIs(Code::kDeadlineExceeded));
  EXPECT_LT(absl::Now() - begin, absl::Milliseconds(600));
  for (int i = 0; i < 100 && !ended; ++i) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_TRUE(ended);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
}

TEST_P(PeerTest, CarriesTheTraceOfTheScopeOrOfTheThread) {
  std::string seen;
  echo_.service.work = [&](const Call& call, const auto&, auto&) {
    seen = call.trace.trace_id;
    return absl::OkStatus();
  };
  const telemetry::TraceContext trace = telemetry::NewTrace();
  Outgoing options;
  options.traceparent = telemetry::ToTraceparent(trace);
  ASSERT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), IsOk());
  EXPECT_EQ(seen, trace.trace_id);

  const telemetry::TraceContext ours = telemetry::NewTrace();
  telemetry::Scope scope({.trace = ours});
  ASSERT_THAT(peer_->Call(&Stub::Work, WorkRequest()), IsOk());
  EXPECT_EQ(seen, ours.trace_id);
}

TEST_P(PeerTest, ErrorsArriveWithTheirDetails) {
  echo_.service.work = [&](const Call&, const auto&, auto&) {
    return base::MakeError(Code::kAborted, "somebody was faster",
                           base::ErrorDetails{.reason = "CONFLICT",
                                              .metadata = {{"version", "7"}},
                                              .violations = {{"spec.version", "is old"}},
                                              .retry_after = absl::Milliseconds(1500)});
  };
  const absl::Status status = peer_->Call(&Stub::Work, WorkRequest()).status();
  EXPECT_THAT(status, StatusIs(Code::kAborted, "CONFLICT"));
  EXPECT_EQ(base::Message(status), "somebody was faster");
  const base::ErrorDetails details = base::DetailsOf(status);
  EXPECT_EQ(details.metadata.at("version"), "7");
  EXPECT_EQ(details.violations.at(0).field, "spec.version");
  EXPECT_EQ(details.retry_after, absl::Milliseconds(1500));
}

TEST_P(PeerTest, CancellingTheTokenEndsTheCallSoon) {
  echo_.service.work = [&](const Call& call, const auto&, auto&) {
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    return call.cancel.Check();
  };
  Outgoing options;
  std::thread canceller([&] {
    while (echo_.guard.calls_in_flight() == 0) absl::SleepFor(absl::Milliseconds(1));
    options.cancel.Cancel(base::CancelReason::kLeaseLost);
  });
  const absl::Time begin = absl::Now();
  EXPECT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), StatusIs(Code::kAborted, "LEASE_LOST"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  canceller.join();
  EXPECT_THAT(peer_->Call(&Stub::Work, WorkRequest(), options), StatusIs(Code::kAborted, "LEASE_LOST"))
      << "and none begins afterwards";
}

TEST_P(PeerTest, ReadsAStreamToItsEnd) {
  CountRequest request;
  request.set_to(1000);
  int64_t count = 0;
  EXPECT_THAT(peer_->Read(&Stub::Count, request, {},
                          [&](const CountResponse& message) {
                            EXPECT_EQ(message.number(), ++count);
                            return absl::OkStatus();
                          }),
              IsOk());
  EXPECT_EQ(count, 1000);
}

TEST_P(PeerTest, StopsAStreamWhenTheReaderFails) {
  CountRequest request;
  request.set_to(1000000);
  int64_t count = 0;
  EXPECT_THAT(peer_->Read(&Stub::Count, request, {},
                          [&](const CountResponse&) {
                            return ++count == 3 ? absl::DataLossError("bad message") : absl::OkStatus();
                          }),
              StatusIs(Code::kDataLoss));
  EXPECT_EQ(count, 3);
  for (int i = 0; i < 300 && echo_.guard.streams_open() > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(echo_.guard.streams_open(), 0);
}

TEST_P(PeerTest, CountsItsCalls) {
  (void)peer_->Call(&Stub::Work, WorkRequest());
  echo_.service.work = [&](const Call&, const auto&, auto&) { return absl::NotFoundError("no"); };
  (void)peer_->Call(&Stub::Work, WorkRequest());
  const std::string text = metrics_.Text();
  const std::string method =
      "grpc_method=\"Work\",grpc_service=\"breadthflow.test.v1.EchoService\",grpc_type=\"unary\"";
  EXPECT_THAT(text, HasSubstr("grpc_client_handled_total{grpc_code=\"OK\"," + method + "} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_client_handled_total{grpc_code=\"NotFound\"," + method + "} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_client_started_total{" + method + "} 2"));
}

TEST(Channels, APeerThatNobodyNamedIsAnError) {
  telemetry::Metrics metrics;
  Channels channels({}, metrics);
  Peer<test::v1::EchoService> peer(channels, "echo");
  EXPECT_THAT(peer.Call(&Stub::Work, WorkRequest()), StatusIs(Code::kFailedPrecondition, "NO_PEER"));
}

TEST(Channels, APeerThatIsDownIsUnavailable) {
  telemetry::Metrics metrics;
  Channels channels({.policies = EchoPolicies()}, metrics);
  channels.Connect("echo", "127.0.0.1:1");
  Peer<test::v1::EchoService> peer(channels, "echo");
  EXPECT_THAT(peer.Call(&Stub::Work, WorkRequest()), StatusIs(Code::kUnavailable, "UNAVAILABLE"));
}

// B4: only methods that may be repeated are, and an outage is not made worse.
TEST(Channels, RepeatsOnlyUnavailableOfMethodsThatMayBe) {
  for (const bool retry_safe : {true, false}) {
    EchoServer echo;
    ASSERT_THAT(echo.Start(), IsOk());
    echo.server->SetServing("breadthflow.test.v1.EchoService", true);
    std::atomic<int> calls{0};
    echo.service.work = [&](const Call&, const WorkRequest& request, auto&) {
      ++calls;
      return request.text().empty() ? absl::UnavailableError("not now") : absl::AbortedError("conflict");
    };
    MethodPolicies policies = EchoPolicies();
    policies[1].retry_safe = retry_safe;
    telemetry::Metrics metrics;
    Channels channels({.policies = policies}, metrics);
    channels.Connect("echo", echo.target());
    Peer<test::v1::EchoService> peer(channels, "echo");
    EXPECT_THAT(peer.Call(&Stub::Work, WorkRequest()), StatusIs(Code::kUnavailable));
    EXPECT_EQ(calls, retry_safe ? 4 : 1);
    calls = 0;
    WorkRequest conflict;
    conflict.set_text("x");
    EXPECT_THAT(peer.Call(&Stub::Work, conflict), StatusIs(Code::kAborted));
    EXPECT_EQ(calls, 1);
    calls = 0;
    for (int i = 0; i < 100; ++i) (void)peer.Call(&Stub::Work, WorkRequest());
    EXPECT_LE(calls, 120) << "attempts for 100 calls of a peer that is down";
  }
}

}  // namespace
}  // namespace breadthflow::rpc
