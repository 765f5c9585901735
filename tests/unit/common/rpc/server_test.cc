#include "common/rpc/server.h"

#include <set>

#include <gmock/gmock.h>
#include <grpc/byte_buffer.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

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
using ::testing::HasSubstr;
using Code = absl::StatusCode;

constexpr const char* kEcho = "breadthflow.test.v1.EchoService";

// Calls any unary method with `bytes` as the serialized request; the serialized response. Health and reflection are
// asked by their wire format: their protos are not ours.
absl::StatusOr<std::string> CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                                    const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpc(status);
  std::vector<grpc::Slice> slices;
  (void)response.Dump(&slices);
  std::string text;
  for (const grpc::Slice& part : slices) text.append(reinterpret_cast<const char*>(part.begin()), part.size());
  return text;
}

std::string Field1(const std::string& text) {
  return text.empty() ? "" : std::string("\x0a") + static_cast<char>(text.size()) + text;
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(echo_.Start(), IsOk());
    channel_ = grpc::CreateChannel(echo_.target(), grpc::InsecureChannelCredentials());
  }
  // SERVING, NOT_SERVING, or the code of the error.
  std::string Health(const std::string& service) {
    const auto response = CallRaw(channel_, "/grpc.health.v1.Health/Check", Field1(service));
    if (!response.ok()) return base::CodeName(response.status().code());
    return *response == "\x08\x01" ? "SERVING" : "NOT_SERVING";
  }
  EchoServer echo_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ServerTest, HealthIsKnownForTheServerAndEachServiceAndFollows) {
  EXPECT_EQ(Health(""), "NOT_SERVING");
  EXPECT_EQ(Health(kEcho), "NOT_SERVING");
  EXPECT_EQ(Health(kLivenessName), "SERVING");
  EXPECT_EQ(Health("no.such.Service"), "NOT_FOUND");
  echo_.server->SetServing(kEcho, true);
  EXPECT_EQ(Health(""), "SERVING");
  EXPECT_EQ(Health(kEcho), "SERVING");
  echo_.server->SetServing(kEcho, false);
  EXPECT_EQ(Health(""), "NOT_SERVING");
  EXPECT_EQ(Health(kLivenessName), "SERVING");
}

TEST_F(ServerTest, DrainingIsNotServingForGood) {
  echo_.server->SetServing(kEcho, true);
  echo_.server->SetDraining();
  EXPECT_EQ(Health(""), "NOT_SERVING");
  EXPECT_EQ(Health(kEcho), "NOT_SERVING");
  echo_.server->SetServing(kEcho, true);
  EXPECT_EQ(Health(kEcho), "NOT_SERVING");
}

TEST_F(ServerTest, KnowsItsServices) { EXPECT_THAT(echo_.server->services(), ::testing::ElementsAre(kEcho)); }

TEST_F(ServerTest, ATakenPortIsOneClearLine) {
  EchoServer second;
  const absl::Status status = second.Start(echo_.server->port());
  EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition, "PORT_IN_USE"));
  EXPECT_THAT(base::Message(status), HasSubstr(std::to_string(echo_.server->port())));
  EXPECT_EQ(base::Message(status).find('\n'), std::string::npos);
}

TEST_F(ServerTest, AMethodThatDoesNotExistIsAnErrorWithAReason) {
  for (const char* method : {"/breadthflow.test.v1.EchoService/Nothing", "/no.such.Service/Method"}) {
    EXPECT_THAT(CallRaw(channel_, method, ""), StatusIs(Code::kUnimplemented, "UNKNOWN_METHOD")) << method;
  }
}

TEST_F(ServerTest, ServesWithinTheProcessToo) {
  auto stub = test::v1::EchoService::NewStub(echo_.server->InProcessChannel());
  grpc::ClientContext context;
  EchoRequest request;
  request.set_text("hello");
  EchoResponse response;
  EXPECT_TRUE(stub->Echo(&context, request, &response).ok());
  EXPECT_EQ(response.text(), "hello");
}

// B14: no method can be registered without a policy.
TEST(ServerStart, EndsWhenAMethodHasNoPolicy) {
  GuardOptions options = EchoGuardOptions();
  options.policies.erase(options.policies.begin() + 1);
  EchoServer echo(std::move(options));
  const absl::Status status = echo.Start();
  EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition, "MISSING_POLICY"));
  EXPECT_THAT(base::Message(status), HasSubstr("breadthflow.test.v1.EchoService/Work"));
}

TEST(ServerStart, EndsWhenAServiceHasNoPolicyAtAll) {
  EchoServer echo;
  test::v1::UnlistedService::Service unlisted;
  const auto server = Server::Start({}, {&echo.service, &unlisted}, echo.guard);
  EXPECT_THAT(server, StatusIs(Code::kFailedPrecondition, "MISSING_POLICY"));
  EXPECT_THAT(base::Message(server.status()), HasSubstr("UnlistedService/Nothing"));
}

TEST(ServerStart, RunsWithoutReflectionWhenToldSo) {
  EchoServer echo;
  auto server = Server::Start({.reflection = false}, {&echo.service}, echo.guard);
  ASSERT_THAT(server, IsOk());
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()), grpc::InsecureChannelCredentials());
  EXPECT_THAT(CallRaw(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", ""),
              StatusIs(Code::kUnimplemented));
}

// B14: the table knows every method of the suite, and nothing else.
TEST(SuitePolicies, NameEveryMethodOnce) {
  std::set<std::string> names;
  for (const MethodPolicy& policy : SuitePolicies()) EXPECT_TRUE(names.insert(policy.method).second) << policy.method;
}

}  // namespace
}  // namespace breadthflow::rpc
