#include "common/rpc/status_bridge.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::rpc {
namespace {

size_t WireBytes(const grpc::Status& status) { return status.error_message().size() + status.error_details().size(); }

base::ErrorDetails FullDetails() {
  return {.reason = "SOMETHING_WRONG",
          .metadata = {{"limit", "5"}, {"name", "caf\xC3\xA9"}},
          .violations = {{"spec.a", "must be b"}, {"spec.c[2]", "is empty"}},
          .retry_after = absl::Milliseconds(2500)};
}

TEST(StatusBridge, EverythingSurvivesTheRoundTrip) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status = base::MakeError(static_cast<absl::StatusCode>(code), "what was found", FullDetails());
    const absl::Status back = FromGrpc(ToGrpc(status));
    EXPECT_EQ(back, status) << code;
    EXPECT_EQ(FromProto(ToProto(status)), status) << code;
  }
  EXPECT_TRUE(FromGrpc(ToGrpc(absl::OkStatus())).ok());
  EXPECT_TRUE(FromProto(ToProto(absl::OkStatus())).ok());
}

TEST(StatusBridge, ClientsOfAnyLanguageFindTheStandardDetails) {
  const grpc::Status wire = ToGrpc(base::MakeError(absl::StatusCode::kResourceExhausted, "full", FullDetails()));
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(wire.error_details()));
  EXPECT_EQ(proto.code(), 8);
  EXPECT_EQ(proto.message(), "full");
  google::rpc::ErrorInfo info;
  ASSERT_EQ(proto.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  ASSERT_TRUE(proto.details(0).UnpackTo(&info));
  EXPECT_EQ(info.domain(), "breadthflow.dev");
  EXPECT_EQ(info.reason(), "SOMETHING_WRONG");
  ASSERT_EQ(proto.details_size(), 4);
  EXPECT_EQ(proto.details(1).type_url(), "type.googleapis.com/google.rpc.BadRequest");
  EXPECT_EQ(proto.details(2).type_url(), "type.googleapis.com/google.rpc.QuotaFailure");
  EXPECT_EQ(proto.details(3).type_url(), "type.googleapis.com/google.rpc.RetryInfo");
}

TEST(StatusBridge, AStatusWithoutDetailsGetsAReasonFromItsCode) {
  const absl::Status back = FromGrpc(ToGrpc(absl::NotFoundError("no such run")));
  EXPECT_EQ(base::DetailsOf(back).reason, "NOT_FOUND");
  const absl::Status foreign = FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect"));
  EXPECT_EQ(foreign.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::DetailsOf(foreign).reason, "UNAVAILABLE");
}

TEST(StatusBridge, NothingIsEverLargerThanFourKilobytes) {
  base::ErrorDetails details = FullDetails();
  for (int i = 0; i < 5000; ++i) details.violations.push_back({std::string(400, 'f'), std::string(3000, 'd')});
  for (int i = 0; i < 200; ++i) details.metadata[fmt::format("key{}", i)] = std::string(1000, 'm');
  for (const std::string& text : {std::string(100000, 'x'), std::string("\xE2\x82\xAC", 3), std::string()}) {
    std::string message;
    while (!text.empty() && message.size() < 100000) message += text;
    const grpc::Status wire = ToGrpc(base::MakeError(absl::StatusCode::kInvalidArgument, message, details));
    EXPECT_LE(WireBytes(wire), 4096u);
    const base::ErrorDetails back = base::DetailsOf(FromGrpc(wire));
    EXPECT_EQ(back.reason, "SOMETHING_WRONG");
    EXPECT_EQ(back.metadata.at("violations_count"), "5002");
    EXPECT_EQ(back.metadata.at("violations_shown"), std::to_string(back.violations.size()));
    EXPECT_EQ(back.retry_after, absl::Milliseconds(2500));
    if (!message.empty()) {
      EXPECT_THAT(wire.error_message(), ::testing::EndsWith(" [truncated]"));
    }
  }
}

TEST(StatusBridge, ShowsAsManyViolationsAsFit) {
  base::Violations violations;
  for (int i = 0; i < 1000; ++i) violations.Add(fmt::format("symbols[{}]", i), "is unknown");
  const grpc::Status wire = ToGrpc(violations.ToStatus("bad request"));
  EXPECT_LE(WireBytes(wire), 4096u);
  EXPECT_GE(WireBytes(wire), 4000u);
  const base::ErrorDetails back = base::DetailsOf(FromGrpc(wire));
  EXPECT_GT(back.violations.size(), 50u);
  EXPECT_EQ(back.violations[7].field, "symbols[7]");
}

TEST(StatusBridge, ADescriptionIsOnlyCutWhereTheWholeDoesNotFit) {
  const std::string advice(900, 'a');
  base::Violations one;
  one.Add("symbols[0]", advice);
  EXPECT_EQ(base::DetailsOf(FromGrpc(ToGrpc(one.ToStatus("bad")))).violations.at(0).description, advice);
  base::Violations four;
  for (int i = 0; i < 4; ++i) four.Add(fmt::format("symbols[{}]", i), advice);
  const base::ErrorDetails back = base::DetailsOf(FromGrpc(ToGrpc(four.ToStatus("bad"))));
  ASSERT_EQ(back.violations.size(), 4u) << "all of them, each cut to the same";
  EXPECT_EQ(back.violations[3].description, std::string(397, 'a') + "...");
}

TEST(StatusBridge, BytesThatAreNotTextDoNotSpoilTheDetails) {
  base::ErrorDetails details = FullDetails();
  details.metadata["raw\xff"] = "\xC0\xAF";
  details.violations.push_back({"f\xff", "d\xfe"});
  const grpc::Status wire = ToGrpc(base::MakeError(absl::StatusCode::kInternal, "bad \xff byte", details));
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(wire.error_details()));
  EXPECT_EQ(base::DetailsOf(FromGrpc(wire)).violations.size(), 3u);
  EXPECT_EQ(proto.message(), "bad \xEF\xBF\xBD byte");
}

TEST(StatusBridge, DetailsThatAreNotOursAreNotTrusted) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "message", std::string("\xff\xff\xff not a proto")));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(base::Message(status), "message");
}

TEST(CodeLabel, IsCamelCase) {
  EXPECT_EQ(CodeLabel(absl::StatusCode::kOk), "OK");
  EXPECT_EQ(CodeLabel(absl::StatusCode::kCancelled), "Canceled");
  EXPECT_EQ(CodeLabel(absl::StatusCode::kDeadlineExceeded), "DeadlineExceeded");
  EXPECT_EQ(CodeLabel(absl::StatusCode::kUnauthenticated), "Unauthenticated");
}

}  // namespace
}  // namespace breadthflow::rpc
