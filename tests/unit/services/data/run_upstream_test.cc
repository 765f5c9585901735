#include "services/data/app/run_upstream.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

// Has no way to "away", and answers for every other provider.
class FakeUpstream final : public Upstream {
 public:
  absl::Status CheckReady(std::string_view) const override { return absl::OkStatus(); }
  UpstreamInfo Describe(std::string_view) const override { return {.per_day = 25}; }
  absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken&) override {
    asked.push_back(request.provider);
    request.waits("waits for " + request.provider);
    if (request.provider == "away") {
      return base::MakeError(absl::StatusCode::kUnavailable, std::string(kUnreachable), "no way there");
    }
    if (request.provider == "ill") return base::MakeError(absl::StatusCode::kUnavailable, "CIRCUIT_OPEN", "ill");
    return RawBody{.bytes = request.url};
  }
  std::vector<std::string> asked;
};

TEST(RunUpstream, AsksNoSecondTimeAProviderThatIsOutOfReach) {
  FakeUpstream inner;
  std::vector<std::string> told;
  RunUpstream upstream(inner, [&](const std::string& text) { told.push_back(text); });
  for (int i = 0; i < 3; ++i) {
    const UpstreamRequest request{.provider = "away", .url = std::to_string(i), .headers = {}, .judge = {}};
    EXPECT_THAT(upstream.Get(request, {}), StatusIs(absl::StatusCode::kUnavailable, "PROVIDER_UNREACHABLE"));
  }
  EXPECT_THAT(inner.asked, ElementsAre("away"));
  EXPECT_THAT(told, ElementsAre("waits for away"));
  // Another run does.
  RunUpstream next(inner, [](const std::string&) {});
  EXPECT_FALSE(next.Get({.provider = "away", .url = "", .headers = {}, .judge = {}}, {}).ok());
  EXPECT_THAT(inner.asked, ElementsAre("away", "away"));
}

TEST(RunUpstream, OtherProvidersAndOtherFailuresAreAskedAgain) {
  FakeUpstream inner;
  RunUpstream upstream(inner, [](const std::string&) {});
  for (const char* provider : {"away", "well", "ill", "ill", "well"}) {
    const auto body = upstream.Get({.provider = provider, .url = "page", .headers = {}, .judge = {}}, {});
    EXPECT_EQ(body.ok(), std::string(provider) == "well");
  }
  EXPECT_THAT(inner.asked, ElementsAre("away", "well", "ill", "ill", "well"));
  EXPECT_EQ(upstream.Describe("well").per_day, 25);
  EXPECT_THAT(upstream.CheckReady("well"), IsOk());
}

}  // namespace
}  // namespace breadthflow::data
