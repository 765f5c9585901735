// What holds for every method of the suite, found by its descriptors and called through a real socket: nobody passes
// without a key and its scope (PROMISES B14, C5), and whatever is wrong with a request, the answer says so in a way
// that programs can read (B11).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string_view>

#include "absl/time/clock.h"
#include "breadthflow/backtest/v1/backtest_service.pb.h"
#include "breadthflow/data/v1/data_service.pb.h"
#include "breadthflow/orchestrator/v1/pipeline_service.pb.h"
#include "breadthflow/registry/v1/component_service.pb.h"
#include "breadthflow/signal/v1/signal_service.pb.h"
#include "breadthflow/training/v1/training_service.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/rpc/method_policies.h"
#include "common/rpc/status_bridge.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"

namespace breadthflow {
namespace {

using ::breadthflow::testing::ChildProcess;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using Code = absl::StatusCode;

constexpr int kRandomRequests = 40;
constexpr uint32_t kSeed = 20251122;

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const Descriptor* request :
       {data::v1::GetResourceRequest::descriptor(), signal::v1::GetSignalRunRequest::descriptor(),
        backtest::v1::GetBacktestRunRequest::descriptor(), training::v1::GetTrainingRunRequest::descriptor(),
        registry::v1::GetComponentRequest::descriptor(), orchestrator::v1::GetPipelineRunRequest::descriptor()}) {
    const google::protobuf::ServiceDescriptor* service = request->file()->service(0);
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

std::string NameOf(const MethodDescriptor& method) {
  return fmt::format("{}/{}", method.service()->full_name(), method.name());
}

// The standalone suite with keys, one for each scope that a method needs, and one that may do nothing.
class Suite {
 public:
  Suite() : base_(fmt::format("{}/every_method_{}", ::testing::TempDir(), ::getpid())) {
    std::ofstream keys(base_ + "_keys.yaml");
    for (const security::Scope scope : security::AllScopes()) {
      keys << fmt::format("- {{key: '{}', name: '{}', scopes: ['{}']}}\n", KeyOf(scope), ToText(scope), ToText(scope));
    }
    keys.close();
    std::ofstream(base_ + ".yaml") << fmt::format(
        "server: {{port: 0, metrics_port: 0}}\ndatabase: {{url: \"{}\"}}\nauth: {{mode: file, keys_file: {}_keys.yaml, "
        "service_key: '{}'}}\n",
        database_.url(), base_, KeyOf(security::Scope::kAdmin));
    child_.emplace(
        ChildProcess::Options{.argv = {BREADTHFLOW_BIN_DIR "/breadthflow-standalone", "--config", base_ + ".yaml"},
                              .user = {},
                              .output = base_ + ".log"});
    for (int i = 0; i < 3000 && target_.empty() && child_->Running(); ++i) {
      absl::SleepFor(absl::Milliseconds(10));
      std::stringstream text;
      text << std::ifstream(base_ + ".log").rdbuf();
      const std::string output = text.str();
      constexpr std::string_view kReady = "ready grpc=";
      const size_t ready = output.find(kReady);
      const size_t end = ready == std::string::npos ? ready : output.find(' ', ready + kReady.size());
      if (end != std::string::npos) target_ = output.substr(ready + kReady.size(), end - ready - kReady.size());
    }
    channel_ = grpc::CreateChannel(target_, grpc::InsecureChannelCredentials());
  }
  ~Suite() {
    child_.reset();
    for (const char* end : {".yaml", "_keys.yaml", ".log"}) std::remove((base_ + end).c_str());
  }

  static std::string KeyOf(security::Scope scope) { return fmt::format("key of {} 0123456789", ToText(scope)); }
  bool ready() { return !target_.empty() && child_->Running(); }

  // Sends one request and reads the answer to its end, be it one message or a stream.
  grpc::Status Call(const MethodDescriptor& method, const std::string& request, const std::string& key) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    grpc::CompletionQueue queue;
    auto call = stub.PrepareCall(&context, "/" + NameOf(method), &queue);
    const auto done = [&] {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      return ok;
    };
    call->StartCall(nullptr);
    bool good = done();
    if (good) {
      const grpc::Slice slice(request);
      call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
      good = done();
    }
    while (good) {
      grpc::ByteBuffer response;
      call->Read(&response, nullptr);
      good = done();
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    done();
    return status;
  }

 private:
  TestDatabase database_;
  const std::string base_;
  std::string target_;
  std::shared_ptr<grpc::Channel> channel_;
  std::optional<ChildProcess> child_;
};

class EveryMethodTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { suite_ = std::make_unique<Suite>(); }
  static void TearDownTestSuite() { suite_.reset(); }
  void SetUp() override { ASSERT_TRUE(suite_->ready()) << "the suite did not become ready"; }
  static std::unique_ptr<Suite> suite_;
};
std::unique_ptr<Suite> EveryMethodTest::suite_;

TEST_F(EveryMethodTest, HasAPolicyAndEveryPolicyAMethod) {
  std::set<std::string> methods, policies;
  for (const MethodDescriptor* method : AllMethods()) methods.insert(NameOf(*method));
  for (const rpc::MethodPolicy& policy : rpc::SuitePolicies()) policies.insert(policy.method);
  EXPECT_EQ(methods, policies);
  EXPECT_GT(methods.size(), 40u);
}

TEST_F(EveryMethodTest, NeedsAKeyAndItsScope) {
  std::map<std::string, security::Scope> scopes;
  for (const rpc::MethodPolicy& policy : rpc::SuitePolicies()) scopes[policy.method] = policy.scope;
  for (const MethodDescriptor* method : AllMethods()) {
    const std::string name = NameOf(*method);
    EXPECT_THAT(rpc::FromGrpc(suite_->Call(*method, "", "")), StatusIs(Code::kUnauthenticated, "MISSING_API_KEY"))
        << name;
    EXPECT_THAT(rpc::FromGrpc(suite_->Call(*method, "", "a key that nobody has")),
                StatusIs(Code::kUnauthenticated, "INVALID_API_KEY"))
        << name;
    for (const security::Scope scope : security::AllScopes()) {
      const absl::Status status = rpc::FromGrpc(suite_->Call(*method, "", Suite::KeyOf(scope)));
      if (scope == scopes[name] || scope == security::Scope::kAdmin) {
        EXPECT_NE(status.code(), Code::kPermissionDenied) << name << " with " << ToText(scope);
        EXPECT_NE(status.code(), Code::kUnauthenticated) << name << " with " << ToText(scope);
      } else {
        EXPECT_THAT(status, StatusIs(Code::kPermissionDenied, "MISSING_SCOPE")) << name << " with " << ToText(scope);
      }
    }
  }
}

// Requests of any type that are wrong in as many ways as there are fields.
class BadRequests {
 public:
  explicit BadRequests(uint32_t seed) : random_(seed) {}

  // `many`: every field set, every list a thousand entries long.
  std::string For(const Descriptor& type, bool many) {
    std::unique_ptr<Message> message(factory()->GetPrototype(&type)->New());
    Fill(*message, 0, many);
    return message->SerializePartialAsString();
  }

 private:
  static google::protobuf::MessageFactory* factory() { return google::protobuf::MessageFactory::generated_factory(); }
  template <typename T>
  T Pick(std::initializer_list<T> values) {
    return *(values.begin() + random_() % values.size());
  }

  std::string Text() {
    return Pick<std::string>({"", "x", "no such thing", "fetchRuns/../1", "'; DROP TABLE job; --",
                              "\xC3\xA9\xE2\x82\xAC", std::string(5000, 'a'), "a/b/c/d",
                              "snapshots/0190a0b0-1234-7abc-8def-0123456789ab", "AAPL", "-1", "\n\t\"\\"});
  }

  void Fill(Message& message, int depth, bool many) {
    const Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!many && random_() % 3 == 0) continue;
      if (depth > 3 && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) continue;
      const int count = !field.is_repeated() ? 1
                        : many               ? (depth == 0 || depth == 1 ? 1000 : 2)
                                             : static_cast<int>(random_() % 4);
      for (int n = 0; n < count; ++n) Set(message, field, depth, many && !field.is_repeated());
    }
  }

  void Set(Message& message, const FieldDescriptor& field, int depth, bool many) {
    const google::protobuf::Reflection& set = *message.GetReflection();
    const bool list = field.is_repeated();
    const auto whole = [&] { return Pick<int64_t>({0, -1, 7, INT32_MAX, INT32_MIN, 1000000}); };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        list ? set.AddInt32(&message, &field, static_cast<int32_t>(whole()))
             : set.SetInt32(&message, &field, static_cast<int32_t>(whole()));
        break;
      case FieldDescriptor::CPPTYPE_INT64: {
        const int64_t value = Pick<int64_t>({0, -1, 253402300800, INT64_MIN, INT64_MAX, 1700000000});
        list ? set.AddInt64(&message, &field, value) : set.SetInt64(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = Pick<double>({0.0, -1e300, std::numeric_limits<double>::infinity(), std::nan("")});
        list ? set.AddDouble(&message, &field, value) : set.SetDouble(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        list ? set.AddBool(&message, &field, true) : set.SetBool(&message, &field, random_() % 2 == 0);
        break;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value = Pick<int>({0, 1, -7, 999});
        list ? set.AddEnumValue(&message, &field, value) : set.SetEnumValue(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        list ? set.AddString(&message, &field, many ? "no such thing" : Text())
             : set.SetString(&message, &field, Text());
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(list ? *set.AddMessage(&message, &field) : *set.MutableMessage(&message, &field), depth + 1, many);
        break;
      default:
        ADD_FAILURE() << "a type that our protos do not have: " << field.full_name();
    }
  }

  std::mt19937 random_;
};

std::string TextOf(const Descriptor& type, const std::string& bytes) {
  std::unique_ptr<Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  message->ParsePartialFromString(bytes);
  return message->ShortDebugString().substr(0, 2000);
}

// [A-Z][A-Z0-9_]+[A-Z0-9], at most 63 characters: what google.rpc.ErrorInfo asks for.
bool IsReason(const std::string& text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() >= 3 && text.size() <= 63 && upper(text.front()) && text.back() != '_' &&
         std::all_of(text.begin(), text.end(), [&](char c) { return upper(c) || digit(c) || c == '_'; });
}

// What the promise says about an answer that is not OK.
void ExpectReadable(const grpc::Status& status, const std::string& what) {
  if (status.ok()) return;
  const auto code = static_cast<Code>(status.error_code());
  EXPECT_TRUE(code != Code::kInternal && code != Code::kUnknown && code != Code::kUnimplemented &&
              code != Code::kDataLoss && code != Code::kDeadlineExceeded)
      << what << ": " << base::CodeName(code) << " " << status.error_message();
  EXPECT_LE(status.error_message().size() + status.error_details().size(), 4096u) << what;
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(status.error_details())) << what;
  EXPECT_EQ(proto.code(), status.error_code()) << what;
  google::rpc::ErrorInfo info;
  int infos = 0, violations = 0;
  for (const auto& any : proto.details()) {
    google::rpc::BadRequest bad;
    infos += any.UnpackTo(&info) ? 1 : 0;
    if (any.UnpackTo(&bad)) violations += bad.field_violations_size();
  }
  EXPECT_EQ(infos, 1) << what;
  EXPECT_EQ(info.domain(), "breadthflow.dev") << what;
  EXPECT_TRUE(IsReason(info.reason())) << what << ": " << info.reason();
  EXPECT_FALSE(status.error_message().empty()) << what;
  if (code == Code::kInvalidArgument) {
    EXPECT_GT(violations, 0) << what << ": " << info.reason() << ": " << status.error_message();
  }
}

TEST_F(EveryMethodTest, SaysWhatIsWrongWithARequest) {
  const std::string key = Suite::KeyOf(security::Scope::kAdmin);
  BadRequests requests(kSeed);
  int refused = 0, answered = 0;
  for (const MethodDescriptor* method : AllMethods()) {
    const std::string name = NameOf(*method);
    ExpectReadable(suite_->Call(*method, "", key), name + " with nothing");
    for (int i = 0; i < kRandomRequests; ++i) {
      const std::string request = requests.For(*method->input_type(), false);
      const grpc::Status status = suite_->Call(*method, request, key);
      ExpectReadable(status, fmt::format("{} with random request {} of seed {}:\n{}", name, i, kSeed,
                                         TextOf(*method->input_type(), request)));
      ++(status.ok() ? answered : refused);
    }
  }
  RecordProperty("refused", refused);
  EXPECT_GT(refused, answered) << "most of these requests are wrong";
  EXPECT_TRUE(suite_->ready()) << "the suite lives on";
}

// PROMISES 0.6: a thousand violations do not fit the metadata of gRPC, and must not turn into another error.
TEST_F(EveryMethodTest, AThousandMistakesAreStillInvalidArgument) {
  const std::string key = Suite::KeyOf(security::Scope::kAdmin);
  BadRequests requests(kSeed);
  int truncated = 0;
  for (const MethodDescriptor* method : AllMethods()) {
    const grpc::Status status = suite_->Call(*method, requests.For(*method->input_type(), true), key);
    ExpectReadable(status, NameOf(*method));
    EXPECT_THAT(rpc::FromGrpc(status),
                ::testing::AnyOf(StatusIs(Code::kInvalidArgument), StatusIs(Code::kOk), StatusIs(Code::kNotFound)))
        << NameOf(*method);
    truncated += base::DetailsOf(rpc::FromGrpc(status)).metadata.count("violations_count") > 0 ? 1 : 0;
  }
  EXPECT_GE(truncated, 3) << "methods whose violations did not all fit";
}

}  // namespace
}  // namespace breadthflow
