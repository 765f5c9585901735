// B7: a server that is told to stop finishes what it has begun, ends streams, and cancels what takes too long.
#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "common/rpc/status_bridge.h"
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
using Code = absl::StatusCode;

class DrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(echo_.Start(), IsOk());
    stub_ = test::v1::EchoService::NewStub(grpc::CreateChannel(echo_.target(), grpc::InsecureChannelCredentials()));
  }
  absl::Status Work() {
    grpc::ClientContext context;
    WorkResponse response;
    return FromGrpc(stub_->Work(&context, WorkRequest(), &response));
  }
  EchoServer echo_;
  std::unique_ptr<test::v1::EchoService::Stub> stub_;
};

TEST_F(DrainTest, CallsThatHaveBegunFinish) {
  absl::Notification release;
  echo_.service.work = [&](const Call& call, const auto&, auto&) {
    release.WaitForNotification();
    return call.cancel.Check();
  };
  std::vector<std::thread> callers;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) callers.emplace_back([&] { good += Work().ok() ? 1 : 0; });
  while (echo_.guard.calls_in_flight() < 8) absl::SleepFor(absl::Milliseconds(1));
  std::thread shutdown([&] { echo_.server->Shutdown(absl::Seconds(20)); });
  absl::SleepFor(absl::Milliseconds(100));
  release.Notify();
  shutdown.join();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 8);
}

TEST_F(DrainTest, AHandlerThatPollsItsTokenIsCancelledAfterTheGrace) {
  echo_.service.work = [&](const Call& call, const auto&, auto&) {
    while (!call.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(5));
    return call.cancel.Check();
  };
  absl::Status status;
  std::thread caller([&] { status = Work(); });
  while (echo_.guard.calls_in_flight() < 1) absl::SleepFor(absl::Milliseconds(1));
  const absl::Time begin = absl::Now();
  echo_.server->Shutdown(absl::Milliseconds(300));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  caller.join();
  EXPECT_THAT(status, StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
}

TEST_F(DrainTest, StreamsEndAtOnceWithShuttingDown) {
  echo_.service.open = [](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([](CountResponse*) -> absl::StatusOr<Step> { return Step::Wait(absl::Hours(1)); });
  };
  absl::Status status;
  std::thread reader([&] {
    grpc::ClientContext context;
    auto stream = stub_->Count(&context, CountRequest());
    CountResponse message;
    while (stream->Read(&message)) {
    }
    status = FromGrpc(stream->Finish());
  });
  while (echo_.guard.streams_open() < 1) absl::SleepFor(absl::Milliseconds(1));
  const absl::Time begin = absl::Now();
  echo_.server->Shutdown(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2)) << "the grace is for unary calls";
  reader.join();
  EXPECT_THAT(status, StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
}

// Under load each call ends with OK, or with UNAVAILABLE and was never begun.
TEST_F(DrainTest, UnderLoadEveryCallIsServedOrRefused) {
  echo_.server->SetServing("breadthflow.test.v1.EchoService", true);
  telemetry::Metrics metrics;
  Channels channels({.policies = EchoPolicies()}, metrics);
  channels.Connect("echo", echo_.target());
  Peer<test::v1::EchoService> peer(channels, "echo");
  std::atomic<int> served{0};
  echo_.service.work = [&](const Call&, const auto&, auto&) {
    absl::SleepFor(absl::Milliseconds(2));
    ++served;
    return absl::OkStatus();
  };
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      while (!stop) {
        const auto result = peer.Call(&test::v1::EchoService::Stub::Work, WorkRequest());
        if (result.ok()) {
          ++good;
        } else {
          EXPECT_THAT(result, StatusIs(Code::kUnavailable));
        }
      }
    });
  while (served < 100) absl::SleepFor(absl::Milliseconds(1));
  echo_.server->Shutdown(absl::Seconds(20));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, served);
}

TEST_F(DrainTest, AHundredServersComeAndGo) {
  echo_.server.reset();
  for (int i = 0; i < 100; ++i) {
    EchoServer echo;
    ASSERT_THAT(echo.Start(), IsOk());
    if (i % 2 == 0) continue;
    auto stub = test::v1::EchoService::NewStub(echo.server->InProcessChannel());
    grpc::ClientContext context;
    WorkResponse response;
    EXPECT_TRUE(stub->Work(&context, WorkRequest(), &response).ok());
    stub.reset();
  }
}

}  // namespace
}  // namespace breadthflow::rpc
