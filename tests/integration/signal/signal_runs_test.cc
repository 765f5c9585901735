// Signal runs on a real PostgreSQL, with the data and training services replaced.
#include "services/signal/app/signal_runs.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/columnar/chunk_codec.h"
#include "common/jobs/store.h"
#include "common/quant/signal.h"
#include "common/quant/strategies/strategy.h"
#include "tests/contract/random_bars.h"
#include "tests/support/fake_data_client.h"
#include "tests/support/fake_training_client.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::signal {
namespace {

using ::breadthflow::testing::FakeDataClient;
using ::breadthflow::testing::FakeTrainingClient;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::RandomBars;
using ::breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kSnapshot[] = "snapshots/one";

class SignalRunsTest : public ::testing::Test {
 protected:
  SignalRunsTest() {
    data_.AddSnapshot(kSnapshot, {RandomBars("BBB", 300), RandomBars("AAA", 9000), RandomBars("CCC", 80)});
    EXPECT_THAT(postgres::Migrate(*database_, SignalStore::AllMigrations()), IsOk());
    EXPECT_THAT(runner_.Start(), IsOk());
  }

  ~SignalRunsTest() override { runner_.Drain(absl::Seconds(10)); }

  static jobs::RunnerOptions RunnerOptions() {
    jobs::RunnerOptions options;
    options.poll_interval = absl::Milliseconds(50);
    options.lease = absl::Seconds(10);
    options.heartbeat = absl::Milliseconds(100);
    return options;
  }

  static SignalSpec Spec(std::vector<std::string> symbols = {}) {
    return {.snapshot = kSnapshot, .symbols = std::move(symbols), .strategy = {"technical_analysis", {}}};
  }

  absl::StatusOr<std::string> Create(const SignalSpec& spec, const std::string& request_id = "") {
    return runs_.Create(spec, request_id, "tester", {});
  }

  // Creates a run and waits for its end.
  SignalRun Run(const SignalSpec& spec) {
    const auto id = Create(spec);
    EXPECT_THAT(id, IsOk());
    return id.ok() ? Wait(*id) : SignalRun();
  }

  SignalRun Wait(const std::string& id) {
    absl::Notification ended;
    const auto subscription = runner_.Watch(id, [&](const jobs::Job* job) {
      if (job != nullptr && jobs::IsTerminal(job->state) && !ended.HasBeenNotified()) ended.Notify();
    });
    EXPECT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(30))) << id;
    const auto run = runs_.Get(id, absl::InfiniteFuture());
    EXPECT_THAT(run, IsOk());
    return run.value_or(SignalRun());
  }

  // What is stored, chunk by chunk, as a reader puts it together.
  quant::Series Read(const std::string& id, const SymbolResult& result) {
    quant::Series series = quant::SignalSeries(SignalStore::KeyOf(id, result), {}, {}, {}, {});
    auto cursor = runs_.Open(id, result, absl::InfiniteFuture());
    EXPECT_THAT(cursor, IsOk());
    if (!cursor.ok() || !*cursor) return series;
    for (;;) {
      const auto chunk = (**cursor).Next();
      EXPECT_THAT(chunk, IsOk());
      if (!chunk.ok() || !*chunk) return series;
      EXPECT_THAT(columnar::AppendChunk((*chunk)->bytes, {}, {}, series), IsOk());
    }
  }

  // What the strategy says about the symbol's bars when asked directly.
  quant::Series Expected(const SignalSpec& spec, const std::string& id, const std::string& symbol) {
    clients::ReadQuery query;
    query.snapshot = spec.snapshot;
    query.symbols = {symbol};
    const auto bars = data_.Read(query, {});
    const auto strategy = quant::MakeStrategy(spec.strategy);
    return quant::GenerateSignals(**strategy, bars->at(0), nullptr, {.range = spec.range, .variant = id, .cancel = {}})
        .value();
  }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_.url(), .schema = "signal", .pool_size = 8});
  FakeDataClient data_;
  FakeTrainingClient training_{absl::FromUnixNanos(200 * testing::kDayNs)};
  base::SystemClock clock_;
  SignalStore store_{*database_};
  Generator generator_{data_, training_, store_};
  jobs::Runner runner_{*database_, RunnerOptions()};
  SignalRuns runs_{store_, generator_, runner_, clock_};
};

TEST_F(SignalRunsTest, StoresOneSignalPerBarAfterWarmUpForEverySymbol) {
  const SignalRun run = Run(Spec());
  ASSERT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.progress, 1);
  EXPECT_EQ(run.valid_from, absl::InfinitePast());
  EXPECT_EQ(run.strategy_version, "1.0.0");
  ASSERT_EQ(run.results.size(), 3u);
  const int64_t bars[] = {9000, 300, 80};
  for (size_t i = 0; i < 3; ++i) {
    const SymbolResult& result = run.results[i];
    EXPECT_EQ(result.symbol, std::vector<std::string>({"AAA", "BBB", "CCC"})[i]);
    EXPECT_EQ(result.warm_up_bar_count, 50);
    EXPECT_EQ(result.signal_count, bars[i] - 50);
    const quant::Series stored = Read(run.id, result);
    EXPECT_EQ(stored, Expected(run.spec, run.id, result.symbol));
    EXPECT_EQ(base::ToHex(stored.ContentHash()), result.content_sha256);
  }
}

TEST_F(SignalRunsTest, KeepsTheSpecAsItWasGiven) {
  SignalSpec spec = Spec({"CCC", "AAA"});
  spec.strategy.params = {
      {"rsi_period", int64_t{10}}, {"threshold", 0.25}, {"trend_weight", 2.0}, {"band_deviations", 1e-1}};
  spec.range = {100 * testing::kDayNs, 300 * testing::kDayNs};
  const SignalRun run = Run(spec);
  EXPECT_EQ(run.spec.snapshot, spec.snapshot);
  EXPECT_EQ(run.spec.symbols, spec.symbols);
  EXPECT_EQ(run.spec.strategy.name, spec.strategy.name);
  EXPECT_EQ(run.spec.strategy.params, spec.strategy.params);
  EXPECT_EQ(run.spec.range, spec.range);
  EXPECT_EQ(run.job.principal, "tester");
  ASSERT_EQ(run.results.size(), 2u);
  EXPECT_EQ(run.results[0].signal_count, 200);
  EXPECT_EQ(Read(run.id, run.results[0]), Expected(spec, run.id, "AAA"));
  // 80 bars end before the range begins: no signal, said so, and nothing to read.
  EXPECT_EQ(run.results[1].signal_count, 0);
  EXPECT_EQ(run.results[1].warm_up_bar_count, 80);
  EXPECT_TRUE(Read(run.id, run.results[1]).empty());
}

TEST_F(SignalRunsTest, OfAModelBeginWhereTheModelMayBeAsked) {
  SignalSpec spec = Spec({"AAA", "BBB"});
  spec.strategy = {"ml_model", {}};
  spec.model = "models/one";
  const SignalRun run = Run(spec);
  ASSERT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.valid_from, absl::FromUnixNanos(200 * testing::kDayNs));
  const quant::Series signals = Read(run.id, run.results[1]);
  EXPECT_EQ(signals.times.front(), 200 * testing::kDayNs);
  EXPECT_EQ(signals.size(), 101u);
  EXPECT_EQ(run.results[1].warm_up_bar_count, 199);
  EXPECT_GT(run.results[1].long_count, 0);
  EXPECT_GT(run.results[1].short_count, 0);
}

TEST_F(SignalRunsTest, ARangeBeforeTheModelGivesNoEarlierSignal) {
  SignalSpec spec = Spec({"AAA"});
  spec.strategy = {"ml_model", {}};
  spec.model = "models/one";
  spec.range = {0, 150 * testing::kDayNs};
  const SignalRun run = Run(spec);
  EXPECT_EQ(run.job.state, jobs::State::kFailed);
  EXPECT_THAT(run.job.error, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_SIGNALS"));
  EXPECT_THAT(base::Message(run.job.error), HasSubstr("the model may be asked from"));
}

TEST_F(SignalRunsTest, TheSameRequestIsTheSameRun) {
  const std::string request_id = base::NewUuid(clock_.Now());
  const auto first = Create(Spec(), request_id);
  const auto second = Create(Spec(), request_id);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(*first, *second);
  EXPECT_THAT(Create(Spec({"AAA"}), request_id), StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  Wait(*first);
  EXPECT_EQ(*Create(Spec(), request_id), *first);
  data_.RemoveSnapshot(kSnapshot);
  EXPECT_EQ(*Create(Spec(), request_id), *first) << "answered without the other services";
  EXPECT_EQ(runs_.List("", 10, absl::InfiniteFuture())->size(), 1u);
}

TEST_F(SignalRunsTest, RefusesWhatOtherServicesDoNotKnowAndWritesNothing) {
  const auto symbols = Create(Spec({"AAA", "XXX", "YYY"}));
  EXPECT_THAT(symbols, StatusIs(absl::StatusCode::kInvalidArgument, "UNKNOWN_SYMBOL"));
  EXPECT_THAT(base::DetailsOf(symbols.status()).violations,
              ElementsAre(base::FieldViolation{"spec.symbols[1]", "'XXX' is not in snapshots/one"},
                          base::FieldViolation{"spec.symbols[2]", "'YYY' is not in snapshots/one"}));
  SignalSpec spec = Spec();
  spec.snapshot = "snapshots/none";
  EXPECT_THAT(Create(spec), StatusIs(absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND"));
  spec = Spec();
  spec.strategy = {"ml_model", {}};
  spec.model = "models/none";
  EXPECT_THAT(Create(spec), StatusIs(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND"));
  EXPECT_TRUE(runs_.List("", 10, absl::InfiniteFuture())->empty());
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM signal.job"), "0");
}

TEST_F(SignalRunsTest, OneBadSymbolFailsTheRunAndEverySymbolSaysWhy) {
  quant::Series broken = RandomBars("BAD", 200);
  broken.columns.pop_back();
  data_.AddSnapshot("snapshots/bad", {RandomBars("AAA", 200), broken, RandomBars("NONE", 0)});
  SignalSpec spec = Spec();
  spec.snapshot = "snapshots/bad";
  const SignalRun run = Run(spec);
  EXPECT_EQ(run.job.state, jobs::State::kFailed);
  EXPECT_EQ(run.job.attempt, 1) << "trying again can not help";
  EXPECT_THAT(run.job.error, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
  EXPECT_EQ(base::DetailsOf(run.job.error).violations.size(), 2u);
  ASSERT_EQ(run.results.size(), 3u);
  EXPECT_THAT(run.results[0].error, StatusIs(absl::StatusCode::kAborted, "RUN_FAILED"));
  EXPECT_THAT(run.results[1].error, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
  EXPECT_THAT(run.results[2].error, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_BARS"));
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM signal.series"), "0") << "nothing of a failed run is kept";
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM signal.chunk"), "1") << "but what was written for AAA";
  EXPECT_EQ(*store_.SweepOrphans(), 0) << "a run may still be at work";
  server_.Sql("UPDATE signal.chunk SET stored_at = stored_at - interval '25 hours'");
  EXPECT_EQ(*store_.SweepOrphans(), 1);
}

TEST_F(SignalRunsTest, APassingFaultIsTriedAgainAndLeavesNothingTwice) {
  std::atomic<int> reads = 0;
  data_.before = [&](const std::string& symbol, const clients::CallScope&) {
    return symbol == "CCC" && ++reads == 1 ? absl::UnavailableError("the data service restarts") : absl::OkStatus();
  };
  const SignalRun run = Run(Spec());
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.attempt, 2);
  ASSERT_EQ(run.results.size(), 3u);
  EXPECT_EQ(Read(run.id, run.results[0]), Expected(run.spec, run.id, "AAA"));
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM signal.series"), "3");
}

TEST_F(SignalRunsTest, ACancelledRunKeepsNothing) {
  absl::Notification reading;
  data_.before = [&](const std::string& symbol, const clients::CallScope& scope) -> absl::Status {
    if (symbol != "CCC") return absl::OkStatus();
    if (!reading.HasBeenNotified()) reading.Notify();
    while (!scope.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(5));
    return scope.cancel.Check();
  };
  const auto id = Create(Spec());
  ASSERT_THAT(id, IsOk());
  ASSERT_TRUE(reading.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_THAT(runs_.Cancel(*id, absl::InfiniteFuture()), IsOk());
  const SignalRun run = Wait(*id);
  EXPECT_EQ(run.job.state, jobs::State::kCancelled);
  EXPECT_TRUE(run.results.empty());
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM signal.series"), "0");
  EXPECT_THAT(runs_.Cancel(*id, absl::InfiniteFuture()), IsOk()) << "twice is once";
  EXPECT_THAT(runs_.Cancel("none", absl::InfiniteFuture()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SignalRunsTest, AreReadableOnlyAfterTheySucceeded) {
  absl::Notification go;
  data_.before = [&](const std::string&, const clients::CallScope&) {
    go.WaitForNotification();
    return absl::OkStatus();
  };
  const auto id = Create(Spec({"CCC", "BBB"}));
  ASSERT_THAT(id, IsOk());
  EXPECT_THAT(runs_.Readable(*id, {}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
  go.Notify();
  Wait(*id);
  const auto all = runs_.Readable(*id, {}, absl::InfiniteFuture());
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).symbol, "BBB");
  const auto chosen = runs_.Readable(*id, {"CCC"}, absl::InfiniteFuture());
  ASSERT_THAT(chosen, IsOk());
  EXPECT_EQ(chosen->size(), 1u);
  const auto unknown = runs_.Readable(*id, {"CCC", "AAA", "ZZZ"}, absl::InfiniteFuture());
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
  EXPECT_EQ(base::DetailsOf(unknown.status()).violations.size(), 2u);
  EXPECT_THAT(runs_.Readable("none", {}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "SIGNAL_RUN_NOT_FOUND"));
}

TEST_F(SignalRunsTest, AreListedNewestFirstPageByPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Run(Spec({"CCC"})).id);
  std::vector<std::string> listed;
  std::string before;
  for (;;) {
    const auto page = runs_.List(before, 2, absl::InfiniteFuture());
    ASSERT_THAT(page, IsOk());
    if (page->empty()) break;
    for (const SignalRun& run : *page) {
      listed.push_back(run.id);
      EXPECT_EQ(run.results.size(), 1u);
    }
    before = listed.back();
  }
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(listed, ids);
}

TEST_F(SignalRunsTest, AnOldAttemptCanNotWriteItsFailure) {
  const SignalRun run = Run(Spec({"CCC"}));
  EXPECT_THAT(store_.RecordFailure(run.id, run.job.epoch, {{.symbol = "CCC", .error = absl::InternalError("late")}}),
              StatusIs(absl::StatusCode::kAborted, "LEASE_LOST"));
  EXPECT_THAT(runs_.Get(run.id, absl::InfiniteFuture())->results.at(0).error, IsOk());
}

TEST_F(SignalRunsTest, ReadPricesAdjustedForSplitsOrAsTheyAreWhenAdjustedForMore) {
  EXPECT_EQ(Run(Spec({"CCC"})).job.state, jobs::State::kSucceeded);
  ASSERT_EQ(data_.queries.size(), 1u);
  EXPECT_EQ(data_.queries[0].basis, quant::PriceBasis::kSplitAdjusted);

  quant::Series adjusted = RandomBars("DIV", 200);
  adjusted.basis = quant::PriceBasis::kSplitAndDividendAdjusted;
  data_.AddSnapshot("snapshots/adjusted", {adjusted});
  SignalSpec spec = Spec();
  spec.snapshot = "snapshots/adjusted";
  EXPECT_EQ(Run(spec).job.state, jobs::State::kSucceeded);
  EXPECT_EQ(data_.queries.size(), 2u) << "one read, whatever the series are adjusted for";
  EXPECT_TRUE(data_.queries.back().keep_adjusted);
}

TEST_F(SignalRunsTest, TheOrderOfTheSymbolsChangesNothing) {
  const SignalRun forwards = Run(Spec({"AAA", "BBB", "CCC"}));
  const SignalRun backwards = Run(Spec({"CCC", "AAA", "BBB"}));
  ASSERT_EQ(forwards.results.size(), 3u);
  ASSERT_EQ(backwards.results.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(forwards.results[i].symbol, backwards.results[i].symbol);
    EXPECT_EQ(forwards.results[i].content_sha256, backwards.results[i].content_sha256);
  }
}

TEST_F(SignalRunsTest, TheSameInputsGiveTheSameContentInAnotherRun) {
  const SignalRun first = Run(Spec());
  const SignalRun second = Run(Spec());
  ASSERT_EQ(first.results.size(), second.results.size());
  for (size_t i = 0; i < first.results.size(); ++i)
    EXPECT_EQ(first.results[i].content_sha256, second.results[i].content_sha256);
  EXPECT_NE(first.id, second.id);
}

}  // namespace
}  // namespace breadthflow::signal
