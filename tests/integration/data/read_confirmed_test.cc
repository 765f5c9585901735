// Adjusted reads of symbols to which nothing happened, as their source confirmed when it was asked.
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31, Tuesday, Wednesday 2 September
const std::vector<double> kCloses = {500, 504, 508, 532, 530};

int64_t Day(CivilDay day) { return quant::ToNanos(absl::FromCivil(day, absl::UTCTimeZone())); }

class ReadConfirmedTest : public ReadTest {
 protected:
  // A fetch that ends without a row and without an error.
  void Ask(const std::string& resource, quant::TimeRange range, component::RawParams params = {}) {
    clients::FetchSpec spec = Simulated({"AAPL"}, range, std::move(params));
    spec.resource = resource;
    spec.timeframe = quant::Timeframe::kTick;
    const clients::FetchRun run = Fetch(spec);
    ASSERT_EQ(run.items.size(), 1u);
    ASSERT_EQ(run.items[0].outcome, clients::FetchOutcome::kEmptyConfirmed) << run.items[0].error;
  }
  void AskForBoth(quant::TimeRange range) {
    Ask("split", range);
    Ask("dividend", range);
  }
  // As if another source had been asked what the simulated one was asked.
  void Answered(const std::string& source) {
    database_server_.Sql(
        "INSERT INTO data.coverage_series (resource, symbol, timeframe, source) SELECT resource, symbol, timeframe, '" +
        source + "' FROM data.coverage_series WHERE source = 'simulated'");
    database_server_.Sql(
        "INSERT INTO data.coverage_answer SELECT t.id, e.known_at, e.start_time_ns, e.end_time_ns "
        "FROM data.coverage_answer e JOIN data.coverage_series s ON s.id = e.series_id AND s.source = 'simulated' "
        "JOIN data.coverage_series t ON t.resource = s.resource AND t.source = '" +
        source + "'");
  }
  void PutBars() { Put(FlatBars("AAPL", kThursday, kCloses, quant::PriceBasis::kRaw, "simulated")); }
  absl::StatusOr<Series> Read(Adjustment adjustment, clients::ReadQuery query = {}) {
    query.adjustment = adjustment;
    return ReadOne("AAPL", query);
  }
  static auto Refused() { return StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"); }

  const quant::TimeRange whole_{Day(kThursday), Day(CivilDay(2020, 9, 3))};
};

TEST_F(ReadConfirmedTest, WhatIsConfirmedNotToHaveHappenedChangesNoPrice) {
  PutBars();
  for (const Adjustment adjustment : {Adjustment::kSplit, Adjustment::kSplitDividend, Adjustment::kTotalReturn,
                                      Adjustment::kForwardSplit, Adjustment::kForward}) {
    EXPECT_THAT(Read(adjustment), Refused()) << "nobody was asked";
  }
  Ask("split", whole_);
  EXPECT_THAT(Read(Adjustment::kSplit), IsOk());
  EXPECT_THAT(Read(Adjustment::kTotalReturn), Refused()) << "nobody was asked for dividends";
  Ask("dividend", whole_);
  for (const Adjustment adjustment : {Adjustment::kSplit, Adjustment::kSplitDividend, Adjustment::kTotalReturn,
                                      Adjustment::kForwardSplit, Adjustment::kForward}) {
    BF_ASSERT_OK_AND_ASSIGN(const Series read, Read(adjustment));
    EXPECT_THAT(read.Doubles("close"), ElementsAreArray(kCloses));
    EXPECT_THAT(read.Doubles("volume"), ElementsAre(100, 100, 100, 100, 100));
    EXPECT_NE(read.basis, quant::PriceBasis::kRaw);
  }
}

TEST_F(ReadConfirmedTest, ASourceThatWasAskedForAPartIsAskedForTheRestByName) {
  PutBars();
  AskForBoth({whole_.start_ns, Day(CivilDay(2020, 8, 29))});
  const auto refused = Read(Adjustment::kTotalReturn);
  EXPECT_THAT(refused, Refused());
  EXPECT_THAT(base::Message(refused.status()),
              AllOf(HasSubstr("nobody asked simulated for dividends"), HasSubstr("from 2020-08-29 "),
                    HasSubstr("to 2020-09-02T20:00:00.000000001Z")));
  const clients::ReadQuery two_days{.range = {INT64_MIN, CloseOf(CivilDay(2020, 8, 31))}};
  BF_ASSERT_OK_AND_ASSIGN(const Series part, Read(Adjustment::kTotalReturn, two_days));
  EXPECT_THAT(part.Doubles("close"), ElementsAre(500, 504)) << "no later event would change these";
  EXPECT_THAT(Read(Adjustment::kSplit, two_days), Refused()) << "a split on Monday would";
  AskForBoth({Day(CivilDay(2020, 8, 29)), whole_.end_ns});
  EXPECT_THAT(Read(Adjustment::kTotalReturn), IsOk()) << "two answers, back to back";
  EXPECT_THAT(Read(Adjustment::kSplit, two_days), IsOk());
}

TEST_F(ReadConfirmedTest, AnAnswerCountsFromWhenItCameAndForEverAsOfThen) {
  PutBars();
  const absl::Time before = absl::Now();
  clients::SnapshotSpec spec;
  spec.symbols = {"AAPL"};
  BF_ASSERT_OK_AND_ASSIGN(const auto early, client_->CreateSnapshot(spec, "", {}));
  AskForBoth(whole_);
  const absl::Time after = absl::Now();
  BF_ASSERT_OK_AND_ASSIGN(const auto late, client_->CreateSnapshot(spec, "", {}));
  BF_ASSERT_OK_AND_ASSIGN(const Series then, Read(Adjustment::kTotalReturn, {.as_of = after}));

  // Asked again, and more; then a dividend is found after all.
  AskForBoth({Day(CivilDay(2020, 8, 1)), Day(CivilDay(2020, 9, 10))});
  Put(Events("dividend", "AAPL", {{CivilDay(2020, 8, 28), 8}}, "simulated"));
  EXPECT_THAT(Read(Adjustment::kTotalReturn, {.as_of = before}), Refused());
  EXPECT_THAT(Read(Adjustment::kTotalReturn, {.snapshot = early.name}), Refused());
  for (const clients::ReadQuery& query :
       {clients::ReadQuery{.as_of = after}, clients::ReadQuery{.snapshot = late.name}}) {
    BF_ASSERT_OK_AND_ASSIGN(const Series again, Read(Adjustment::kTotalReturn, query));
    EXPECT_EQ(again.times, then.times);
    EXPECT_EQ(again.columns, then.columns);
  }
  BF_ASSERT_OK_AND_ASSIGN(const Series now, Read(Adjustment::kTotalReturn));
  EXPECT_NE(now.columns, then.columns);
}

TEST_F(ReadConfirmedTest, WhatIsStoredOrInAColumnCountsBeforeWhatIsConfirmed) {
  PutBars();
  AskForBoth(whole_);
  Answered("real");
  Put(FlatBars("AAPL", kThursday, kCloses, quant::PriceBasis::kRaw, "real"));
  Put(Events("split", "AAPL", {{CivilDay(2020, 8, 31), 2}}, "elsewhere"));
  BF_ASSERT_OK_AND_ASSIGN(const Series elsewhere, Read(Adjustment::kSplit, {.source = "real"}));
  EXPECT_THAT(elsewhere.Doubles("close"), ElementsAre(250, 252, 508, 532, 530));
  Series bars = FlatBars("AAPL", kThursday, kCloses, quant::PriceBasis::kRaw, "simulated");
  bars.Add("split_ratio", std::vector<double>{1, 1, 2, 1, 1});
  bars.Add("dividend", std::vector<double>{0, 5.04, 0, 0, 0});
  Put(bars);
  BF_ASSERT_OK_AND_ASSIGN(const Series column, Read(Adjustment::kSplitDividend, {.source = "simulated"}));
  EXPECT_LT(column.Doubles("close")[0], 250) << "split and dividend of the columns";
}

TEST_F(ReadConfirmedTest, OfSeveralSourcesTheOwnOneIsBelievedAndElseTheFirstByName) {
  Put(FlatBars("AAPL", kThursday, kCloses, quant::PriceBasis::kRaw, "elsewhere"));
  AskForBoth(whole_);
  EXPECT_THAT(Read(Adjustment::kTotalReturn), Refused()) << "what is made up says nothing of real prices";
  Answered("third");
  EXPECT_THAT(Read(Adjustment::kTotalReturn), IsOk()) << "the only one that was asked";
  Answered("fourth");
  EXPECT_THAT(Read(Adjustment::kTotalReturn), IsOk()) << "another answer breaks no read";
  PutBars();
  EXPECT_THAT(Read(Adjustment::kTotalReturn, {.source = "simulated"}), IsOk());
}

TEST_F(ReadConfirmedTest, AFailureConfirmsNothing) {
  PutBars();
  clients::FetchSpec spec = Csv({"AAPL"});
  spec.resource = "dividend";
  spec.timeframe = quant::Timeframe::kTick;
  const clients::FetchRun run = Fetch(spec);
  ASSERT_EQ(run.items.size(), 1u);
  ASSERT_EQ(run.items[0].outcome, clients::FetchOutcome::kFailed);
  Ask("split", whole_);
  EXPECT_THAT(Read(Adjustment::kTotalReturn), Refused());
}

}  // namespace
}  // namespace breadthflow::data
