// Several symbols of one run at a time.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/cancel.h"
#include "common/base/status.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using ::testing::SizeIs;

// Who is being asked, and what holds the answers back.
class Turnstile {
 public:
  // Answers wait until `together` are asked for at once, or the work is cancelled.
  explicit Turnstile(int together) : together_(together) {}

  absl::Status Pass(const base::CancelToken& cancel) {
    absl::MutexLock lock(&mutex_);
    ++asked_;
    most_ = std::max(most_, ++inside_);
    const auto enough = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asked_ >= together_; };
    while (!enough() && !cancel.cancelled()) {
      mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Milliseconds(20));
    }
    --inside_;
    return cancel.Check();
  }
  int most() const {
    absl::MutexLock lock(&mutex_);
    return most_;
  }
  int asked() const {
    absl::MutexLock lock(&mutex_);
    return asked_;
  }

 private:
  const int together_;
  mutable absl::Mutex mutex_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Three rows of any symbol; of those that begin with X an error, of those that begin with B one that is impossible.
class GatedSource final : public Source {
 public:
  explicit GatedSource(Turnstile& gate) : gate_(gate) {}
  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    return SourceRequest{query, query.symbol};
  }
  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    BF_RETURN_IF_ERROR(gate_.Pass(cancel));
    if (request.locator[0] == 'X') {
      return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL", request.locator + " is unknown");
    }
    return RawBody{.bytes = request.locator};
  }
  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    SourceData data;
    data.series = {.key = {request.query.resource, request.query.symbol, request.query.timeframe, "gated"},
                   .basis = quant::PriceBasis::kRaw};
    const double price = 10 + static_cast<double>(body.bytes.back() % 10);
    for (int64_t day = 0; day < 3; ++day) data.series.times.push_back(request.query.range.start_ns + day * kDay);
    for (const char* name : {"open", "high", "low", "close", "volume"}) {
      data.series.Add(name, std::vector<double>(3, price));
    }
    if (body.bytes[0] == 'B') std::get<std::vector<double>>(data.series.columns[3].values)[1] = price * 2;
    return data;
  }
  bool authoritative() const override { return false; }

 private:
  static constexpr int64_t kDay = 86'400'000'000'000;
  Turnstile& gate_;
};

class FetchParallel : public FetchFixture {
 protected:
  // A run of the symbols, so many at a time.
  std::string Begin(Turnstile& gate, int at_once, std::vector<std::string> symbols) {
    gate_ = &gate;
    Fetcher::Parts parts = PartsOf(catalog_, {}, *gated_runner_);
    parts.symbols_at_once = at_once;
    gated_ = std::make_unique<Fetcher>(std::move(parts));
    const FetchSpec spec{.symbols = std::move(symbols),
                         .range = {Ns("2020-01-02"), Ns("2020-03-01")},
                         .source = {"gated", {}},
                         .refetch = true};
    auto id = gated_->Submit(spec, {.request_id = base::NewUuid(absl::Now())});
    EXPECT_THAT(id, IsOk());
    return id.value_or("");
  }

  FetchParallel() {
    runner_.Drain(absl::Seconds(5));  // that of the fixture has the other sources
    gated_runner_ = std::make_unique<jobs::Runner>(
        *database_, jobs::RunnerOptions{.workers = 2, .poll_interval = absl::Milliseconds(20)});
    gated_runner_->Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return gated_->Run(job); });
    EXPECT_THAT(gated_runner_->Start(), IsOk());
  }
  ~FetchParallel() override { gated_runner_->Drain(absl::Seconds(5)); }

  static component::Catalog<SourceEntry> Catalog(Turnstile*& gate) {
    SourceEntry entry;
    entry.info = {"data_source", "gated", "1.0.0", "Answers when it is told to."};
    entry.any_resource = true;
    entry.make = [&gate](const component::Params&, const SourceEntry::Environment&) {
      return absl::StatusOr<std::unique_ptr<Source>>(std::make_unique<GatedSource>(*gate));
    };
    return component::Catalog<SourceEntry>({entry});
  }

  Turnstile* gate_ = nullptr;
  const component::Catalog<SourceEntry> catalog_ = Catalog(gate_);
  std::unique_ptr<Fetcher> gated_;
  std::unique_ptr<jobs::Runner> gated_runner_;
};

std::vector<std::string> Symbols(int count) {
  std::vector<std::string> symbols;
  for (int i = 0; i < count; ++i) {
    symbols.push_back(fmt::format("{}{:02d}", i % 7 == 3 ? 'X' : i % 5 == 4 ? 'B' : 'A', i));
  }
  return symbols;
}

TEST_F(FetchParallel, AsManySymbolsAsAreAllowedAreAskedForAtOnceAndNoMore) {
  Turnstile gate(3);
  const FetchRun run = Await(Begin(gate, 3, Symbols(20)));
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded);
  EXPECT_EQ(gate.asked(), 20);
  EXPECT_EQ(gate.most(), 3);
}

TEST_F(FetchParallel, OneAtATimeIsOneAtATime) {
  Turnstile gate(1);
  Await(Begin(gate, 1, Symbols(5)));
  EXPECT_EQ(gate.most(), 1);
  EXPECT_EQ(gate.asked(), 5);
}

TEST_F(FetchParallel, WhatComesOfARunDoesNotDependOnHowManyAreAskedForAtOnce) {
  std::vector<std::string> all;
  for (const int at_once : {1, 4}) {
    Turnstile gate(at_once);
    const FetchRun run = Await(Begin(gate, at_once, Symbols(20)));
    std::string text;
    for (const FetchResult& result : run.results) {
      text += fmt::format("{} {} {} {} {} {}\n", result.symbol, static_cast<int>(result.outcome), result.rows,
                          base::DetailsOf(result.error).reason, result.body_sha256, result.attempts.size());
    }
    std::vector<std::string> symbols;
    for (const FetchResult& result : run.results) symbols.push_back(result.symbol);
    EXPECT_EQ(symbols, Symbols(20)) << "in the order asked";
    all.push_back(text);
  }
  EXPECT_EQ(all[0], all[1]);
  EXPECT_THAT(all[0], ::testing::HasSubstr("UNKNOWN_SYMBOL"));
  EXPECT_THAT(all[0], ::testing::HasSubstr("QUARANTINED"));
}

TEST_F(FetchParallel, ACancelEndsAllThatAreAskedFor) {
  Turnstile gate(1000);  // nobody gets an answer
  const std::string id = Begin(gate, 4, Symbols(20));
  for (const absl::Time end = absl::Now() + absl::Seconds(30); gate.asked() < 4 && absl::Now() < end;) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  ASSERT_EQ(gate.asked(), 4);
  ASSERT_THAT(gated_->Cancel(id, absl::InfiniteFuture()), IsOk());
  const FetchRun run = Await(id);
  EXPECT_EQ(run.job.state, jobs::State::kCancelled);
  EXPECT_EQ(gate.asked(), 4) << "and no other begins";
  EXPECT_EQ(gate.most(), 4);
  EXPECT_THAT(run.results, SizeIs(0));
}

}  // namespace
}  // namespace breadthflow::data
