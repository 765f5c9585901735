#include "common/clients/component_announcer.h"

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::clients {
namespace {

using ::testing::ElementsAre;

// Answers with one status after the other, the last one for ever.
class FakeRegistry final : public RegistryClient {
 public:
  explicit FakeRegistry(std::vector<absl::Status> answers) : answers_(std::move(answers)) {}
  absl::StatusOr<int64_t> AnnounceComponents(const std::string& service,
                                             const std::vector<component::Announcement>& components,
                                             const CallScope& scope) override {
    EXPECT_EQ(service, "signal");
    EXPECT_EQ(components.size(), 1);
    const absl::Status answer = answers_[std::min(calls_++, answers_.size() - 1)];
    if (absl::IsDeadlineExceeded(answer)) {  // a call that hangs until it is cancelled
      while (!scope.cancel.cancelled()) {
      }
      return scope.cancel.Check();
    }
    if (!answer.ok()) return answer;
    return 1;
  }
  absl::StatusOr<std::vector<RegisteredComponent>> ListComponents(const std::string&, const CallScope&) override {
    return std::vector<RegisteredComponent>();
  }
  size_t calls() const { return calls_; }

 private:
  const std::vector<absl::Status> answers_;
  size_t calls_ = 0;
};

// Announces until it is `count` attempts along; the codes of their outcomes.
std::vector<absl::StatusCode> Announce(RegistryClient& registry, size_t count, bool* done) {
  std::vector<absl::StatusCode> codes;
  absl::Notification enough;
  ComponentAnnouncer announcer(registry, "signal", {component::Announcement{}}, [&](const absl::Status& status) {
    codes.push_back(status.code());
    if (codes.size() == count) enough.Notify();
  });
  announcer.Start();
  enough.WaitForNotification();
  *done = announcer.done();
  announcer.Stop();
  return codes;
}

TEST(ComponentAnnouncer, TriesUntilTheRegistryAnswers) {
  FakeRegistry registry({absl::UnavailableError("down"), absl::InternalError("odd"), absl::OkStatus()});
  bool done = false;
  EXPECT_THAT(Announce(registry, 3, &done),
              ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kInternal, absl::StatusCode::kOk));
  EXPECT_TRUE(done);
  EXPECT_EQ(registry.calls(), 3);
}

TEST(ComponentAnnouncer, GivesUpOnWhatWaitingDoesNotCure) {
  FakeRegistry registry({absl::AlreadyExistsError("raise the version"), absl::OkStatus()});
  bool done = true;
  EXPECT_THAT(Announce(registry, 1, &done), ElementsAre(absl::StatusCode::kAlreadyExists));
  EXPECT_FALSE(done);
  EXPECT_EQ(registry.calls(), 1);
}

TEST(ComponentAnnouncer, StopsDuringACallAndBetweenTwo) {
  FakeRegistry hanging({absl::DeadlineExceededError("hangs")});
  ComponentAnnouncer calling(hanging, "signal", {component::Announcement{}});
  calling.Start();
  calling.Stop();
  FakeRegistry down({absl::UnavailableError("down")});
  bool done = true;
  Announce(down, 3, &done);
  EXPECT_FALSE(done);
}

TEST(ComponentAnnouncer, NeedNotBeStarted) {
  FakeRegistry registry({absl::OkStatus()});
  ComponentAnnouncer announcer(registry, "signal", {});
  announcer.Stop();
}

}  // namespace
}  // namespace breadthflow::clients
