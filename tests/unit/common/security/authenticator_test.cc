#include "common/security/authenticator.h"

#include <cstdio>
#include <fstream>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "tests/support/matchers.h"

namespace breadthflow::security {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

TEST(Scopes, AdminHoldsAllOthers) {
  for (const Scope scope : AllScopes()) {
    EXPECT_TRUE(Scopes::All().Has(scope));
    EXPECT_FALSE(Scopes().Has(scope));
    EXPECT_EQ(Scopes({Scope::kDataRead}).Has(scope), scope == Scope::kDataRead);
    EXPECT_EQ(*ParseScope(ToText(scope)), scope);
  }
  EXPECT_EQ(Scopes({Scope::kSignalRun, Scope::kDataRead}).ToText(), "data:read,signal:run");
  EXPECT_THAT(ParseScope("data:all"), StatusIs(Code::kInvalidArgument, "UNKNOWN_SCOPE"));
}

TEST(OpenAuthenticator, LetsEverybodyIn) {
  const auto principal = MakeOpenAuthenticator()->Authenticate("");
  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->name, "anonymous");
}

class FileAuthenticatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    telemetry::StartLogging({.service = "test", .sink = [](std::string_view) {}});
  }
  void TearDown() override { std::remove(path_.c_str()); }
  void Write(const std::string& text) { std::ofstream(path_) << text; }
  const std::string path_ = fmt::format("{}/keys_{}.yaml", ::testing::TempDir(), ::getpid());
  base::FakeClock clock_{absl::FromUnixSeconds(1700000000)};
};

TEST_F(FileAuthenticatorTest, KnowsWhoHasAKey) {
  Write(
      "- {key: key-of-alice-0123, name: alice, scopes: ['data:read', 'signal:run']}\n"
      "- {key: key-of-bob-012345, name: bob, scopes: [admin]}\n");
  const auto authenticator = MakeFileAuthenticator(path_, clock_);
  ASSERT_THAT(authenticator, IsOk());
  const auto alice = (*authenticator)->Authenticate("key-of-alice-0123");
  ASSERT_THAT(alice, IsOk());
  EXPECT_EQ(alice->name, "alice");
  EXPECT_EQ(alice->scopes.ToText(), "data:read,signal:run");
  EXPECT_EQ(alice->key_id.size(), 12u);
  EXPECT_THAT(alice->key_id, ::testing::Not(HasSubstr("alice")));
  EXPECT_THAT((*authenticator)->Authenticate(""), StatusIs(Code::kUnauthenticated, "MISSING_API_KEY"));
  const auto wrong = (*authenticator)->Authenticate("key-of-alice-0124");
  EXPECT_THAT(wrong, StatusIs(Code::kUnauthenticated, "INVALID_API_KEY"));
  EXPECT_THAT(base::Message(wrong.status()), ::testing::Not(HasSubstr("alice")));
}

TEST_F(FileAuthenticatorTest, NamesEveryMistakeWithItsLine) {
  Write(
      "- {key: short, name: alice, scopes: ['data:read']}\n"
      "- {key: key-of-bob-012345, scopes: ['data:everything']}\n"
      "- {key: key-of-bob-012345, name: bob, scopes: [], colour: red}\n"
      "- just text\n");
  const auto authenticator = MakeFileAuthenticator(path_, clock_);
  EXPECT_THAT(authenticator, StatusIs(Code::kInvalidArgument, "BAD_KEYS_FILE"));
  const base::ErrorDetails details = base::DetailsOf(authenticator.status());
  std::vector<std::string> lines;
  for (const auto& violation : details.violations) lines.push_back(violation.field.substr(violation.field.rfind(':')));
  EXPECT_THAT(lines, ::testing::ElementsAre(":1", ":2", ":2", ":3", ":3", ":3", ":4"));
  EXPECT_THAT(base::Message(authenticator.status()), ::testing::Not(HasSubstr("key-of-bob")));
}

TEST_F(FileAuthenticatorTest, AFileThatIsNotThereOrNotYamlIsAnError) {
  EXPECT_THAT(MakeFileAuthenticator("/nowhere/keys.yaml", clock_), StatusIs(Code::kNotFound, "KEYS_FILE_NOT_FOUND"));
  Write("- {key: [\n");
  EXPECT_THAT(MakeFileAuthenticator(path_, clock_), StatusIs(Code::kInvalidArgument, "BAD_KEYS_FILE"));
}

TEST_F(FileAuthenticatorTest, AChangedFileCountsAfterFiveSeconds) {
  Write("- {key: key-of-alice-0123, name: alice, scopes: [admin]}\n");
  const auto authenticator = MakeFileAuthenticator(path_, clock_);
  ASSERT_THAT(authenticator, IsOk());
  Write("- {key: key-of-carol-0123, name: carol, scopes: [admin]}\n# changed\n");
  clock_.Advance(absl::Seconds(4));
  EXPECT_THAT((*authenticator)->Authenticate("key-of-alice-0123"), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT((*authenticator)->Authenticate("key-of-carol-0123"), IsOk());
  EXPECT_THAT((*authenticator)->Authenticate("key-of-alice-0123"), StatusIs(Code::kUnauthenticated));
}

TEST_F(FileAuthenticatorTest, AFileThatBecameInvalidLeavesTheKeysOfBefore) {
  Write("- {key: key-of-alice-0123, name: alice, scopes: [admin]}\n");
  const auto authenticator = MakeFileAuthenticator(path_, clock_);
  ASSERT_THAT(authenticator, IsOk());
  Write("this is not a list of keys");
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT((*authenticator)->Authenticate("key-of-alice-0123"), IsOk());
}

TEST_F(FileAuthenticatorTest, WhileOneCallReadsTheChangedFileTheOthersGoOn) {
  Write("- {key: key-of-alice-0123, name: alice, scopes: [admin]}\n");
  const auto authenticator = MakeFileAuthenticator(path_, clock_);
  ASSERT_THAT(authenticator, IsOk());
  // A file as slow as the test wants.
  std::remove(path_.c_str());
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  clock_.Advance(absl::Seconds(10));
  std::thread reading(
      [&] { EXPECT_THAT((*authenticator)->Authenticate("key-of-carol-0123"), IsOk()) << "counts with what it found"; });
  int pipe = -1;
  for (int i = 0; i < 1000 && pipe < 0; ++i) {  // can be opened as soon as it is being read
    absl::SleepFor(absl::Milliseconds(5));
    pipe = open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ASSERT_GE(pipe, 0);
  absl::Notification answered;
  std::thread other([&] {
    EXPECT_THAT((*authenticator)->Authenticate("key-of-alice-0123"), IsOk());
    answered.Notify();
  });
  EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(5)));
  const std::string text = "- {key: key-of-carol-0123, name: carol, scopes: [admin]}\n";
  EXPECT_EQ(write(pipe, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(pipe);
  reading.join();
  other.join();
}

}  // namespace
}  // namespace breadthflow::security
