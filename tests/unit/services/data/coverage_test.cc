#include "services/data/domain/coverage.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/adjustment_drift.h"
#include "services/data/domain/source_choice.h"

namespace breadthflow::data {
namespace {

using quant::TimeRange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDay = 86'400'000'000'000;
const absl::Time kNow = absl::UnixEpoch() + absl::Hours(24 * 100);  // day 100

TimeRange Days(int64_t from, int64_t to) { return {from * kDay, to * kDay}; }

Coverage Entry(int64_t from, int64_t to, Outcome outcome = Outcome::kOk, absl::Time fetched = kNow) {
  Coverage one;
  one.key = {"stock_price", "A", quant::Timeframe::kDay, "yahoo"};
  one.range = Days(from, to);
  one.outcome = outcome;
  one.rows = outcome == Outcome::kOk ? to - from : 0;
  one.fetch_time = fetched;
  one.parameters = "p";
  if (outcome == Outcome::kFailed) one.error = absl::UnavailableError("away");
  return one;
}

std::vector<TimeRange> MissingOf(TimeRange range, const std::vector<Coverage>& known,
                                 Revisions revisions = Revisions::kRecent, absl::Time now = kNow) {
  return Missing(range, known, "p", revisions, {}, now);
}

TEST(Outside, IsWhatNoPartCoversInWhateverOrderTheyCome) {
  EXPECT_THAT(Outside(Days(10, 20), {}), ElementsAre(Days(10, 20)));
  EXPECT_THAT(Outside(Days(10, 20), {Days(15, 17), Days(0, 12), Days(11, 14)}),
              ElementsAre(Days(14, 15), Days(17, 20)));
  EXPECT_THAT(Outside(Days(10, 20), {Days(14, 30), Days(5, 14)}), IsEmpty());
  EXPECT_THAT(Outside(Days(10, 20), {Days(0, 10), Days(20, 30)}), ElementsAre(Days(10, 20)));
}

TEST(Missing, IsAllOfWhatNobodyAskedForAndTheGapsBetweenAnswers) {
  EXPECT_THAT(MissingOf(Days(0, 10), {}), ElementsAre(Days(0, 10)));
  const std::vector<Coverage> known = {Entry(2, 4), Entry(6, 8, Outcome::kEmptyConfirmed)};
  EXPECT_THAT(MissingOf(Days(0, 10), known), ElementsAre(Days(0, 2), Days(4, 6), Days(8, 10)));
  EXPECT_THAT(MissingOf(Days(2, 4), known), IsEmpty());
  EXPECT_THAT(MissingOf(Days(3, 7), known), ElementsAre(Days(4, 6)));
}

TEST(Missing, AFailureAndAnAnswerToOtherParametersCoverNothing) {
  Coverage other = Entry(4, 8);
  other.parameters = "q";
  EXPECT_THAT(MissingOf(Days(0, 8), {Entry(0, 4, Outcome::kFailed), other}), ElementsAre(Days(0, 8)));
}

TEST(Missing, TheRevisionWindowBeforeTheFetchIsAskedAgainAfterAWhile) {
  const Coverage known = Entry(0, 100);  // up to the instant of the fetch
  EXPECT_THAT(MissingOf(Days(0, 120), {known}, Revisions::kRecent, kNow + absl::Minutes(1)), IsEmpty())
      << "just asked, also for what lies ahead";
  EXPECT_THAT(MissingOf(Days(0, 120), {known}, Revisions::kRecent, kNow + absl::Hours(1)), ElementsAre(Days(93, 120)));
  EXPECT_THAT(MissingOf(Days(0, 90), {known}, Revisions::kRecent, kNow + absl::Hours(1)), IsEmpty());
  EXPECT_THAT(MissingOf(Days(0, 120), {known}, Revisions::kNever, kNow + absl::Hours(1)), ElementsAre(Days(100, 120)));
  EXPECT_THAT(MissingOf(Days(0, 100), {known}, Revisions::kAnytime), ElementsAre(Days(0, 100)));
}

TEST(Missing, AMinuteBarIsAskedForAgainAfterAMinute) {
  Coverage known = Entry(99, 100);
  known.key.timeframe = quant::Timeframe::kMin1;
  EXPECT_THAT(MissingOf(Days(99, 101), {known}, Revisions::kRecent, kNow + absl::Seconds(59)), IsEmpty());
  EXPECT_THAT(MissingOf(Days(99, 101), {known}, Revisions::kRecent, kNow + absl::Seconds(60)),
              ElementsAre(Days(99, 101)));
}

TEST(WithoutDropped, IsAllButWhatIsCoveredBeforeTheInstant) {
  Coverage other = Entry(2, 5);
  other.parameters = "q";
  const std::vector<Coverage> known = {other, Entry(5, 6, Outcome::kFailed), Entry(6, 20)};
  const std::vector<TimeRange> whole = {Days(0, 30)};
  EXPECT_THAT(WithoutDropped(whole, known, 10 * kDay), ElementsAre(Days(0, 2), Days(5, 6), Days(10, 30)));
  EXPECT_THAT(WithoutDropped(whole, known, INT64_MIN), ElementsAre(Days(0, 30)));
  EXPECT_THAT(WithoutDropped(std::vector{Days(7, 9)}, known, 10 * kDay), IsEmpty());
}

TEST(Since, LeavesOutWhatLiesBeforeAndDividesWhatReachesAcross) {
  const std::vector<Coverage> since = Since(std::vector{Entry(0, 4), Entry(4, 8), Entry(8, 9)}, 6 * kDay);
  ASSERT_EQ(since.size(), 2u);
  EXPECT_EQ(since[0].range, Days(6, 8));
  EXPECT_EQ(since[0].rows, std::nullopt);
  EXPECT_EQ(since[1].range, Days(8, 9));
  EXPECT_EQ(since[1].rows, 1);
}

TEST(Covered, EndsAtTheFetchAndHasABorderAtTheRevisionWindow) {
  const Coverage like = Entry(0, 1);
  const std::vector<int64_t> times = {5 * kDay, 50 * kDay, 99 * kDay};
  const auto entries = Covered(like, Days(0, 120), times, Revisions::kRecent, {});
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].range, Days(0, 93));
  EXPECT_EQ(entries[0].rows, 2);
  EXPECT_EQ(entries[1].range, Days(93, 100));
  EXPECT_EQ(entries[1].rows, 1);
  EXPECT_THAT(Covered(like, Days(100, 120), {}, Revisions::kRecent, {}), IsEmpty()) << "nothing has happened yet";
  const auto pure = Covered(like, Days(0, 120), {}, Revisions::kNever, {});
  ASSERT_EQ(pure.size(), 1u);
  EXPECT_EQ(pure[0].range, Days(0, 120));
  EXPECT_EQ(pure[0].outcome, Outcome::kEmptyConfirmed);
}

TEST(Merge, AnAnswerTakesThePlaceOfWhatWasKnownAndAFailureOnlyOfFailures) {
  std::vector<Coverage> merged = Merge({Entry(0, 10)}, {Entry(4, 6, Outcome::kEmptyConfirmed)});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].range, Days(0, 4));
  EXPECT_EQ(merged[0].rows, std::nullopt) << "how many of ten rows are left is not known";
  EXPECT_EQ(merged[1].outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(merged[2].range, Days(6, 10));
  merged = Merge({Entry(0, 4), Entry(6, 8, Outcome::kFailed)}, {Entry(2, 10, Outcome::kFailed)});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].range, Days(0, 4));
  EXPECT_EQ(merged[0].rows, 4);
  EXPECT_EQ(merged[1].range, Days(4, 10));
  EXPECT_EQ(merged[1].outcome, Outcome::kFailed);
}

TEST(CoveredShare, CountsAnswersToTheSameParameters) {
  EXPECT_DOUBLE_EQ(CoveredShare(Days(0, 10), std::vector{Entry(0, 2), Entry(5, 8, Outcome::kFailed)}, "p"), 0.2);
  EXPECT_DOUBLE_EQ(CoveredShare(Days(0, 10), std::vector{Entry(0, 20)}, "q"), 0);
}

TEST(RowParameters, LeaveOutWhatOnlyChangesHowRowsAreGot) {
  SourceEntry entry;
  entry.info = {"data_source", "it", "1.0.0", "it"};
  entry.access_params = {"contact"};
  const std::string one = RowParameters(entry, {{"contact", std::string("a@b")}, {"basis", std::string("raw")}});
  EXPECT_EQ(RowParameters(entry, {{"contact", std::string("c@d")}, {"basis", std::string("raw")}}), one);
  EXPECT_NE(RowParameters(entry, {{"contact", std::string("a@b")}, {"basis", std::string("split")}}), one);
  entry.info.version = "1.1.0";
  EXPECT_NE(RowParameters(entry, {{"contact", std::string("a@b")}, {"basis", std::string("raw")}}), one);
}

TEST(Rank, OrdersByThePreferenceAndElseAsGiven) {
  const std::vector<SourceFacts> facts = {
      {.covered_share = 0.5, .failures = 3, .requests_per_day = 25},
      {.covered_share = 0.9, .last_answer = kNow, .failures = 0, .requests_per_day = 43'200},
      {.covered_share = 0.5, .last_answer = kNow - absl::Hours(1), .failures = 0, .requests_per_day = 25}};
  const auto order = [&](Preference preference) {
    std::vector<size_t> places;
    for (const SourceChoice& choice : Rank(preference, facts)) places.push_back(choice.index);
    return places;
  };
  EXPECT_THAT(order(Preference::kOrder), ElementsAre(0, 1, 2));
  EXPECT_THAT(order(Preference::kCoverage), ElementsAre(1, 0, 2));
  EXPECT_THAT(order(Preference::kFreshness), ElementsAre(1, 2, 0));
  EXPECT_THAT(order(Preference::kHealth), ElementsAre(1, 2, 0));
  EXPECT_THAT(order(Preference::kCost), ElementsAre(1, 0, 2));
}

TEST(HasRows, IsCertainOnlyOfWholeAnswers) {
  const std::vector<Coverage> known = {Entry(0, 20), Entry(30, 40, Outcome::kEmptyConfirmed),
                                       Entry(50, 60, Outcome::kFailed)};
  EXPECT_EQ(HasRows(Days(0, 20), known), true);
  EXPECT_EQ(HasRows(Days(0, 100), known), true);
  EXPECT_EQ(HasRows(Days(5, 6), known), std::nullopt) << "the rows may lie beside it";
  EXPECT_EQ(HasRows(Days(20, 100), known), false);
}

quant::Series Bars(std::vector<int64_t> days, std::vector<double> closes,
                   quant::PriceBasis basis = quant::PriceBasis::kSplitAdjusted) {
  quant::Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, "yahoo"}, .basis = basis};
  for (const int64_t day : days) series.times.push_back(day * kDay);
  series.Add("close", std::move(closes));
  return series;
}

TEST(PricesDiffer, LooksAtTheFirstRowThatBothHave) {
  const quant::Series stored = Bars({1, 2, 3}, {10, 11, 12});
  EXPECT_FALSE(PricesDiffer(stored, Bars({2, 3, 4}, {11, 12.5, 13}))) << "a correction of a later row";
  EXPECT_FALSE(PricesDiffer(stored, Bars({2, 3}, {11.0001, 12}))) << "rounding";
  EXPECT_TRUE(PricesDiffer(stored, Bars({0, 2, 3}, {1, 5.5, 6})));
  EXPECT_FALSE(PricesDiffer(stored, Bars({4, 5}, {1, 2}))) << "nothing to compare";
  EXPECT_FALSE(PricesDiffer(stored, Bars({2, 3}, {5.5, 6}, quant::PriceBasis::kRaw))) << "raw prices are not adjusted";
  quant::Series old = Bars({1}, {10}, quant::PriceBasis::kRaw);
  quant::Series now = old;
  old.Add("adj_close", std::vector<double>{10});
  now.Add("adj_close", std::vector<double>{9.9});
  EXPECT_TRUE(PricesDiffer(old, now)) << "a dividend";
}

TEST(WithNeighbours, ReachesIntoWhatIsKnownWhereNothingElseCouldBeCompared) {
  const std::vector<Coverage> known = {Entry(0, 20), Entry(40, 60)};
  EXPECT_THAT(WithNeighbours({Days(20, 40)}, known), ElementsAre(Days(13, 47)));
  EXPECT_THAT(WithNeighbours({Days(60, 80)}, known), ElementsAre(Days(53, 80)));
  EXPECT_THAT(WithNeighbours({Days(50, 80)}, known), ElementsAre(Days(50, 80))) << "has known rows";
  EXPECT_THAT(WithNeighbours({Days(100, 120)}, known), ElementsAre(Days(100, 120)));
  EXPECT_EQ(Hull(std::vector{Days(20, 40)}, known), Days(0, 60));
}

// What polls of a source leave, each from the last row on; a row comes now and then.
struct Polled {
  std::vector<Coverage> whole;  // every answer by itself
  std::vector<Coverage> fused;
};

Polled Poll(quant::Timeframe timeframe, absl::Duration interval, int polls, int row_every, Revisions revisions) {
  Polled polled;
  int64_t last_row = quant::ToNanos(kNow - absl::Hours(24 * 9));
  for (int i = 0; i < polls; ++i) {
    Coverage like = Entry(0, 1, Outcome::kOk, kNow + i * interval);
    like.key.timeframe = timeframe;
    like.run = std::to_string(i);
    const TimeRange asked{last_row, quant::ToNanos(like.fetch_time) + 1};
    std::vector<int64_t> times = {last_row};
    if (i % row_every == 0) times.push_back(last_row = quant::ToNanos(like.fetch_time - absl::Seconds(1)));
    const std::vector<Coverage> added = Covered(like, asked, times, revisions, {});
    polled.whole = Merge(std::move(polled.whole), added);
    polled.fused = Fused(Merge(std::move(polled.fused), added), {});
  }
  return polled;
}

TEST(Fused, WhatPollsLeaveDoesNotGrowWithTheirNumber) {
  EXPECT_GT(Poll(quant::Timeframe::kMin1, absl::Minutes(1), 1000, 1, Revisions::kRecent).whole.size(), 900u);
  EXPECT_LE(Poll(quant::Timeframe::kMin1, absl::Minutes(1), 1000, 1, Revisions::kRecent).fused.size(), 5u);
  EXPECT_LE(Poll(quant::Timeframe::kMin1, absl::Minutes(1), 1000, 3, Revisions::kNever).fused.size(), 5u);
  EXPECT_LE(Poll(quant::Timeframe::kDay, absl::Minutes(5), 1000, 1, Revisions::kRecent).fused.size(), 7u);
  // Answers that are not asked again yet are kept: a quarter of an hour of them.
  EXPECT_LE(Poll(quant::Timeframe::kTick, absl::Seconds(10), 1000, 1, Revisions::kRecent).fused.size(), 95u);
}

TEST(Fused, WhatHasToBeAskedForStaysTheSame) {
  for (const Revisions revisions : {Revisions::kRecent, Revisions::kNever}) {
    for (const auto timeframe : {quant::Timeframe::kMin1, quant::Timeframe::kDay, quant::Timeframe::kTick}) {
      const absl::Duration interval = absl::Minutes(7);
      const absl::Time last = kNow + 299 * interval;
      const Polled polled = Poll(timeframe, interval, 300, 2, revisions);
      ASSERT_LT(polled.fused.size() + 100, polled.whole.size());
      for (const absl::Duration later : {absl::Seconds(1), absl::Minutes(8), absl::Minutes(16), absl::Hours(30),
                                         absl::Hours(24 * 6), absl::Hours(24 * 60)}) {
        for (const absl::Duration start :
             {absl::Hours(24 * 12), absl::Hours(24 * 8), absl::Hours(20), absl::Minutes(9)}) {
          for (const absl::Duration end : {absl::Minutes(-30), absl::ZeroDuration(), absl::Minutes(40)}) {
            const TimeRange range{quant::ToNanos(last - start), quant::ToNanos(last + end)};
            if (range.start_ns >= range.end_ns) continue;
            EXPECT_EQ(MissingOf(range, polled.fused, revisions, last + later),
                      MissingOf(range, polled.whole, revisions, last + later));
          }
        }
      }
    }
  }
}

TEST(Fused, OnlyNeighboursOfOneKindBecomeOne) {
  const auto at = [](int64_t from, int64_t to, int hours_ago) {
    return Entry(from, to, Outcome::kOk, kNow - absl::Hours(hours_ago));
  };
  Coverage other = at(97, 98, 4);
  other.parameters = "q";
  Coverage failed = Entry(98, 99, Outcome::kFailed, kNow - absl::Hours(3));
  const std::vector<Coverage> apart = {at(10, 20, 9), at(20, 30, 8), at(94, 95, 7), at(96, 97, 6),
                                       other,         failed,        at(99, 100, 0)};
  EXPECT_EQ(Fused(apart, {}).size(), apart.size()) << "settled, with a gap, other parameters, failed, fresh";
  std::vector<Coverage> fused = Fused(
      {at(94, 95, 7), at(95, 97, 6), Entry(97, 98, Outcome::kEmptyConfirmed, kNow - absl::Hours(5)), at(98, 100, 0)},
      {});
  ASSERT_EQ(fused.size(), 2u);
  EXPECT_EQ(fused[0].range, Days(94, 98));
  EXPECT_EQ(fused[0].outcome, Outcome::kOk);
  EXPECT_EQ(fused[0].rows, 3);
  EXPECT_EQ(fused[0].fetch_time, kNow - absl::Hours(7));
}

}  // namespace
}  // namespace breadthflow::data
