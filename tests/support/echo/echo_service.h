#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "echo.grpc.pb.h"

#include "common/rpc/channels.h"
#include "common/rpc/guard.h"
#include "common/rpc/peer.h"
#include "common/rpc/server.h"
#include "common/security/authenticator.h"
#include "common/telemetry/metrics.h"

namespace breadthflow::testing {

using test::v1::CountRequest;
using test::v1::CountResponse;
using test::v1::EchoRequest;
using test::v1::EchoResponse;
using test::v1::SumRequest;
using test::v1::SumResponse;
using test::v1::WorkRequest;
using test::v1::WorkResponse;

inline rpc::MethodPolicies EchoPolicies() {
  return {{"breadthflow.test.v1.EchoService/Echo", security::Scope::kDataRead, true, absl::Seconds(30)},
          {"breadthflow.test.v1.EchoService/Work", security::Scope::kDataWrite, true, absl::Seconds(30)},
          {"breadthflow.test.v1.EchoService/Count", security::Scope::kDataRead, true, absl::InfiniteDuration()},
          {"breadthflow.test.v1.EchoService/Sum", security::Scope::kDataWrite, true, absl::InfiniteDuration()}};
}

inline rpc::GuardOptions EchoGuardOptions() {
  rpc::GuardOptions options;
  options.policies = EchoPolicies();
  return options;
}

// The test service: Work, Count and Sum do what the hooks say. Hooks are set before calls come.
class EchoService final : public test::v1::EchoService::WithCallbackMethod_Sum<
                              test::v1::EchoService::WithCallbackMethod_Count<test::v1::EchoService::Service>> {
 public:
  using SumSink = rpc::Sink<SumRequest, SumResponse>;
  using Work_ = std::function<absl::Status(const rpc::Call&, const WorkRequest&, WorkResponse&)>;
  using Open =
      std::function<absl::StatusOr<std::unique_ptr<rpc::Source<CountResponse>>>(const rpc::Call&, const CountRequest&)>;
  explicit EchoService(rpc::Guard& guard) : guard_(guard) {}
  Work_ work = [](const rpc::Call&, const WorkRequest&, WorkResponse&) { return absl::OkStatus(); };
  Open open = [](const rpc::Call&, const CountRequest& request) { return CountTo(request.to(), 0); };

  // Adds the numbers up.
  class Adder : public SumSink {
   public:
    absl::Status Take(SumRequest& message) override {
      sum_ += message.number();
      return absl::OkStatus();
    }
    absl::Status Finish(SumResponse& response) override {
      response.set_sum(sum_);
      return absl::OkStatus();
    }

   protected:
    int64_t sum_ = 0;
  };
  std::function<absl::StatusOr<std::unique_ptr<SumSink>>(const rpc::Call&)> receive = [](const rpc::Call&) {
    return std::make_unique<Adder>();
  };

  // 1, 2 ... `to`, with `padding` bytes each.
  static std::unique_ptr<rpc::Source<CountResponse>> CountTo(int64_t to, size_t padding) {
    return rpc::MakeSource<CountResponse>(
        [to, padding, next = int64_t{1}](CountResponse* message) mutable -> absl::StatusOr<rpc::Step> {
          if (next > to) return rpc::Step::End();
          message->set_number(next++);
          message->set_padding(std::string(padding, 'x'));
          return rpc::Step::Message();
        });
  }

  grpc::Status Echo(grpc::ServerContext* context, const EchoRequest* request, EchoResponse* response) override {
    return guard_.Serve(context, request, response, [&](const rpc::Call&) -> absl::Status {
      response->set_text(request->text());
      return absl::OkStatus();
    });
  }
  grpc::Status Work(grpc::ServerContext* context, const WorkRequest* request, WorkResponse* response) override {
    return guard_.Serve(context, request, response,
                        [&](const rpc::Call& call) { return work(call, *request, *response); });
  }
  grpc::ServerWriteReactor<CountResponse>* Count(grpc::CallbackServerContext* context,
                                                 const CountRequest* request) override {
    return guard_.Stream<CountResponse>(
        context, request, [this](const rpc::Call& call, const CountRequest& count) { return open(call, count); });
  }
  grpc::ServerReadReactor<SumRequest>* Sum(grpc::CallbackServerContext* context, SumResponse* response) override {
    return guard_.Receive<SumRequest>(context, response, [this](const rpc::Call& call) { return receive(call); });
  }

 private:
  rpc::Guard& guard_;
};

// A server of the test service on a port of its own, everybody allowed unless an authenticator is given.
class EchoServer {
 public:
  explicit EchoServer(rpc::GuardOptions options = EchoGuardOptions(),
                      std::unique_ptr<security::Authenticator> authenticator = security::MakeOpenAuthenticator())
      : authenticator_(std::move(authenticator)), guard(std::move(options), *authenticator_, metrics, clock_) {}

  absl::Status Start(int port = 0) {
    auto started = rpc::Server::Start({.port = port}, {&service}, guard);
    if (!started.ok()) return started.status();
    server = *std::move(started);
    return absl::OkStatus();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(server->port()); }

 private:
  base::SystemClock clock_;
  std::unique_ptr<security::Authenticator> authenticator_;

 public:
  telemetry::Metrics metrics;
  rpc::Guard guard;
  EchoService service{guard};
  std::unique_ptr<rpc::Server> server;
};

}  // namespace breadthflow::testing
