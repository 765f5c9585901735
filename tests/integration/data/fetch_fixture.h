#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/http/curl_http_client.h"
#include "common/jobs/runner.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "services/data/app/fetcher.h"
#include "services/data/app/provider_client.h"
#include "services/data/sources/catalog.h"
#include "services/data/store/rate_limit_store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/upstream_server.h"
#include "tests/support/yahoo_chart.h"

namespace breadthflow::data {

// Fetches from a provider on loopback into a database of its own: everything but the RPC border, by a clock that the
// test moves. Waiting for the provider (limits, breaker, retries) moves it too and takes no time.
class FetchFixture : public ::testing::Test {
 protected:
  using Fault = testing::Fault;
  using Answer = testing::UpstreamServer::Answer;

  // `timeout`: of one request to the provider, in real time.
  explicit FetchFixture(absl::Duration timeout = absl::Seconds(10)) : timeout_(timeout) {
    std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
    const std::vector<postgres::Migration>& chunks = columnar::Migrations();
    migrations.insert(migrations.end(), chunks.begin(), chunks.end());
    migrations.insert(migrations.end(), Migrations().begin(), Migrations().end());
    EXPECT_THAT(postgres::Migrate(*database_, std::move(migrations)), testing::IsOk());
    runner_.Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return fetcher_.Run(job); });
    EXPECT_THAT(runner_.Start(), testing::IsOk());
  }
  ~FetchFixture() override { runner_.Drain(absl::Seconds(5)); }

  static int64_t Ns(const std::string& time) {
    absl::Time parsed;
    std::string error;
    EXPECT_TRUE(absl::ParseTime("%Y-%m-%d", time, &parsed, &error)) << time;
    return absl::ToUnixNanos(parsed);
  }

  static FetchSpec Yahoo(std::vector<std::string> symbols, const std::string& start, const std::string& end) {
    return {.symbols = std::move(symbols), .range = {Ns(start), Ns(end)}, .source = {"yahoo", {}}};
  }

  // Starts a run; its id.
  std::string Start(const FetchSpec& spec) {
    const auto id = fetcher_.Submit(spec, {.request_id = base::NewUuid(absl::Now())});
    EXPECT_THAT(id, testing::IsOk());
    return id.value_or("");
  }

  FetchRun Await(const std::string& id) {
    for (const absl::Time end = absl::Now() + absl::Seconds(120); absl::Now() < end;
         absl::SleepFor(absl::Milliseconds(5))) {
      auto run = runs_.Get(id, absl::InfiniteFuture());
      EXPECT_THAT(run, testing::IsOk());
      if (!run.ok()) break;
      if (jobs::IsTerminal(run->job.state)) return *std::move(run);
    }
    const auto run = runs_.Get(id, absl::InfiniteFuture());
    ADD_FAILURE() << "the run does not end: state " << (run.ok() ? static_cast<int>(run->job.state) : -1)
                  << ", attempt " << (run.ok() ? run->job.attempt : 0) << ", "
                  << (run.ok() ? run->job.error : run.status());
    return {};
  }

  FetchRun Fetch(const FetchSpec& spec) { return Await(Start(spec)); }

  // Of a fetcher on this database whose runs `runner` works off.
  Fetcher::Parts PartsOf(const component::Catalog<SourceEntry>& sources, SourceEntry::Environment environment,
                         jobs::Runner& runner) {
    return {.database = *database_,
            .resources = resources_,
            .series = series_,
            .runs = runs_,
            .coverage = coverage_,
            .bodies = bodies_,
            .quarantines = quarantines_,
            .sources = sources,
            .environment = std::move(environment),
            .clock = clock_,
            .wake_up = [&runner] { runner.WakeUp(); },
            .policy = {}};
  }

  std::vector<Coverage> CoverageOf(const std::string& symbol) {
    const auto entries = coverage_.List({.symbol = symbol}, std::nullopt, 1000, absl::InfiniteFuture());
    EXPECT_THAT(entries, testing::IsOk());
    return entries.value_or(std::vector<Coverage>());
  }

  quant::Series Stored(const std::string& symbol, const std::string& source = "yahoo") {
    auto rows = series_.chunks().Read({"stock_price", symbol, quant::Timeframe::kDay, source});
    EXPECT_THAT(rows, testing::IsOk());
    return rows.ok() ? *std::move(rows) : quant::Series();
  }

  std::vector<testing::ChartQuestion> questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }

  const absl::Duration timeout_;
  // What the provider does; by default it answers every question.
  std::function<Answer(const testing::ChartQuestion&)> answer_ = [this](const testing::ChartQuestion& question) {
    return Answer{Fault::kNone, testing::YahooChart(question, clock_.Now())};
  };

  base::FakeClock clock_{absl::FromCivil(absl::CivilSecond(2020, 6, 3, 22, 0, 0), absl::UTCTimeZone())};
  mutable std::mutex mutex_;
  std::vector<testing::ChartQuestion> questions_;
  testing::UpstreamServer server_{[this](const std::string& path) {
    const testing::ChartQuestion question = testing::ReadChartPath(path);
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(question);
    }
    return answer_(question);
  }};
  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 12});
  ResourceStore resources_{*database_};
  SeriesStore series_{*database_};
  FetchStore runs_{*database_};
  CoverageStore coverage_{*database_};
  RawBodyStore bodies_{*database_};
  QuarantineStore kept_apart_{*database_};
  Quarantines quarantines_{*database_, series_, coverage_, kept_apart_, clock_};
  RateLimitStore limits_{*database_, &clock_};
  std::unique_ptr<http::HttpClient> http_ = http::MakeCurlHttpClient();
  ProviderClient providers_{
      {{.name = "yahoo",
        .limit = {.per_second = 1000, .burst = 1000},
        .base_url = server_.Url(),
        .allow_plain_http = true},
       {.name = "polygon", .limit = {.per_second = 1, .burst = 1}, .key_variable = "POLYGON_KEY"}},
      *http_,
      limits_,
      clock_,
      {.timeout = timeout_, .sleep = [this](absl::Duration wait, const base::CancelToken& cancel) {
         clock_.Advance(wait);
         return cancel.Check();
       }}};
  jobs::Runner runner_{*database_, {.workers = 4, .poll_interval = absl::Milliseconds(20)}};
  Fetcher fetcher_{PartsOf(Sources(), {.csv_roots = {}, .csv_anywhere = true, .upstream = &providers_}, runner_)};
};

}  // namespace breadthflow::data
