#include <atomic>
#include <stdexcept>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/receive_reactor.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::EchoGuardOptions;
using ::breadthflow::testing::EchoPolicies;
using ::breadthflow::testing::EchoServer;
using ::breadthflow::testing::EchoService;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::SumRequest;
using ::breadthflow::testing::SumResponse;
using Code = absl::StatusCode;
using Stub = test::v1::EchoService::Stub;

// Client streams through the Guard, over TCP and within the process.
class UploadTest : public ::testing::TestWithParam<bool> {
 protected:
  void Begin(GuardOptions options = EchoGuardOptions(),
             std::unique_ptr<security::Authenticator> authenticator = security::MakeOpenAuthenticator()) {
    echo_ = std::make_unique<EchoServer>(std::move(options), std::move(authenticator));
    ASSERT_THAT(echo_->Start(), IsOk());
    echo_->server->SetServing("breadthflow.test.v1.EchoService", true);
    if (GetParam()) {
      channels_.Attach("echo", echo_->server->InProcessChannel());
    } else {
      channels_.Connect("echo", echo_->target());
    }
  }
  void TearDown() override {
    channels_.Attach("echo", nullptr);
    peer_.reset();
  }
  // 1, 2 ... `to`; then `before_end`, which may wait.
  absl::StatusOr<int64_t> Sum(int64_t to, const Outgoing& options = {}, const std::function<void()>& before_end = {},
                              size_t padding = 0) {
    int64_t next = 1;
    auto response = peer_->Write(&Stub::Sum, options, [&](SumRequest& message) -> absl::StatusOr<bool> {
      if (next > to) {
        if (before_end) before_end();
        return false;
      }
      sent_ = next;
      message.set_number(next++);
      message.set_padding(std::string(padding, 'x'));
      return true;
    });
    if (!response.ok()) return response.status();
    return response->sum();
  }
  bool AllGone() {
    for (int i = 0; i < 500 && echo_->guard.streams_open() > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
    return echo_->guard.streams_open() == 0;
  }
  // The call has come and has ended.
  bool CameAndWent() {
    for (int i = 0; i < 2000 && echo_->guard.streams_open() == 0; ++i) absl::SleepFor(absl::Milliseconds(1));
    return AllGone();
  }
  // A sink that counts what it is asked.
  struct Seen {
    std::atomic<int> taken{0};
    std::atomic<int> finished{0};
  };
  class Counter final : public EchoService::Adder {
   public:
    Counter(Seen& seen, std::function<absl::Status(int64_t)> check) : seen_(seen), check_(std::move(check)) {}
    absl::Status Take(SumRequest& message) override {
      ++seen_.taken;
      if (check_) BF_RETURN_IF_ERROR(check_(message.number()));
      return Adder::Take(message);
    }
    absl::Status Finish(SumResponse& response) override {
      ++seen_.finished;
      return Adder::Finish(response);
    }

   private:
    Seen& seen_;
    const std::function<absl::Status(int64_t)> check_;
  };
  void Count(std::function<absl::Status(int64_t)> check = {}) {
    echo_->service.receive = [this, check](const Call&) { return std::make_unique<Counter>(seen_, check); };
  }

  Seen seen_;
  int64_t sent_ = 0;
  std::unique_ptr<EchoServer> echo_;
  telemetry::Metrics metrics_;
  Channels channels_{{.service_key = "", .policies = EchoPolicies()}, metrics_};
  std::unique_ptr<Peer<test::v1::EchoService>> peer_ = std::make_unique<Peer<test::v1::EchoService>>(channels_, "echo");
};
INSTANTIATE_TEST_SUITE_P(Ways, UploadTest, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "InProcess" : "Tcp"; });

TEST_P(UploadTest, HandsEveryMessageOnThenAnswers) {
  Begin();
  for (const int64_t to : {0, 1, 2, 17, 5000}) {
    const absl::StatusOr<int64_t> sum = Sum(to);
    ASSERT_THAT(sum, IsOk());
    EXPECT_EQ(*sum, to * (to + 1) / 2);
  }
  EXPECT_TRUE(AllGone());
}

TEST_P(UploadTest, ManyUploadsShareTheThreads) {
  Begin();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&] {
      int64_t next = 1;
      const auto sum = peer_->Write(&Stub::Sum, {}, [&](SumRequest& message) -> absl::StatusOr<bool> {
        message.set_number(next);
        return next++ <= 100;
      });
      good += sum.ok() && sum->sum() == 5050 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 20);
  EXPECT_TRUE(AllGone());
}

TEST_P(UploadTest, AnErrorAnswersBeforeEverythingWasSent) {
  Begin();
  Count([](int64_t number) {
    return number < 3 ? absl::OkStatus() : base::MakeError(Code::kInvalidArgument, "TOO_MUCH", "enough");
  });
  // A thousand messages of 64 KiB do not fit into the connection: the client learns of the error while it sends.
  EXPECT_THAT(Sum(1000, {}, {}, 1 << 16).status(), StatusIs(Code::kInvalidArgument, "TOO_MUCH"));
  EXPECT_LT(sent_, 1000);
  EXPECT_EQ(seen_.taken, 3);
  EXPECT_EQ(seen_.finished, 0);
  EXPECT_TRUE(AllGone());
}

TEST_P(UploadTest, ASinkThatIsNotMadeIsTheAnswer) {
  Begin();
  echo_->service.receive = [](const Call&) -> absl::StatusOr<std::unique_ptr<EchoService::SumSink>> {
    return base::MakeError(Code::kFailedPrecondition, "CLOSED", "not today");
  };
  EXPECT_THAT(Sum(3).status(), StatusIs(Code::kFailedPrecondition, "CLOSED"));
}

TEST_P(UploadTest, AnExceptionIsInternal) {
  Begin();
  Count([](int64_t) -> absl::Status { throw std::runtime_error("secret"); });
  EXPECT_THAT(Sum(1).status(), StatusIs(Code::kInternal, "INTERNAL"));
}

TEST_P(UploadTest, ACallerWhoBreaksOffHasNotFinished) {
  Begin();
  Count();
  for (int i = 0; i < 30; ++i) {
    // The client gives up after its messages, in place of their end.
    const auto sum = peer_->Write(&Stub::Sum, {}, [&, next = 0](SumRequest& message) mutable -> absl::StatusOr<bool> {
      if (next == 5) return base::MakeError(Code::kAborted, "GAVE_UP", "no more");
      message.set_number(next++);
      return true;
    });
    EXPECT_THAT(sum.status(), StatusIs(Code::kAborted, "GAVE_UP"));
  }
  EXPECT_TRUE(AllGone());
  EXPECT_EQ(seen_.finished, 0);
}

TEST_P(UploadTest, CancellingEndsTheCallAndNothingIsFinished) {
  Begin();
  Count();
  Outgoing options;
  EXPECT_THAT(Sum(2, options,
                  [&] {
                    while (seen_.taken < 2) absl::SleepFor(absl::Milliseconds(1));
                    options.cancel.Cancel(base::CancelReason::kCancelled);
                    EXPECT_TRUE(AllGone());
                  })
                  .status(),
              StatusIs(Code::kCancelled));
  EXPECT_EQ(seen_.finished, 0);
}

TEST_P(UploadTest, WaitsForAMessageOnlySoLong) {
  GuardOptions options = EchoGuardOptions();
  options.stream_idle_timeout = absl::Milliseconds(200);
  Begin(options);
  Count();
  EXPECT_THAT(Sum(0, {}, [&] { EXPECT_TRUE(CameAndWent()); }).status(),
              StatusIs(Code::kDeadlineExceeded, "UPLOAD_IDLE"))
      << "before the first";
  EXPECT_THAT(Sum(3, {}, [&] { EXPECT_TRUE(CameAndWent()); }).status(),
              StatusIs(Code::kDeadlineExceeded, "UPLOAD_IDLE"))
      << "between two";
  EXPECT_EQ(seen_.finished, 0);
}

TEST_P(UploadTest, EndsWithTheDeadlineOfTheCaller) {
  Begin();
  Count();
  Outgoing options;
  options.deadline = absl::Now() + absl::Milliseconds(300);
  EXPECT_THAT(Sum(3, options, [&] { EXPECT_TRUE(CameAndWent()); }).status(), StatusIs(Code::kDeadlineExceeded));
  EXPECT_EQ(seen_.finished, 0);
}

TEST_P(UploadTest, AMessageThatIsTooLargeOrHoldsNulIsRefusedWithTheLimitOrTheField) {
  Begin();
  Count();
  const absl::Status large = Sum(1, {}, {}, (4 << 20) + 1).status();
  EXPECT_THAT(large, StatusIs(Code::kInvalidArgument, "MESSAGE_TOO_LARGE"));
  EXPECT_EQ(base::DetailsOf(large).metadata.at("limit_bytes"), "4194304");
  const absl::Status nul = peer_
                               ->Write(&Stub::Sum, {},
                                       [](SumRequest& message) -> absl::StatusOr<bool> {
                                         message.set_note(std::string("a\0b", 3));
                                         return true;
                                       })
                               .status();
  EXPECT_THAT(nul, StatusIs(Code::kInvalidArgument, "NUL_IN_TEXT"));
  ASSERT_EQ(base::DetailsOf(nul).violations.size(), 1u);
  EXPECT_EQ(base::DetailsOf(nul).violations[0].field, "note");
  EXPECT_EQ(seen_.taken, 0);
}

TEST_P(UploadTest, OnlySoManyAreOpenAtOnce) {
  GuardOptions options = EchoGuardOptions();
  options.max_uploads = 1;
  Begin(options);
  EXPECT_THAT(Sum(1, {},
                  [&] {
                    while (echo_->guard.streams_open() == 0) absl::SleepFor(absl::Milliseconds(1));
                    EXPECT_THAT(Sum(1).status(), StatusIs(Code::kResourceExhausted, "TOO_MANY_UPLOADS"));
                  })
                  .status(),
              IsOk());
  EXPECT_TRUE(AllGone());
  EXPECT_THAT(Sum(1), IsOk());
}

TEST_P(UploadTest, ADrainEndsWhatHasNotFinished) {
  Begin();
  Count();
  EXPECT_THAT(Sum(2, {},
                  [&] {
                    while (seen_.taken < 2) absl::SleepFor(absl::Milliseconds(1));
                    echo_->guard.EndStreams();
                    EXPECT_TRUE(AllGone());
                  })
                  .status(),
              StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
  EXPECT_EQ(seen_.finished, 0);
  EXPECT_THAT(Sum(1).status(), StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
}

TEST_P(UploadTest, IsCounted) {
  Begin();
  ASSERT_THAT(Sum(7), IsOk());
  ASSERT_TRUE(AllGone());
  EXPECT_THAT(echo_->metrics.Text(),
              ::testing::HasSubstr(R"(grpc_server_msg_received_total{grpc_method="Sum",)"
                                   R"(grpc_service="breadthflow.test.v1.EchoService",grpc_type="client_stream"} 7)"));
}

TEST_P(UploadTest, AUnaryRequestMayNotHoldNulEither) {
  Begin();
  test::v1::WorkRequest request;
  request.set_text(std::string("a\0b", 3));
  const absl::Status status = peer_->Call(&Stub::Work, request).status();
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, "NUL_IN_TEXT"));
  ASSERT_EQ(base::DetailsOf(status).violations.size(), 1u);
  EXPECT_EQ(base::DetailsOf(status).violations[0].field, "text");
}

TEST(ApiKeyText, ALineEndIsSaidAndNotSent) {
  telemetry::Metrics metrics;
  Channels channels({.service_key = "key\n", .policies = EchoPolicies()}, metrics);
  channels.Connect("echo", "127.0.0.1:1");
  Peer<test::v1::EchoService> peer(channels, "echo");
  EXPECT_THAT(peer.Call(&Stub::Echo, test::v1::EchoRequest()).status(),
              StatusIs(Code::kInvalidArgument, "MALFORMED_API_KEY"));
  EXPECT_THAT(CheckApiKeyText("printable ASCII ~"), IsOk());
}

}  // namespace
}  // namespace breadthflow::rpc
