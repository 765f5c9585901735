// Who may call what, and that no key is ever written.
#include <cstdio>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "tests/unit/common/rpc/guard_fixture.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::EchoGuardOptions;
using ::breadthflow::testing::EchoRequest;
using ::breadthflow::testing::EchoResponse;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

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

}  // namespace
}  // namespace breadthflow::rpc
