#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "common/rpc/guard.h"
#include "common/rpc/status_bridge.h"
#include "common/security/authenticator.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {

// Unary calls of the echo service through a Guard.
class GuardTest : public ::testing::Test {
 protected:
  using Stub = test::v1::EchoService::Stub;

  void Begin(GuardOptions options = testing::EchoGuardOptions(),
             std::unique_ptr<security::Authenticator> authenticator = security::MakeOpenAuthenticator()) {
    echo_ = std::make_unique<testing::EchoServer>(std::move(options), std::move(authenticator));
    ASSERT_THAT(echo_->Start(), testing::IsOk());
    stub_ = test::v1::EchoService::NewStub(grpc::CreateChannel(echo_->target(), grpc::InsecureChannelCredentials()));
  }
  absl::Status Work(absl::Duration timeout = absl::Seconds(30), const std::string& key = "",
                    std::multimap<std::string, std::string>* headers = nullptr) {
    grpc::ClientContext context;
    if (timeout < absl::InfiniteDuration()) context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    if (!traceparent_.empty()) context.AddMetadata("traceparent", traceparent_);
    testing::WorkResponse response;
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

  std::unique_ptr<testing::EchoServer> echo_;
  std::unique_ptr<Stub> stub_;
  testing::WorkRequest request_;
  grpc::Status last_;
  std::string pushback_;
  std::string traceparent_;
};

}  // namespace breadthflow::rpc
