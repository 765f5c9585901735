// The symbols of a run end one by one: what one brought is there as soon as it ended, whatever becomes of the run.
#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::ChartQuestion;
using breadthflow::testing::IsOk;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FetchSymbols : public FetchFixture {
 protected:
  using FetchFixture::FetchFixture;

  // The provider answers for no symbol of `hanging_` until it is told to.
  void HangFor(std::set<std::string> symbols) {
    hanging_ = std::move(symbols);
    answer_ = [this](const ChartQuestion& question) {
      if (!healed_ && hanging_.contains(question.symbol)) {
        hung_ = true;
        return Answer{Fault::kHang, ""};
      }
      return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now())};
    };
  }

  static void Until(const std::function<bool()>& holds) {
    for (const absl::Time end = absl::Now() + absl::Seconds(20); absl::Now() < end;
         absl::SleepFor(absl::Milliseconds(2))) {
      if (holds()) return;
    }
    ADD_FAILURE() << "does not come about";
  }

  int AskedFor(const std::string& symbol) const {
    int times = 0;
    for (const ChartQuestion& question : questions()) times += question.symbol == symbol ? 1 : 0;
    return times;
  }

  int64_t Count(const std::string& table) {
    return std::stoll(database_server_.Sql("SELECT count(*) FROM data." + table));
  }

  std::set<std::string> hanging_;
  std::atomic<bool> hung_{false};
  std::atomic<bool> healed_{false};
};

TEST_F(FetchSymbols, ACancelledRunKeepsTheSymbolsThatWereDoneAndSaysWhich) {
  HangFor({"BBB"});
  const std::string id = Start(Yahoo({"AAA", "BBB"}, "2019-01-01", "2019-02-01"));
  Until([&] { return hung_ && !CoverageOf("AAA").empty(); });
  ASSERT_THAT(fetcher_.Cancel(id, absl::InfiniteFuture()), IsOk());
  const FetchRun run = Await(id);
  EXPECT_EQ(run.job.state, jobs::State::kCancelled);
  ASSERT_THAT(run.results, SizeIs(1));
  EXPECT_EQ(run.results[0].symbol, "AAA");
  EXPECT_EQ(run.results[0].outcome, Outcome::kOk);
  EXPECT_EQ(run.results[0].rows, static_cast<int64_t>(Stored("AAA").size()));
  EXPECT_THAT(CoverageOf("BBB"), IsEmpty());
  EXPECT_EQ(Count("series"), 1);
  healed_ = true;
  EXPECT_THAT(Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01")).results.at(0).fetched_ranges, IsEmpty());
}

TEST_F(FetchSymbols, AnotherAttemptAsksOnlyForTheSymbolsThatAreNotDone) {
  HangFor({"CCC"});
  const std::string id = Start(Yahoo({"AAA", "BBB", "CCC"}, "2019-01-01", "2019-02-01"));
  Until([&] { return hung_ && !CoverageOf("AAA").empty() && !CoverageOf("BBB").empty(); });
  healed_ = true;
  // As if its worker had been gone for long.
  database_server_.Sql("UPDATE data.job SET state = 1, lease_until = NULL, worker_id = '' WHERE id = '" + id + "'");
  const FetchRun run = Await(id);
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.attempt, 2);
  ASSERT_THAT(run.results, SizeIs(3));
  for (const FetchResult& result : run.results) {
    EXPECT_EQ(result.outcome, Outcome::kOk) << result.symbol;
    EXPECT_EQ(result.changed_rows, static_cast<int64_t>(Stored(result.symbol).size())) << result.symbol;
  }
  EXPECT_EQ(AskedFor("AAA"), 1);
  EXPECT_EQ(AskedFor("BBB"), 1);
  EXPECT_EQ(AskedFor("CCC"), 2);
  EXPECT_EQ(Count("series_version"), 3);
}

TEST_F(FetchSymbols, ASymbolWhoseFailureMayPassIsAskedForAgainByTheNextAttemptAndOthersAreNot) {
  std::atomic<int> refusals{0};
  answer_ = [&](const ChartQuestion& question) {
    if (question.symbol == "NONE") {
      return Answer{Fault::kNone, R"({"chart":{"result":null,"error":{"code":"Not Found","description":"gone"}}})"};
    }
    // As often as one attempt asks.
    if (question.symbol == "AAA" && refusals++ < 3) return Answer{Fault::kHtml, ""};
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now())};
  };
  const FetchRun run = Fetch(Yahoo({"NONE", "AAA"}, "2019-01-01", "2019-02-01"));
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.attempt, 2) << "every symbol of the first failed";
  ASSERT_THAT(run.results, SizeIs(2));
  EXPECT_EQ(run.results[0].outcome, Outcome::kFailed);
  EXPECT_EQ(run.results[1].outcome, Outcome::kOk);
  EXPECT_EQ(AskedFor("NONE"), 1);
}

TEST_F(FetchSymbols, ASeriesThatOthersWriteMeanwhileIsWrittenAgainAndNobodyIsAskedAgain) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  quant::Series other = Stored("AAA").Slice({Ns("2019-01-01"), Ns("2019-01-05")});
  ASSERT_FALSE(other.empty());
  std::get<std::vector<double>>(other.columns[0].values)[0] += 0.01;
  const int64_t chunks = Count("chunk");
  std::string id;
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    // Its rows are computed from what is stored, and it can not store them yet.
    BF_RETURN_IF_ERROR(tx.Execute("LOCK TABLE coverage_series IN SHARE MODE").status());
    id = Start(Yahoo({"AAA"}, "2019-01-01", "2019-03-01"));
    Until([&] { return Count("chunk") > chunks; });
    return series_.chunks().Put(other).status();
  }),
              IsOk());
  const FetchRun run = Await(id);
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded) << run.job.error;
  EXPECT_EQ(run.job.attempt, 1);
  ASSERT_THAT(run.results, SizeIs(1));
  EXPECT_GT(run.results[0].changed_rows, 10);
  EXPECT_EQ(AskedFor("AAA"), 2) << "one for each run";
  const quant::Series stored = Stored("AAA");
  EXPECT_EQ(stored.size(), quant::Xnys().ClosingIn({Ns("2019-01-01"), Ns("2019-03-01")}).size());
  EXPECT_EQ(std::get<std::vector<double>>(stored.columns[0].values)[0],
            std::get<std::vector<double>>(other.columns[0].values)[0])
      << "the other's row stays";
}

// A worker that has lost its run while it asked commits nothing any more.
TEST_F(FetchSymbols, AnAttemptThatLostItsRunStoresNothing) {
  std::atomic<bool> asked{false};
  std::atomic<bool> go{false};
  answer_ = [&](const ChartQuestion& question) {
    asked = true;
    Until([&] { return go.load(); });
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now())};
  };
  const std::string id = Start(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  Until([&] { return asked.load(); });
  database_server_.Sql("UPDATE data.job SET epoch = epoch + 1, lease_until = now() + interval '1 h' WHERE id = '" + id +
                       "'");
  go = true;
  Until([&] { return runner_.running() == 0; });
  EXPECT_EQ(Count("series"), 0);
  EXPECT_EQ(Count("fetch_result"), 0);
  EXPECT_THAT(CoverageOf("AAA"), IsEmpty());
}

// Every poll of bars is an answer; when it became known is asked of nobody.
TEST_F(FetchSymbols, WhenAnswersBecameKnownIsRememberedOfActionsOnly) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  EXPECT_EQ(Count("coverage"), 1);
  EXPECT_EQ(Count("coverage_answer"), 0);
  FetchSpec actions = Yahoo({"AAA"}, "2019-01-01", "2019-02-01");
  actions.resource = "dividend";
  actions.timeframe = quant::Timeframe::kTick;
  EXPECT_NE(Fetch(actions).results.at(0).outcome, Outcome::kFailed);
  EXPECT_EQ(Count("coverage_answer"), 1);
}

TEST_F(FetchSymbols, APartOfACoveredRangeThatHasNoRowsIsEmpty) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  const FetchRun weekend = Fetch(Yahoo({"AAA"}, "2019-01-05", "2019-01-07"));
  EXPECT_EQ(weekend.results.at(0).outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(Fetch(Yahoo({"AAA"}, "2019-01-08", "2019-01-10")).results.at(0).outcome, Outcome::kOk);
  EXPECT_EQ(server_.requests(), 1);
}

}  // namespace
}  // namespace breadthflow::data
