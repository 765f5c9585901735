#include "common/quant/as_of_join.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

// Published at 10, 20, 20 and 30.
Series Filings() {
  Series series{.key = {"revenue", "A", Timeframe::kMonth, ""}, .times = {10, 20, 20, 30}};
  series.Add("value", std::vector<double>{1, 2, 3, 4});
  series.Add("count", std::vector<int64_t>{100, 200, 300, 400});
  series.Add("period_end", std::vector<std::string>{"2016-12-31", "2017-03-31", "2016-12-31", "2016-09-30"});
  series.columns[0].valid = {true, true, false, true};
  return series;
}

std::vector<double> Values(const Series& series, std::string_view name = "value") {
  const Column& column = *series.Find(name);
  std::vector<double> out;
  for (size_t row = 0; row < series.size(); ++row)
    out.push_back(column.present(row) ? std::get<std::vector<double>>(column.values)[row] : -1);
  return out;
}

std::vector<int64_t> Counts(const Series& series) {
  const Column& column = *series.Find("count");
  std::vector<int64_t> out;
  for (size_t row = 0; row < series.size(); ++row)
    out.push_back(column.present(row) ? std::get<std::vector<int64_t>>(column.values)[row] : -1);
  return out;
}

TEST(AsOfJoin, TakesTheLastRowThatWasKnown) {
  const std::vector<int64_t> times = {9, 10, 11, 11, 19, 20, 29, 30, 1000};
  const Series joined = AsOfJoin(times, Filings()).value();
  EXPECT_EQ(joined.times, times);
  EXPECT_EQ(joined.key, Filings().key);
  EXPECT_THAT(Counts(joined), ElementsAre(-1, 100, 100, 100, 100, 300, 300, 400, 400)) << "the last of an instant";
  EXPECT_THAT(Values(joined), ElementsAre(-1, 1, 1, 1, 1, -1, -1, 4, 4)) << "as the row was published";
  EXPECT_THAT(joined.Find("period_end")->valid.front(), false);
}

TEST(AsOfJoin, LetsRowsDieAfterTheirTtl) {
  const std::vector<int64_t> times = {10, 15, 16, 20, 25, 26, 30, 35, 36};
  const Series joined = AsOfJoin(times, Filings(), {.ttl = absl::Nanoseconds(5)}).value();
  EXPECT_THAT(Counts(joined), ElementsAre(100, 100, -1, 300, 300, -1, 400, 400, -1));
  EXPECT_THAT(Counts(AsOfJoin(times, Filings(), {.ttl = absl::ZeroDuration()}).value()),
              ElementsAre(100, -1, -1, 300, -1, -1, 400, -1, -1));
}

TEST(AsOfJoin, KeepsTheLastPresentValueOnlyOnRequestAndNoLongerThanItLives) {
  const std::vector<int64_t> times = {20, 26, 30};
  EXPECT_THAT(Values(AsOfJoin(times, Filings(), {.skip_missing = true}).value()), ElementsAre(2, 2, 4));
  Series filings = Filings();
  filings.columns[0].valid = {true, false, false, true};
  EXPECT_THAT(Values(AsOfJoin(times, filings, {.skip_missing = true}).value()), ElementsAre(1, 1, 4));
  const Series joined = AsOfJoin(times, filings, {.ttl = absl::Nanoseconds(12), .skip_missing = true}).value();
  EXPECT_THAT(Values(joined), ElementsAre(1, -1, 4));
  EXPECT_THAT(Counts(joined), ElementsAre(300, 300, 400)) << "each column by itself";
}

TEST(AsOfJoin, KeepsTheCurrentPeriodWhenAnEarlierOneIsRestated) {
  const std::vector<int64_t> times = {10, 20, 30};
  const Series joined = AsOfJoin(times, Filings(), {.replaces = ByColumn("period_end")}).value();
  EXPECT_THAT(Counts(joined), ElementsAre(100, 200, 200));
  Series restated = Filings();
  std::get<std::vector<std::string>>(restated.columns[2].values)[3] = "2017-03-31";
  EXPECT_THAT(Counts(AsOfJoin(times, restated, {.replaces = ByColumn("period_end")}).value()),
              ElementsAre(100, 200, 400))
      << "the same period again";
  restated.columns[2].valid = {true, false, true, true};
  EXPECT_THAT(Counts(AsOfJoin(times, restated, {.replaces = ByColumn("period_end")}).value()),
              ElementsAre(100, 300, 400))
      << "a period that is not named does not replace one that is";
  EXPECT_THAT(Counts(AsOfJoin(times, Filings(), {.replaces = ByColumn("absent")}).value()), ElementsAre(100, 300, 400));
}

TEST(AsOfJoin, TakesOnlyTheColumnsAskedForInTheirOrder) {
  const Series joined = AsOfJoin(std::vector<int64_t>{15}, Filings(), {.columns = {"count", "value"}}).value();
  ASSERT_EQ(joined.columns.size(), 2u);
  EXPECT_EQ(joined.columns[0].name, "count");
  EXPECT_THAT(joined.columns[1].valid, IsEmpty()) << "nothing is missing";
}

TEST(AsOfJoin, JoinsNothingToNothing) {
  EXPECT_TRUE(AsOfJoin({}, Filings()).value().empty());
  Series none = Filings().Rows(0, 0);
  EXPECT_THAT(Counts(AsOfJoin(std::vector<int64_t>{1, 2}, none).value()), ElementsAre(-1, -1));
}

TEST(AsOfJoin, NeverSeesALaterRowAndDoesNotDependOnThem) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    Series right{.key = {"revenue", "A", Timeframe::kMonth, ""}};
    std::vector<int64_t> counts;
    for (int64_t time = 0; time < 100; time += static_cast<int64_t>(random() % 9)) {
      right.times.push_back(time);
      counts.push_back(static_cast<int64_t>(counts.size()));
    }
    right.Add("count", counts);
    const int64_t at = static_cast<int64_t>(random() % 120), ttl = static_cast<int64_t>(random() % 12);
    int64_t expected = -1;
    for (size_t row = 0; row < right.size(); ++row)
      if (right.times[row] <= at) expected = at - right.times[row] <= ttl ? counts[row] : -1;
    const AsOfOptions options{.ttl = absl::Nanoseconds(ttl)};
    EXPECT_THAT(Counts(AsOfJoin(std::vector<int64_t>{at}, right, options).value()), ElementsAre(expected));
    size_t known = 0;
    while (known < right.size() && right.times[known] <= at) ++known;
    EXPECT_THAT(Counts(AsOfJoin(std::vector<int64_t>{at}, right.Rows(0, known), options).value()),
                ElementsAre(expected));
  }
}

TEST(AsOfJoin, SurvivesTheEndsOfTime) {
  Series right{.key = {"revenue", "A", Timeframe::kMonth, ""}, .times = {INT64_MIN}};
  right.Add("count", std::vector<int64_t>{1});
  const std::vector<int64_t> times = {INT64_MAX};
  EXPECT_THAT(Counts(AsOfJoin(times, right).value()), ElementsAre(1));
  EXPECT_THAT(Counts(AsOfJoin(times, right, {.ttl = absl::Hours(1)}).value()), ElementsAre(-1));
}

TEST(AsOfJoin, SaysEverythingThatIsWrong) {
  Series right = Filings();
  std::swap(right.times[0], right.times[3]);
  const absl::Status status =
      AsOfJoin(std::vector<int64_t>{2, 1}, right, {.ttl = -absl::Seconds(1), .columns = {"margin"}}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_JOIN"));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 4u) << base::Message(status);
}

}  // namespace
}  // namespace breadthflow::quant
