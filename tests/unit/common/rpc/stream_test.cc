#include <atomic>
#include <stdexcept>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "common/rpc/status_bridge.h"
#include "common/rpc/stream_reactor.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::CountRequest;
using ::breadthflow::testing::CountResponse;
using ::breadthflow::testing::EchoGuardOptions;
using ::breadthflow::testing::EchoServer;
using ::breadthflow::testing::EchoService;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using Code = absl::StatusCode;

class StreamTest : public ::testing::Test {
 protected:
  void Begin(GuardOptions options = EchoGuardOptions()) {
    echo_ = std::make_unique<EchoServer>(std::move(options));
    ASSERT_THAT(echo_->Start(), IsOk());
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ = test::v1::EchoService::NewStub(
        grpc::CreateCustomChannel(echo_->target(), grpc::InsecureChannelCredentials(), arguments));
  }
  // Reads the whole stream; the numbers must be 1, 2 ...
  absl::Status Read(int64_t to, int64_t* read = nullptr, absl::Duration timeout = absl::Seconds(60)) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    CountRequest request;
    request.set_to(to);
    auto reader = stub_->Count(&context, request);
    CountResponse message;
    int64_t count = 0;
    while (reader->Read(&message)) EXPECT_EQ(message.number(), ++count);
    if (read) *read = count;
    return FromGrpc(reader->Finish());
  }
  bool AllGone() {
    for (int i = 0; i < 500 && echo_->guard.streams_open() > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
    return echo_->guard.streams_open() == 0;
  }
  std::unique_ptr<EchoServer> echo_;
  std::unique_ptr<test::v1::EchoService::Stub> stub_;
};

TEST_F(StreamTest, SendsEveryMessageInOrderThenOk) {
  Begin();
  for (const int64_t to : {0, 1, 2, 3, 17, 5000}) {
    int64_t read = -1;
    EXPECT_THAT(Read(to, &read), IsOk());
    EXPECT_EQ(read, to);
  }
  EXPECT_TRUE(AllGone());
}

TEST_F(StreamTest, ManyStreamsShareTheThreads) {
  Begin();
  std::vector<std::thread> readers;
  std::atomic<int> good{0};
  for (int i = 0; i < 50; ++i)
    readers.emplace_back([&] {
      int64_t read = 0;
      good += Read(200, &read).ok() && read == 200 ? 1 : 0;
    });
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(good, 50);
  EXPECT_TRUE(AllGone());
}

TEST_F(StreamTest, EndsWithTheErrorOfTheSourceAfterTheMessagesBeforeIt) {
  Begin();
  echo_->service.open = [](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([n = 0](CountResponse* message) mutable -> absl::StatusOr<Step> {
      if (n == 3) return base::MakeError(Code::kDataLoss, "BAD_CHUNK", "the checksum differs");
      message->set_number(++n);
      return Step::Message();
    });
  };
  int64_t read = 0;
  EXPECT_THAT(Read(0, &read), StatusIs(Code::kDataLoss, "BAD_CHUNK"));
  EXPECT_EQ(read, 3);
}

TEST_F(StreamTest, ARefusedRequestIsAnErrorWithDetails) {
  Begin();
  echo_->service.open = [](const Call&, const CountRequest&) -> absl::StatusOr<std::unique_ptr<Source<CountResponse>>> {
    base::Violations violations;
    violations.Add("to", "must not be negative");
    return violations.ToStatus("bad request");
  };
  const absl::Status status = Read(-1);
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 1u);
}

TEST_F(StreamTest, AnExceptionIsInternal) {
  Begin();
  echo_->service.open = [](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([](CountResponse*) -> absl::StatusOr<Step> { throw std::runtime_error("x"); });
  };
  EXPECT_THAT(Read(0), StatusIs(Code::kInternal, "INTERNAL"));
}

TEST_F(StreamTest, ASourceThatWaitsIsAskedAgain) {
  Begin();
  echo_->service.open = [](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([asked = 0](CountResponse* message) mutable -> absl::StatusOr<Step> {
      if (++asked == 10) return Step::End();
      if (asked % 2 == 1) return Step::Wait(absl::Milliseconds(20));
      message->set_number(asked / 2);
      return Step::Message();
    });
  };
  int64_t read = 0;
  EXPECT_THAT(Read(0, &read), IsOk());
  EXPECT_EQ(read, 4);
}

TEST_F(StreamTest, StopsSoonAfterTheReaderLeft) {
  Begin();
  std::atomic<int> asked{0};
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([&](CountResponse*) -> absl::StatusOr<Step> {
      ++asked;
      return Step::Wait(absl::Hours(1));
    });
  };
  {
    grpc::ClientContext context;
    auto reader = stub_->Count(&context, CountRequest());
    while (asked == 0) absl::SleepFor(absl::Milliseconds(1));
    const absl::Time left = absl::Now();
    context.TryCancel();
    EXPECT_TRUE(AllGone());
    EXPECT_LT(absl::Now() - left, absl::Seconds(20));
    (void)reader->Finish();
  }
  EXPECT_EQ(asked, 1);
}

TEST_F(StreamTest, EndsWithTheDeadline) {
  Begin();
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>(
        [&](CountResponse*) -> absl::StatusOr<Step> { return Step::Wait(absl::Hours(1)); });
  };
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Read(0, nullptr, absl::Milliseconds(200)), StatusIs(Code::kDeadlineExceeded));
  EXPECT_TRUE(AllGone());
  EXPECT_LT(absl::Now() - begin, absl::Milliseconds(700));
}

// B9: a reader that takes nothing is cancelled, and until then costs two messages and gRPC's window.
TEST_F(StreamTest, AReaderThatDoesNotReadIsCancelled) {
  GuardOptions options = EchoGuardOptions();
  options.slow_reader_timeout = absl::Milliseconds(300);
  Begin(options);
  std::atomic<int64_t> asked{0};
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([&](CountResponse* message) -> absl::StatusOr<Step> {
      message->set_number(++asked);
      message->set_padding(std::string(1 << 20, 'x'));
      return Step::Message();
    });
  };
  grpc::ClientContext context;
  auto reader = stub_->Count(&context, CountRequest());
  while (asked == 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_TRUE(AllGone());
  EXPECT_LT(asked, 64) << "messages asked for while nobody read";
  CountResponse message;
  while (reader->Read(&message)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(StreamTest, AStreamOnWhichNothingMovesEnds) {
  GuardOptions options = EchoGuardOptions();
  options.stream_idle_timeout = absl::Milliseconds(200);
  Begin(options);
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>(
        [&](CountResponse*) -> absl::StatusOr<Step> { return Step::Wait(absl::Hours(1)); });
  };
  EXPECT_THAT(Read(0), StatusIs(Code::kUnavailable, "STREAM_IDLE"));
}

TEST_F(StreamTest, MoreStreamsThanTheLimitAreRefused) {
  GuardOptions options = EchoGuardOptions();
  options.max_streams = 1;
  Begin(options);
  absl::Notification release;
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return MakeSource<CountResponse>([&](CountResponse*) -> absl::StatusOr<Step> {
      return release.HasBeenNotified() ? Step::End() : Step::Wait(absl::Milliseconds(10));
    });
  };
  std::thread first([&] { EXPECT_THAT(Read(0), IsOk()); });
  while (echo_->guard.streams_open() == 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(Read(0), StatusIs(Code::kResourceExhausted, "TOO_MANY_STREAMS"));
  release.Notify();
  first.join();
  EXPECT_TRUE(AllGone());
}

TEST_F(StreamTest, DrainEndsStreamsWithShuttingDownEvenWhenNobodyReads) {
  Begin();
  std::atomic<int> asked{0};
  echo_->service.open = [&](const Call&, const CountRequest& request) {
    return MakeSource<CountResponse>([&, big = request.to() > 0](CountResponse* message) -> absl::StatusOr<Step> {
      ++asked;
      if (!big) return Step::Wait(absl::Hours(1));
      message->set_padding(std::string(4 << 20, 'x'));
      return Step::Message();
    });
  };
  absl::Status waiting;
  std::thread reader([&] { waiting = Read(0); });
  grpc::ClientContext context;
  CountRequest big;
  big.set_to(1);
  auto stalled = stub_->Count(&context, big);
  while (echo_->guard.streams_open() < 2 || asked < 3) absl::SleepFor(absl::Milliseconds(1));
  const absl::Time begin = absl::Now();
  echo_->guard.EndStreams();
  EXPECT_TRUE(AllGone());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(4));
  reader.join();
  EXPECT_THAT(waiting, StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
  EXPECT_THAT(Read(1), StatusIs(Code::kUnavailable, "SHUTTING_DOWN")) << "and no new one begins";
}

TEST_F(StreamTest, WatchingARunSendsChangesAndEndsWithTheFinalState) {
  Begin();
  std::atomic<int> state{1};
  std::function<void()> changed;
  absl::Notification subscribed;
  echo_->service.open = [&](const Call&, const CountRequest&) {
    return WatchRun<CountResponse>(
        [&]() -> absl::StatusOr<CountResponse> {
          CountResponse run;
          run.set_number(state);
          return run;
        },
        [](const CountResponse& run) { return run.number() == 3; },
        [&](std::function<void()> told) {
          changed = std::move(told);
          subscribed.Notify();
          return std::make_shared<int>();
        },
        absl::Milliseconds(10));
  };
  grpc::ClientContext context;
  auto reader = stub_->Count(&context, CountRequest());
  CountResponse message;
  for (int expected = 1; expected <= 3; ++expected) {
    state = expected;
    if (expected > 1) changed();
    ASSERT_TRUE(reader->Read(&message));
    EXPECT_EQ(message.number(), expected);
    ASSERT_TRUE(subscribed.WaitForNotificationWithTimeout(absl::Seconds(10)));
  }
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

// A run that the test changes, and how often it was read.
struct WatchedRun {
  std::unique_ptr<Source<CountResponse>> Watch() {
    return WatchRun<CountResponse>(
        [this]() -> absl::StatusOr<CountResponse> {
          ++reads;
          CountResponse run;
          run.set_number(number);
          return run;
        },
        [](const CountResponse& run) { return run.number() == 9; },
        [this](std::function<void()> told) {
          changed = std::move(told);
          return std::shared_ptr<void>(this, [](WatchedRun* run) { run->watched = false; });
        },
        absl::Milliseconds(250), absl::Seconds(1));
  }
  int number = 1;
  int reads = 0;
  bool watched = true;
  std::function<void()> changed;
};

std::string Steps(Source<CountResponse>& source, int count) {
  CountResponse message;
  std::string steps;
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<Step> step = source.Next(&message);
    steps += step->kind == Step::Kind::kMessage ? 'm' : step->kind == Step::Kind::kWait ? 'w' : 'e';
  }
  return steps;
}

TEST(WatchRun, RepeatsAnUnchangedStateSoThatTheReaderKnowsTheStreamLives) {
  WatchedRun run;
  const auto source = run.Watch();
  EXPECT_EQ(Steps(*source, 11), "mwwwwmwwwwm");
  EXPECT_EQ(run.reads, 3) << "not read in between";
}

TEST(WatchRun, ReadsAgainWhenItIsToldAndSendsOnlyWhatChanged) {
  WatchedRun run;
  const auto source = run.Watch();
  EXPECT_EQ(Steps(*source, 2), "mw");
  run.changed();
  EXPECT_EQ(Steps(*source, 2), "ww") << "nothing is new";
  EXPECT_EQ(run.reads, 2);
  run.number = 2;
  EXPECT_EQ(Steps(*source, 1), "w") << "nobody said so";
  run.changed();
  EXPECT_EQ(Steps(*source, 2), "mw");
  run.number = 9;
  run.changed();
  EXPECT_EQ(Steps(*source, 2), "me");
}

TEST(WatchRun, UnsubscribesWhenTheStreamEnds) {
  WatchedRun run;
  auto source = run.Watch();
  EXPECT_TRUE(run.watched);
  source.reset();
  EXPECT_FALSE(run.watched);
}

}  // namespace
}  // namespace breadthflow::rpc
