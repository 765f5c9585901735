// What a request does while there is no way to its provider.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/http/curl_http_client.h"
#include "services/data/app/provider_client.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class FakeHttp final : public http::HttpClient {
 public:
  absl::StatusOr<http::HttpResponse> Send(const http::HttpRequest& request) override {
    requests_.push_back(request);
    return answer_(request);
  }
  void Answer(std::function<absl::StatusOr<http::HttpResponse>(const http::HttpRequest&)> answer) {
    answer_ = std::move(answer);
  }
  const std::vector<http::HttpRequest>& requests() const { return requests_; }

 private:
  std::function<absl::StatusOr<http::HttpResponse>(const http::HttpRequest&)> answer_;
  std::vector<http::HttpRequest> requests_;
};

class OpenLimiter final : public resilience::RateLimiter {
 public:
  absl::StatusOr<absl::Duration> TryTake(const std::string&, const resilience::RateLimit&) override {
    return absl::ZeroDuration();
  }
  absl::Status Block(const std::string&, absl::Duration) override { return absl::OkStatus(); }
};

http::HttpResponse Response(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

class ProviderReach : public ::testing::Test {
 protected:
  static UpstreamRequest Request(const std::string& provider,
                                 const std::string& url = "https://provider.example/data?symbol=A") {
    return {.provider = provider, .url = url, .headers = {}, .judge = {}};
  }

  ProviderClient::Options Options() {
    return {.sleep =
                [this](absl::Duration wait, const base::CancelToken& cancel) {
                  slept_ += wait;
                  clock_.Advance(wait);
                  return cancel.Check();
                },
            .chance = [] { return 0.5; }};
  }

  FakeHttp http_;
  OpenLimiter limiter_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  absl::Duration slept_;
  std::unique_ptr<ProviderClient> client_ = std::make_unique<ProviderClient>(
      std::vector<ProviderSettings>{{.name = "open"}}, http_, limiter_, clock_, Options());
};

absl::Status NoAddress(const http::HttpRequest& request) {
  return base::MakeError(absl::StatusCode::kUnavailable, "NAME_NOT_RESOLVED",
                         request.url + ": the host has no address");
}

TEST_F(ProviderReach, AMachineWithoutANetworkIsToldSoSoon) {
  http_.Answer([](const http::HttpRequest& request) { return NoAddress(request); });
  UpstreamRequest request = Request("open");
  std::vector<std::string> told;
  request.waits = [&](const std::string& text) { told.push_back(text); };
  const absl::Status status = client_->Get(request, {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "PROVIDER_UNREACHABLE"));
  EXPECT_THAT(base::Message(status), HasSubstr("open is out of reach: could not resolve provider.example for 15 s"));
  EXPECT_EQ(base::DetailsOf(status).metadata.at("host"), "provider.example");
  EXPECT_EQ(slept_, absl::Seconds(15));  // 1, 1, 2, 4, 5 and the rest of the time
  EXPECT_EQ(http_.requests().size(), 7u);
  ASSERT_EQ(told.size(), 6u);
  EXPECT_EQ(told[0], "open: could not resolve provider.example; next try in 1 s, until 22:13:35 UTC");
  EXPECT_EQ(told[5], "open: could not resolve provider.example; next try in 2 s, until 22:13:35 UTC");
  // It is no fault of the provider: nobody waits for its breaker when the network is back.
  http_.Answer([](const http::HttpRequest&) { return Response(200, "data"); });
  EXPECT_THAT(client_->Get(Request("open"), {}), IsOk());
  EXPECT_EQ(slept_, absl::Seconds(15));
}

TEST_F(ProviderReach, ANetworkThatComesBackInTimeIsWaitedFor) {
  int calls = 0;
  http_.Answer([&](const http::HttpRequest& request) -> absl::StatusOr<http::HttpResponse> {
    if (++calls < 6) return NoAddress(request);
    return Response(200, "data");
  });
  EXPECT_THAT(client_->Get(Request("open"), {}), IsOk());
  EXPECT_EQ(calls, 6);
}

TEST_F(ProviderReach, AProviderThatAnsweredBeforeIsTriedAsOftenAsAnyOther) {
  http_.Answer([](const http::HttpRequest&) { return Response(200, "data"); });
  EXPECT_THAT(client_->Get(Request("open"), {}), IsOk());
  http_.Answer([](const http::HttpRequest& request) { return NoAddress(request); });
  EXPECT_THAT(client_->Get(Request("open", "https://provider.example/other"), {}),
              StatusIs(absl::StatusCode::kUnavailable, "NAME_NOT_RESOLVED"));
  EXPECT_EQ(http_.requests().size(), 1u + 3u);
}

TEST_F(ProviderReach, OfAClosedPortTheHostThatWasAskedIsNamed) {
  const std::unique_ptr<http::HttpClient> http = http::MakeCurlHttpClient();
  ProviderClient client({{.name = "open", .base_url = "http://127.0.0.1:1", .allow_plain_http = true}}, *http, limiter_,
                        clock_, Options());
  const absl::Status status = client.Get(Request("open"), {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "PROVIDER_UNREACHABLE"));
  EXPECT_THAT(base::Message(status), HasSubstr("could not connect to 127.0.0.1:1 for 15 s"));
}

}  // namespace
}  // namespace breadthflow::data
