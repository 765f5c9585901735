#include "services/data/domain/asked_rows.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Series;
using quant::TimeRange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Resource& Of(const char* resource) { return **FindResource(resource); }
int64_t Midnight(CivilDay day) { return quant::UtcInstant(absl::CivilSecond(day)); }
TimeRange Year(int year) { return {Midnight(CivilDay(year, 1, 1)), Midnight(CivilDay(year + 1, 1, 1))}; }

struct Paid {
  CivilDay published;
  std::string ex_date;
};

Series Dividends(const std::vector<Paid>& all) {
  Series series{.key = {"dividend", "A", quant::Timeframe::kTick, "s"}, .repeats = true, .times = {}, .columns = {}};
  std::vector<std::string> dates;
  std::vector<double> amounts;
  for (const Paid& one : all) {
    series.times.push_back(Midnight(one.published));
    dates.push_back(one.ex_date);
    amounts.push_back(static_cast<double>(amounts.size()));
  }
  series.Add("ex_date", dates);
  series.Add("amount", amounts);
  return series;
}

std::vector<std::string> Kept(const Series& all, TimeRange range, const char* resource = "dividend") {
  Series rows = all;
  const std::vector<size_t> kept = KeepAsked(Of(resource), range, rows);
  EXPECT_EQ(kept.size(), rows.size());
  const auto dates = std::get<std::vector<std::string>>(rows.columns[0].values);
  for (size_t row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(rows.times[row], all.times[kept[row]]);
    EXPECT_EQ(rows.Doubles("amount")[row], static_cast<double>(kept[row]));
  }
  return dates;
}

TEST(AskedRows, APaymentCountsWhereItWasPublishedAndWhereItTakesEffect) {
  const Series all = Dividends({{CivilDay(2022, 11, 2), "2023-02-09"},
                                {CivilDay(2023, 11, 2), "2024-02-09"},
                                {CivilDay(2024, 5, 2), "2024-05-10"},
                                {CivilDay(2024, 11, 1), "2025-02-10"},
                                {CivilDay(2025, 2, 1), "2025-05-10"}});
  EXPECT_THAT(Kept(all, Year(2024)), ElementsAre("2024-02-09", "2024-05-10", "2025-02-10"));
  EXPECT_THAT(Kept(all, Year(2021)), IsEmpty());
  EXPECT_THAT(Kept(all, {}), ElementsAre("2023-02-09", "2024-02-09", "2024-05-10", "2025-02-10", "2025-05-10"));
}

TEST(AskedRows, ADayBeginsAtDifferentInstantsAroundTheEarth) {
  const Series all = Dividends({{CivilDay(2020, 1, 2), "2024-03-08"}});
  const int64_t hour = int64_t{3600} * 1'000'000'000, midnight = Midnight(CivilDay(2024, 3, 8));
  EXPECT_THAT(Kept(all, {midnight - 20 * hour, midnight - 14 * hour}), IsEmpty()) << "nowhere yet";
  EXPECT_THAT(Kept(all, {midnight - 20 * hour, midnight - 14 * hour + 1}), ElementsAre("2024-03-08")) << "Kiribati";
  EXPECT_THAT(Kept(all, {midnight + 5 * hour, midnight + 6 * hour}), ElementsAre("2024-03-08")) << "New York";
  EXPECT_THAT(Kept(all, {midnight + 12 * hour + 1, midnight + 20 * hour}), IsEmpty()) << "everywhere since";
}

TEST(AskedRows, WhatBecameKnownAtOnceStaysTogether) {
  const CivilDay at_once(2020, 9, 9);
  const Series all = Dividends({{CivilDay(2020, 3, 1), "2020-03-12"},
                                {at_once, "2020-12-10"},
                                {at_once, "2021-03-11"},
                                {at_once, "2022-03-10"},
                                {CivilDay(2020, 10, 1), "2020-10-09"}});
  EXPECT_THAT(Kept(all, Year(2021)), ElementsAre("2020-12-10", "2021-03-11", "2022-03-10"));
  Series rows = all;
  KeepAsked(Of("dividend"), Year(2021), rows);
  EXPECT_THAT(InstantsWithin(Of("dividend"), Year(2021), rows),
              ElementsAre(Midnight(CivilDay(2021, 3, 11)) - int64_t{14} * 3600 * 1'000'000'000))
      << "one of them is of the year";
  EXPECT_THAT(InstantsWithin(Of("dividend"), Year(2020), all),
              ElementsAre(all.times[0], all.times[1], all.times[1], all.times[1], all.times[4]))
      << "all of them were published then";
}

TEST(AskedRows, OtherRowsCountByTheirTimeAlone) {
  Series rows = Dividends({{CivilDay(2023, 11, 2), "2024-02-09"}, {CivilDay(2024, 5, 2), "2025-02-10"}});
  rows.columns[0].name = "period_end";
  EXPECT_THAT(Kept(rows, Year(2024), "earnings"), ElementsAre("2025-02-10"));
  EXPECT_THAT(InstantsWithin(Of("earnings"), Year(2024), rows), ElementsAre(Midnight(CivilDay(2024, 5, 2))));
}

TEST(AskedRows, AnAnswerWithNothingPublishedInItsRangeIsNotEmptyWhenSomethingTakesEffectThere) {
  const Series rows = Dividends({{CivilDay(2020, 9, 9), "2021-03-11"}});
  Coverage like;
  like.fetch_time = absl::FromUnixNanos(Midnight(CivilDay(2021, 3, 14)));
  const std::vector<Coverage> covered = Covered(like, Year(2021), InstantsWithin(Of("dividend"), Year(2021), rows),
                                                Revisions::kRecent, {.revision_window = absl::Hours(24 * 7)});
  ASSERT_EQ(covered.size(), 2u);
  EXPECT_EQ(covered[0].outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(covered[1].outcome, Outcome::kOk) << "it took effect within the last week";
  EXPECT_EQ(covered[1].rows, 1);
}

}  // namespace
}  // namespace breadthflow::data
