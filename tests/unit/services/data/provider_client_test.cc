#include "services/data/app/provider_client.h"

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/sources/provider_body.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {

SourceEntry SecEdgar();

namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

// Answers what it is told to, and remembers what it was asked.
class FakeHttp final : public http::HttpClient {
 public:
  absl::StatusOr<http::HttpResponse> Send(const http::HttpRequest& request) override {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(request);
    return answer_(request);
  }
  void Answer(std::function<absl::StatusOr<http::HttpResponse>(const http::HttpRequest&)> answer) {
    absl::MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  std::vector<http::HttpRequest> requests() const {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::function<absl::StatusOr<http::HttpResponse>(const http::HttpRequest&)> answer_;
  std::vector<http::HttpRequest> requests_;
};

class FakeLimiter final : public resilience::RateLimiter {
 public:
  absl::StatusOr<absl::Duration> TryTake(const std::string& key, const resilience::RateLimit&) override {
    absl::MutexLock lock(&mutex_);
    keys.push_back(key);
    return wait;
  }
  absl::Status Block(const std::string&, absl::Duration asked) override {
    blocked = asked;
    return absl::OkStatus();
  }
  absl::Duration wait;
  absl::Duration blocked;
  std::vector<std::string> keys;

 private:
  absl::Mutex mutex_;
};

http::HttpResponse Response(int status, std::string body, std::map<std::string, std::string> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

class ProviderClientTest : public ::testing::Test {
 protected:
  ProviderClientTest() { Make("secret-key-1"); }

  void Make(const std::string& key) {
    client_ = std::make_unique<ProviderClient>(
        std::vector<ProviderSettings>{
            {.name = "open"},
            {.name = "closed", .key_variable = "CLOSED_KEY", .key = key, .key_parameter = "apikey"},
            {.name = "bearer", .key_variable = "BEARER_KEY", .key = key}},
        http_, limiter_, clock_,
        ProviderClient::Options{.timeout = absl::Seconds(60),
                                .patience = absl::Minutes(30),
                                .sleep =
                                    [this](absl::Duration wait, const base::CancelToken& cancel) {
                                      slept_ += wait;
                                      clock_.Advance(wait);
                                      return cancel.Check();
                                    },
                                .chance = [] { return 0.5; }});
  }

  static UpstreamRequest Request(const std::string& provider,
                                 const std::string& url = "https://provider.example/data?symbol=A") {
    return {.provider = provider, .url = url, .headers = {}, .judge = [](const RawBody& body) {
              return JudgeStatus("it", body.http_status);
            }};
  }

  FakeHttp http_;
  FakeLimiter limiter_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  absl::Duration slept_;
  std::unique_ptr<ProviderClient> client_;
};

TEST_F(ProviderClientTest, NamesTheVariableOfAMissingKey) {
  Make("");
  EXPECT_THAT(client_->CheckReady("open"), IsOk());
  const absl::Status missing = client_->Get(Request("closed"), {}).status();
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kFailedPrecondition, "MISSING_CREDENTIAL"));
  EXPECT_THAT(base::Message(missing), HasSubstr("CLOSED_KEY"));
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(ProviderClientTest, AddsTheKeyWhereTheProviderWantsItAndShowsItNowhere) {
  http_.Answer([](const http::HttpRequest&) { return Response(200, "your key secret-key-1 is fine"); });
  BF_ASSERT_OK_AND_ASSIGN(const RawBody body, client_->Get(Request("closed"), {}));
  EXPECT_EQ(http_.requests()[0].url, "https://provider.example/data?symbol=A&apikey=secret-key-1");
  EXPECT_EQ(body.bytes, "your key *** is fine");
  EXPECT_EQ(body.received, clock_.Now());
  EXPECT_THAT(client_->Get(Request("bearer"), {}), IsOk());
  EXPECT_EQ(http_.requests()[1].url, "https://provider.example/data?symbol=A");
  EXPECT_THAT(http_.requests()[1].headers,
              ::testing::Contains(::testing::Pair("Authorization", "Bearer secret-key-1")));
  EXPECT_THAT(limiter_.keys[0], Not(HasSubstr("secret")));
  EXPECT_NE(limiter_.keys[0], limiter_.keys[1]);
}

TEST_F(ProviderClientTest, WaitsAsLongAsRetryAfterSaysAndTellsTheOtherReplicas) {
  int calls = 0;
  http_.Answer([&](const http::HttpRequest&) {
    return ++calls == 1 ? Response(429, "", {{"retry-after", "120"}}) : Response(200, "data");
  });
  EXPECT_THAT(client_->Get(Request("open"), {}), IsOk());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(limiter_.blocked, absl::Seconds(120));
  EXPECT_GE(slept_, absl::Seconds(120));
  EXPECT_LE(slept_, absl::Seconds(121));
}

TEST_F(ProviderClientTest, TriesThreeTimesAndNotAgainWhatCanNotHeal) {
  http_.Answer([](const http::HttpRequest&) { return Response(503, ""); });
  EXPECT_THAT(client_->Get(Request("open"), {}), StatusIs(absl::StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE"));
  EXPECT_EQ(http_.requests().size(), 3u);
  EXPECT_EQ(slept_, absl::Milliseconds(1500));  // half of 1 s and half of 2 s
  http_.Answer([](const http::HttpRequest&) { return Response(403, ""); });
  EXPECT_THAT(client_->Get(Request("open"), {}), StatusIs(absl::StatusCode::kPermissionDenied, "NOT_ENTITLED"));
  EXPECT_EQ(http_.requests().size(), 4u);
}

TEST_F(ProviderClientTest, SaysWhenTheQuotaIsUsedUpInsteadOfWaitingForHours) {
  limiter_.wait = absl::Hours(5);
  const absl::Status status = client_->Get(Request("open"), {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "QUOTA_EXHAUSTED"));
  EXPECT_EQ(base::DetailsOf(status).retry_after, absl::Hours(5));
  EXPECT_TRUE(http_.requests().empty());
}

// Ten minutes in which the provider refuses everything, with a thousand requests to make.
TEST_F(ProviderClientTest, LetsAlmostNothingOutWhileTheProviderRefusesAndFinishesEverythingAfterwards) {
  const absl::Time start = clock_.Now();
  const absl::Time healed = start + absl::Minutes(10);
  std::vector<absl::Time> sent;
  http_.Answer([&](const http::HttpRequest&) {
    sent.push_back(clock_.Now());
    return clock_.Now() < healed ? Response(429, "") : Response(200, "data");
  });
  int done = 0;
  std::vector<int> pending(1000);
  for (int i = 0; i < 1000; ++i) pending[i] = i;
  // A run that failed is tried again, as jobs do.
  while (!pending.empty()) {
    std::vector<int> failed;
    for (const int i : pending) {
      const auto body = client_->Get(Request("open", fmt::format("https://provider.example/{}", i)), {});
      body.ok() ? ++done : (failed.push_back(i), 0);
    }
    pending = failed;
  }
  EXPECT_EQ(done, 1000);
  int during = 0;
  for (size_t i = 5; i < sent.size(); ++i) during += sent[i] < healed ? 1 : 0;
  EXPECT_LE(during, 15);
  EXPECT_GE(during, 5);  // the probes
}

TEST_F(ProviderClientTest, AsksOnceForAHundredCallersOfTheSameUrl) {
  absl::Notification first_is_out;
  absl::Notification go_on;
  http_.Answer([&](const http::HttpRequest&) {
    first_is_out.Notify();
    go_on.WaitForNotification();
    return Response(200, "data");
  });
  std::atomic<int> ok{0};
  std::vector<std::thread> callers;
  const auto call = [&] { ok += client_->Get(Request("open"), {}).ok() ? 1 : 0; };
  callers.emplace_back(call);
  first_is_out.WaitForNotification();
  std::atomic<int> started{0};
  for (int i = 1; i < 100; ++i) {
    callers.emplace_back([&] {
      ++started;
      call();
    });
  }
  while (started < 99) std::this_thread::yield();
  // Callers that are late find the flight ended and ask again, which the answer would refuse by aborting.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  go_on.Notify();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ok, 100);
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(ProviderClientTest, AsksOnlyWhetherABodyChanged) {
  http_.Answer([](const http::HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "If-None-Match" && value == "\"v1\"") return Response(304, "");
    }
    return Response(200, "data", {{"etag", "\"v1\""}});
  });
  BF_ASSERT_OK_AND_ASSIGN(const RawBody first, client_->Get(Request("open"), {}));
  clock_.Advance(absl::Hours(1));
  BF_ASSERT_OK_AND_ASSIGN(const RawBody second, client_->Get(Request("open"), {}));
  EXPECT_EQ(second.bytes, "data");
  EXPECT_EQ(second.http_status, 200);
  EXPECT_EQ(second.received, clock_.Now());
  EXPECT_EQ(http_.requests().size(), 2u);
}

TEST_F(ProviderClientTest, StopsWaitingWhenCancelled) {
  limiter_.wait = absl::Minutes(10);
  base::CancelToken cancel;
  cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_THAT(client_->Get(Request("open"), cancel), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(http_.requests().empty());
}

TEST(MakeProviders, TakeKeysFromVariablesAndFiles) {
  const std::string file = ::testing::TempDir() + "/provider_key";
  FILE* out = fopen(file.c_str(), "w");
  fputs("from-file\n", out);
  fclose(out);
  const std::map<std::string, std::string> variables = {{"BREADTHFLOW_ALPHA_VANTAGE_KEY", "direct"},
                                                        {"BREADTHFLOW_POLYGON_KEY_FILE", file},
                                                        {"BREADTHFLOW_YAHOO_URL", "http://127.0.0.1:1"}};
  const auto find = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<ProviderSettings> providers, MakeProviders({}, find));
  ASSERT_EQ(providers.size(), 4u);
  EXPECT_EQ(providers[0].base_url, "http://127.0.0.1:1");
  EXPECT_EQ(providers[1].key, "direct");
  EXPECT_EQ(providers[2].key, "from-file");
  EXPECT_THAT(MakeProviders({},
                            [](const std::string& name) {
                              return name == "BREADTHFLOW_POLYGON_KEY_FILE" ? std::optional<std::string>("/nowhere")
                                                                            : std::nullopt;
                            }),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(MakeProviders, ConfigurationChangesLimitsAndAddressesAndTheEnvironmentGoesFirst) {
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  BF_ASSERT_OK_AND_ASSIGN(
      const std::vector<ProviderSettings> providers,
      MakeProviders({{.name = "polygon", .base_url = "https://proxy.example/", .per_second = 50, .burst = 10},
                     {.name = "alpha_vantage", .per_day = 500}},
                    nothing));
  EXPECT_EQ(providers[1].limit.per_day, 500);
  EXPECT_DOUBLE_EQ(providers[1].limit.per_second, 4.0 / 60);
  EXPECT_EQ(providers[2].base_url, "https://proxy.example");
  EXPECT_EQ(providers[2].limit.per_second, 50);
  EXPECT_EQ(providers[2].limit.burst, 10);
  const auto variable = [](const std::string& name) {
    return name == "BREADTHFLOW_POLYGON_URL" ? std::optional<std::string>("https://other.example") : std::nullopt;
  };
  EXPECT_EQ(MakeProviders({{.name = "polygon", .base_url = "https://proxy.example"}}, variable)->at(2).base_url,
            "https://other.example");
}

TEST(MakeProviders, WithoutTlsOnlyWhereThatIsSaidOrOnThisMachine) {
  const auto url = [](std::string address) {
    return [address = std::move(address)](const std::string& name) {
      return name == "BREADTHFLOW_YAHOO_URL" ? std::optional(address) : std::nullopt;
    };
  };
  EXPECT_THAT(MakeProviders({}, url("http://proxy.example")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MakeProviders({}, url("http://localhost.example:80")), StatusIs(absl::StatusCode::kInvalidArgument));
  BF_ASSERT_OK_AND_ASSIGN(const auto here, MakeProviders({}, url("http://127.0.0.1:8080")));
  EXPECT_TRUE(here[0].allow_plain_http);
  EXPECT_FALSE(here[1].allow_plain_http) << "one provider's address says nothing about another's";
  EXPECT_THAT(MakeProviders({{.name = "yahoo", .allow_plain_http = true}}, url("http://proxy.example")), IsOk());
}

TEST(MakeProviders, EveryMistakeIsNamed) {
  const auto refused = MakeProviders({{.name = "bloomberg"}, {.name = "yahoo", .per_second = 0, .burst = 0.5}},
                                     [](const std::string&) { return std::optional<std::string>(); });
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(refused.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("data.providers[0].name", "data.providers[1].per_second",
                                             "data.providers[1].burst"));
}

// A probe that was given up says nothing about the provider: it must not let the others out.
TEST_F(ProviderClientTest, ACancelledProbeDoesNotCloseTheBreaker) {
  http_.Answer([](const http::HttpRequest&) { return Response(503, ""); });
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(client_->Get(Request("open", fmt::format("https://provider.example/{}", i)), {}), Not(IsOk()));
  }
  const size_t before = http_.requests().size();
  clock_.Advance(absl::Seconds(61));
  base::CancelToken cancel;
  http_.Answer([&](const http::HttpRequest&) -> absl::StatusOr<http::HttpResponse> {
    cancel.Cancel(base::CancelReason::kCancelled);
    return absl::CancelledError("stopped");
  });
  EXPECT_THAT(client_->Get(Request("open", "https://provider.example/probe"), cancel), Not(IsOk()));
  ASSERT_EQ(http_.requests().size(), before + 1);
  // The next one is a probe again: when it fails, nothing leaves for another minute.
  http_.Answer([](const http::HttpRequest&) { return Response(503, ""); });
  EXPECT_THAT(client_->Get(Request("open", "https://provider.example/next"), {}), Not(IsOk()));
  const absl::Time probed = clock_.Now();
  http_.Answer([](const http::HttpRequest&) { return Response(200, "data"); });
  EXPECT_THAT(client_->Get(Request("open", "https://provider.example/last"), {}), IsOk());
  EXPECT_GE(clock_.Now() - probed, absl::Seconds(60));
}

// As a crumb would be: the list of companies is asked for once, however many symbols are fetched at once.
TEST_F(ProviderClientTest, WhatAllSymbolsOfASourceNeedIsAskedForOnce) {
  ProviderClient client({{.name = "sec_edgar"}}, http_, limiter_, clock_,
                        {.sleep = [](absl::Duration, const base::CancelToken& cancel) { return cancel.Check(); }});
  http_.Answer([](const http::HttpRequest& request) {
    if (request.url.find("company_tickers") == std::string::npos) return Response(200, R"({"facts":{}})");
    std::string body = "{";
    for (int i = 0; i < 100; ++i) {
      body += fmt::format(R"({}"{}":{{"cik_str":{},"ticker":"S{}","title":"S"}})", i == 0 ? "" : ",", i, i + 1, i);
    }
    return Response(200, body + "}");
  });
  const SourceEntry entry = SecEdgar();
  const auto source =
      entry
          .make(component::Params::Check(entry.params, {{"contact", std::string("a@b.example")}}).value(),
                {.upstream = &client})
          .value();
  std::vector<std::thread> callers;
  std::atomic<int> ok{0};
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&, i] {
      const auto request = source->TransformQuery(
          {"revenue", fmt::format("S{}", i), quant::Timeframe::kTick, {0, 1'600'000'000'000'000'000}});
      ok += request.ok() && source->Extract(*request, {}).ok() ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ok, 100);
  int lists = 0;
  for (const http::HttpRequest& request : http_.requests()) {
    lists += request.url.find("company_tickers") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(lists, 1);
  EXPECT_EQ(http_.requests().size(), 101u);
}

}  // namespace
}  // namespace breadthflow::data
