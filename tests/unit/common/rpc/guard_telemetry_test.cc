// What a Guard writes about the calls that it serves: log lines and metrics.
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "tests/unit/common/rpc/guard_fixture.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::WorkRequest;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

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

}  // namespace
}  // namespace breadthflow::rpc
