// Backtest runs on a real PostgreSQL, with the data and signal services replaced.
#include "services/backtest/app/backtest_runs.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/jobs/store.h"
#include "services/backtest/app/reporter.h"
#include "services/backtest/domain/report/render.h"
#include "tests/support/fake_data_client.h"
#include "tests/support/fake_signal_client.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Trend;

constexpr char kSnapshot[] = "snapshots/one";
constexpr char kSignals[] = "signalRuns/one";

class BacktestRunsTest : public ::testing::Test {
 protected:
  BacktestRunsTest() {
    const std::vector<testing::Market> markets = {Trend("BBB", 1, 400), Trend("AAA", 2, 400), Trend("CCC", 3, 300, 50)};
    std::vector<quant::Series> bars;
    for (const testing::Market& market : markets) {
      bars.push_back(market.bars);
      signals_list_.push_back(market.signals);
    }
    data_.AddSnapshot(kSnapshot, bars);
    signals_.AddRun(kSignals, kSnapshot, signals_list_);
    EXPECT_THAT(postgres::Migrate(*database_, BacktestStore::AllMigrations()), IsOk());
    EXPECT_THAT(runner_.Start(), IsOk());
  }

  ~BacktestRunsTest() override { runner_.Drain(absl::Seconds(10)); }

  static jobs::RunnerOptions RunnerOptions() {
    jobs::RunnerOptions options;
    options.poll_interval = absl::Milliseconds(50);
    options.lease = absl::Seconds(10);
    options.heartbeat = absl::Milliseconds(100);
    return options;
  }

  static BacktestSpec Spec(std::vector<std::string> symbols = {}) {
    return {.snapshot = kSnapshot, .signal_run = kSignals, .symbols = std::move(symbols)};
  }

  absl::StatusOr<std::string> Create(const BacktestSpec& spec, const std::string& request_id = "") {
    return runs_.Create(spec, request_id, "tester", {});
  }

  BacktestRun Run(const BacktestSpec& spec) {
    const auto id = Create(spec);
    EXPECT_THAT(id, IsOk());
    return id.ok() ? Wait(*id) : BacktestRun();
  }

  BacktestRun Wait(const std::string& id) {
    absl::Notification ended;
    const auto subscription = runner_.Watch(id, [&](const jobs::Job* job) {
      if (job != nullptr && jobs::IsTerminal(job->state) && !ended.HasBeenNotified()) ended.Notify();
    });
    EXPECT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(30))) << id;
    const auto run = runs_.Get(id, absl::InfiniteFuture());
    EXPECT_THAT(run, IsOk());
    return run.value_or(BacktestRun());
  }

  // What the domain finds when it is asked directly.
  Outcome Expected(const BacktestSpec& spec) {
    clients::ReadQuery query;
    query.snapshot = spec.snapshot;
    query.symbols = spec.symbols;
    const auto bars = data_.Read(query, {});
    const auto signals = signals_.ReadSignals(spec.signal_run, spec.symbols, {});
    return RunBacktest(spec, *bars, *signals, {}).value();
  }

  std::string Count(const std::string& table) { return server_.Sql("SELECT count(*) FROM backtest." + table); }

  ::breadthflow::testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_.url(), .schema = "backtest", .pool_size = 8});
  std::vector<quant::Series> signals_list_;
  ::breadthflow::testing::FakeDataClient data_;
  ::breadthflow::testing::FakeSignalClient signals_;
  base::SystemClock clock_;
  BacktestStore store_{*database_};
  Backtester backtester_{data_, signals_};
  Reporter reporter_{store_, data_, signals_};
  jobs::Runner runner_{*database_, RunnerOptions()};
  BacktestRuns runs_{store_, backtester_, runner_, clock_};
};

TEST_F(BacktestRunsTest, StoresExactlyWhatTheSimulationFound) {
  const BacktestRun run = Run(Spec());
  ASSERT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  const Outcome expected = Expected(Spec());
  EXPECT_EQ(run.digest, expected.digest);
  EXPECT_THAT(run.symbols, ElementsAre("AAA", "BBB", "CCC"));
  EXPECT_EQ(run.timeframe, quant::Timeframe::kDay);
  EXPECT_EQ(run.basis, quant::PriceBasis::kRaw);
  EXPECT_EQ(run.trade_count, static_cast<int64_t>(expected.result.round_trips.size()));
  EXPECT_EQ(run.fill_count, static_cast<int64_t>(expected.result.fills.size()));
  ASSERT_EQ(run.metrics.size(), expected.metrics.size());
  for (size_t i = 0; i < run.metrics.size(); ++i) {
    EXPECT_EQ(run.metrics[i].name, expected.metrics[i].name);
    EXPECT_EQ(run.metrics[i].value, expected.metrics[i].value) << "to the bit";
  }

  const auto curve = store_.ReadCurve(run, absl::InfiniteFuture());
  ASSERT_THAT(curve, IsOk());
  EXPECT_EQ(*curve, CurveSeries(expected, run.id));

  const auto trades = store_.Trades(run.id, {}, absl::InfiniteFuture());
  ASSERT_THAT(trades, IsOk());
  const std::vector<Trade> wanted = TradesOf(expected.result);
  ASSERT_EQ(trades->size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(trades->at(i).symbol, wanted[i].symbol);
    EXPECT_EQ(trades->at(i).pnl, wanted[i].pnl);
    EXPECT_EQ(trades->at(i).entry_ns, wanted[i].entry_ns);
    EXPECT_EQ(trades->at(i).open, wanted[i].open);
  }
  const auto fills = store_.Fills(run.id, absl::InfiniteFuture());
  ASSERT_THAT(fills, IsOk());
  ASSERT_EQ(fills->size(), expected.result.fills.size());
  for (size_t i = 0; i < fills->size(); ++i) {
    EXPECT_EQ(fills->at(i).fill.price, expected.result.fills[i].price);
    EXPECT_EQ(fills->at(i).fill.reason, expected.result.fills[i].reason);
  }
}

TEST_F(BacktestRunsTest, KeepsTheSpecAsItWasGiven) {
  BacktestSpec spec = Spec({"CCC", "AAA"});
  spec.range = {testing::kStart + 60 * testing::kDayNs, testing::kStart + 300 * testing::kDayNs};
  spec.initial_cash = 12'345.678;
  spec.engine.params = {{"fill_at", std::string("close")}, {"slippage_bps", 2.0}, {"delay_bars", int64_t{1}}};
  spec.risk.params = {{"max_position_share", 0.3}, {"stop_loss", 1e-1}};
  spec.sizer.params = {{"allow_short", true}};
  spec.risk_free_rate = 0.02;
  const BacktestRun run = Run(spec);
  ASSERT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.spec.symbols, spec.symbols);
  EXPECT_EQ(run.spec.range, spec.range);
  EXPECT_EQ(run.spec.initial_cash, spec.initial_cash);
  EXPECT_EQ(run.spec.engine.params, spec.engine.params);
  EXPECT_EQ(run.spec.risk.params, spec.risk.params);
  EXPECT_EQ(run.spec.sizer.params, spec.sizer.params);
  EXPECT_EQ(run.spec.risk_free_rate, spec.risk_free_rate);
  EXPECT_EQ(Fingerprint(run.spec), Fingerprint(spec));
  EXPECT_EQ(run.job.principal, "tester");
  EXPECT_GT(run.refusal_count, 0);
  EXPECT_EQ(run.digest, Expected(spec).digest);
  const auto refusals = store_.Refusals(run.id, 1000, absl::InfiniteFuture());
  ASSERT_THAT(refusals, IsOk());
  EXPECT_EQ(static_cast<int64_t>(refusals->size()), run.refusal_count);
}

TEST_F(BacktestRunsTest, TheSameInputsGiveTheSameDigestInAnotherRun) {
  const BacktestRun first = Run(Spec()), second = Run(Spec());
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(first.digest, second.digest);
  BacktestSpec other = Spec();
  other.initial_cash = 50'000;
  EXPECT_NE(Run(other).digest, first.digest);
}

TEST_F(BacktestRunsTest, TheSameRequestIsTheSameRun) {
  const std::string request_id = base::NewUuid(clock_.Now());
  const auto first = Create(Spec(), request_id);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(*Create(Spec(), request_id), *first);
  BacktestSpec other = Spec();
  other.risk_free_rate = 0.01;
  EXPECT_THAT(Create(other, request_id), StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  Wait(*first);
  EXPECT_EQ(*Create(Spec(), request_id), *first);
  data_.RemoveSnapshot(kSnapshot);
  EXPECT_EQ(*Create(Spec(), request_id), *first) << "answered without the other services";
  EXPECT_EQ(Count("backtest_run"), "1");
}

TEST_F(BacktestRunsTest, RefusesInputsThatDoNotFitAndWritesNothing) {
  const auto symbols = Create(Spec({"AAA", "XXX"}));
  EXPECT_THAT(symbols, StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));
  EXPECT_THAT(base::DetailsOf(symbols.status()).violations,
              ElementsAre(base::FieldViolation{"spec.symbols[1]", "'XXX' is not in signalRuns/one"}));

  BacktestSpec spec = Spec();
  spec.snapshot = "snapshots/none";
  EXPECT_THAT(Create(spec), StatusIs(absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND"));
  spec = Spec();
  spec.signal_run = "signalRuns/none";
  EXPECT_THAT(Create(spec), StatusIs(absl::StatusCode::kNotFound, "SIGNAL_RUN_NOT_FOUND"));

  data_.AddSnapshot("snapshots/two", {testing::RandomBars("AAA", 2, 10)});
  spec = Spec();
  spec.snapshot = "snapshots/two";
  const auto other = Create(spec);
  EXPECT_THAT(other, StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));
  EXPECT_EQ(base::DetailsOf(other.status()).violations.at(0).field, "spec.snapshot");

  signals_.AddRun("signalRuns/empty", kSnapshot, {signals_list_[0], signals_list_[1].Rows(0, 0)});
  spec = Spec();
  spec.signal_run = "signalRuns/empty";
  const auto empty = Create(spec);
  EXPECT_THAT(empty, StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));
  EXPECT_THAT(base::Message(empty.status()), HasSubstr("'AAA' has no signals"));

  signals_.SetState(kSignals, clients::RunState::kRunning);
  EXPECT_THAT(Create(Spec()), StatusIs(absl::StatusCode::kFailedPrecondition, "SIGNALS_NOT_READY"));
  EXPECT_EQ(Count("backtest_run"), "0");
  EXPECT_EQ(Count("job"), "0");
}

TEST_F(BacktestRunsTest, FailsForARangeWithoutBarsAndKeepsNothing) {
  BacktestSpec spec = Spec();
  spec.range = {testing::kStart, testing::kStart + 20 * testing::kDayNs};  // CCC begins on day 50
  const BacktestRun run = Run(spec);
  EXPECT_EQ(run.job.state, jobs::State::kFailed);
  EXPECT_EQ(run.job.attempt, 1) << "trying again can not help";
  EXPECT_THAT(run.job.error, StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));
  EXPECT_THAT(base::Message(run.job.error), HasSubstr("CCC"));
  EXPECT_TRUE(run.digest.empty());
  EXPECT_EQ(Count("series"), "0");
  EXPECT_EQ(Count("backtest_trade"), "0");
}

TEST_F(BacktestRunsTest, APassingFaultIsTriedAgainAndLeavesNothingTwice) {
  std::atomic<int> reads = 0;
  signals_.before = [&](const clients::CallScope&) {
    return ++reads == 1 ? absl::UnavailableError("the signal service restarts") : absl::OkStatus();
  };
  const BacktestRun run = Run(Spec());
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.attempt, 2);
  EXPECT_EQ(Count("series"), "1");
  EXPECT_EQ(Count("backtest_fill"), std::to_string(run.fill_count));
}

TEST_F(BacktestRunsTest, AFaultWhileResultsAreWrittenLeavesNothingByHalves) {
  // The last table of the transaction refuses the first attempt: everything before it must be undone, then written
  // once.
  server_.Sql(R"sql(
    CREATE SEQUENCE backtest.attempts;
    CREATE FUNCTION backtest.refuse_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('backtest.attempts') = 1 THEN RAISE EXCEPTION USING ERRCODE = '53300', MESSAGE = 'planted'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER refuse AFTER INSERT ON backtest.backtest_trade FOR EACH STATEMENT
      EXECUTE FUNCTION backtest.refuse_once();)sql");
  const BacktestRun run = Run(Spec());
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(server_.Sql("SELECT last_value FROM backtest.attempts"), "2");
  EXPECT_EQ(Count("series"), "1");
  EXPECT_EQ(Count("backtest_metric"), std::to_string(run.metrics.size()));
  EXPECT_EQ(Count("backtest_fill"), std::to_string(run.fill_count));
  EXPECT_EQ(run.digest, Expected(Spec()).digest);
}

TEST_F(BacktestRunsTest, ACancelledRunKeepsNothing) {
  absl::Notification reading;
  signals_.before = [&](const clients::CallScope& scope) -> absl::Status {
    if (!reading.HasBeenNotified()) reading.Notify();
    while (!scope.cancel.cancelled()) absl::SleepFor(absl::Milliseconds(5));
    return scope.cancel.Check();
  };
  const auto id = Create(Spec());
  ASSERT_THAT(id, IsOk());
  ASSERT_TRUE(reading.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_THAT(runs_.GetSucceeded(*id, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
  EXPECT_THAT(runs_.Cancel(*id, absl::InfiniteFuture()), IsOk());
  const BacktestRun run = Wait(*id);
  EXPECT_EQ(run.job.state, jobs::State::kCancelled);
  EXPECT_TRUE(run.digest.empty());
  EXPECT_EQ(Count("series"), "0");
  EXPECT_THAT(runs_.Cancel(*id, absl::InfiniteFuture()), IsOk()) << "twice is once";
  EXPECT_THAT(runs_.Cancel("none", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "BACKTEST_RUN_NOT_FOUND"));
}

TEST_F(BacktestRunsTest, AreListedNewestFirstPageByPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Run(Spec({"CCC"})).id);
  std::vector<std::string> listed;
  std::string before;
  for (;;) {
    const auto page = runs_.List(before, 2, absl::InfiniteFuture());
    ASSERT_THAT(page, IsOk());
    if (page->empty()) break;
    for (const BacktestRun& run : *page) {
      listed.push_back(run.id);
      EXPECT_FALSE(run.metrics.empty());
    }
    before = listed.back();
  }
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(listed, ids);
}

TEST_F(BacktestRunsTest, PricesAreReadAdjustedForSplitsOrAsTheyAreWhenAdjustedForMore) {
  EXPECT_EQ(Run(Spec({"CCC"})).job.state, jobs::State::kSucceeded);
  EXPECT_EQ(data_.queries.back().basis, quant::PriceBasis::kSplitAdjusted);
  testing::Market market = Trend("DIV", 9, 100);
  market.bars.basis = quant::PriceBasis::kSplitAndDividendAdjusted;
  data_.AddSnapshot("snapshots/div", {market.bars});
  signals_.AddRun("signalRuns/div", "snapshots/div", {market.signals});
  BacktestSpec spec;
  spec.snapshot = "snapshots/div";
  spec.signal_run = "signalRuns/div";
  const BacktestRun run = Run(spec);
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.basis, quant::PriceBasis::kSplitAndDividendAdjusted);
}

TEST_F(BacktestRunsTest, TheReportAddsUpAndShowsWhereItComesFrom) {
  const BacktestRun run = Run(Spec());
  ASSERT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  const auto report = reporter_.Full(run, {{"Model scores", {"Score", "Value"}, {{"AUC", "0.53"}}}}, {});
  ASSERT_THAT(report, IsOk());
  double pnl = 0;
  for (const report::SymbolSummary& summary : report->symbols) pnl += summary.pnl;
  EXPECT_NEAR(pnl, report->equity.back() - run.spec.initial_cash, 1e-6);
  double growth = 1;
  for (const report::MonthlyReturn& month : report->monthly) growth *= 1 + month.value;
  EXPECT_NEAR(growth, report->equity.back() / run.spec.initial_cash, 1e-9);
  EXPECT_EQ(report->prices.size(), 3u);
  const std::string html = report::RenderHtml(*report);
  for (const std::string& part :
       {std::string(kSnapshot), std::string(kSignals), run.digest, run.id, std::string("technical_analysis"),
        std::string("Model scores"), std::string("as traded")})
    EXPECT_THAT(html, HasSubstr(part));
}

}  // namespace
}  // namespace breadthflow::backtest
