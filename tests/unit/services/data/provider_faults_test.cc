#include <map>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/http/curl_http_client.h"
#include "services/data/app/provider_client.h"
#include "tests/support/matchers.h"
#include "tests/support/upstream_server.h"
#include "tests/unit/services/data/provider_cases.h"

// A source, the client of providers and libcurl against a provider that misbehaves.
namespace breadthflow::data {
namespace {

using breadthflow::testing::Fault;
using breadthflow::testing::UpstreamServer;
using quant::Timeframe;

// One token after the other, all at once; keeps what it was asked to block.
class OpenLimiter final : public resilience::RateLimiter {
 public:
  absl::StatusOr<absl::Duration> TryTake(const std::string&, const resilience::RateLimit&) override {
    return absl::ZeroDuration();
  }
  absl::Status Block(const std::string&, absl::Duration wait) override {
    blocked = wait;
    return absl::OkStatus();
  }
  absl::Duration blocked;
};

std::string Chart(const std::string& symbol) {
  return R"({"chart":{"result":[{"meta":{"currency":"USD","symbol":")" + symbol +
         R"(","exchangeName":"NYQ","gmtoffset":-18000,"regularMarketTime":1578344400,"dataGranularity":"1d"},)"
         R"("timestamp":[1577975400,1578061800],"indicators":{"quote":[{"open":[10,10.5],"high":[11,11.5],)"
         R"("low":[9,9.5],"close":[10.5,11],"volume":[1000,2000]}]}}],"error":null}})";
}

class ProviderFaults : public ::testing::Test {
 protected:
  // What the fetch of one symbol ends as, with a client of its own.
  std::string Fetch(const std::string& symbol) {
    base::SystemClock clock;
    const auto http = http::MakeCurlHttpClient({.low_speed_time = absl::Seconds(1)});
    ProviderClient client({{.name = "yahoo", .base_url = server_.Url(), .allow_plain_http = true}}, *http, limiter_,
                          clock,
                          {.timeout = absl::Seconds(3),
                           .sleep = [](absl::Duration, const base::CancelToken& cancel) { return cancel.Check(); }});
    const SourceEntry entry = Yahoo();
    const auto source = entry.make(component::Params::Check(entry.params, {}).value(), {.upstream = &client}).value();
    const auto request =
        source->TransformQuery({"stock_price", symbol, Timeframe::kDay, testing::Between("2020-01-01", "2020-02-01")});
    EXPECT_THAT(request, breadthflow::testing::IsOk());
    const absl::StatusOr<RawBody> body = source->Extract(*request, {});
    return body.ok() ? testing::ClassOf(source->TransformData(*request, *body)) : base::DetailsOf(body.status()).reason;
  }

  const std::map<std::string, Fault> faults_ = {
      {"FINE", Fault::kNone},       {"MANY", Fault::kTooMany}, {"AWAY", Fault::kUnavailable}, {"EMPTY", Fault::kEmpty},
      {"CUT", Fault::kCutOff},      {"HTML", Fault::kHtml},    {"HANG", Fault::kHang},        {"SLOW", Fault::kSlow},
      {"ENDLESS", Fault::kEndless}, {"RESET", Fault::kReset},  {"LOOP", Fault::kRedirectLoop}};
  UpstreamServer server_{[this](const std::string& path) -> UpstreamServer::Answer {
    const std::string rest = path.substr(path.rfind('/') + 1);
    const std::string symbol = rest.substr(0, rest.find('?'));
    const auto fault = faults_.find(symbol);
    return {fault == faults_.end() ? Fault::kNone : fault->second, Chart(symbol)};
  }};
  OpenLimiter limiter_;
};

TEST_F(ProviderFaults, EachEndsInItsClassInTime) {
  const std::map<std::string, std::string> expected = {{"FINE", "OK 2"},
                                                       {"MANY", "RATE_LIMITED"},
                                                       {"AWAY", "PROVIDER_UNAVAILABLE"},
                                                       {"EMPTY", "MALFORMED_BODY"},
                                                       {"CUT", "MALFORMED_BODY"},
                                                       {"HTML", "MALFORMED_BODY"},
                                                       {"ENDLESS", "BODY_TOO_LARGE"},
                                                       {"RESET", "CONNECTION_LOST"},
                                                       {"LOOP", "TOO_MANY_REDIRECTS"}};
  for (const auto& [symbol, reason] : expected) {
    const absl::Time begin = absl::Now();
    EXPECT_EQ(Fetch(symbol), reason) << symbol;
    EXPECT_LE(absl::Now() - begin, absl::Seconds(30)) << symbol;
  }
  for (const char* symbol : {"HANG", "SLOW"}) {
    EXPECT_THAT(Fetch(symbol), ::testing::AnyOf("TOO_SLOW", "HTTP_TIMEOUT")) << symbol;
  }
  EXPECT_EQ(limiter_.blocked, absl::Seconds(7));
}

TEST_F(ProviderFaults, ATooLargeBodyAndARedirectLoopAreNotAskedForAgain) {
  Fetch("ENDLESS");
  EXPECT_EQ(server_.requests(), 1);
  Fetch("LOOP");
  EXPECT_EQ(server_.requests(), 1 + 4);  // the first one and three redirects
  Fetch("AWAY");
  EXPECT_EQ(server_.requests(), 5 + 3);
}

}  // namespace
}  // namespace breadthflow::data
