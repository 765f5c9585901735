// Reads that end within an evening: whether the row at the close was the closing auction is told by rows behind it.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/read_shape.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Series;
using quant::Timeframe;
using ::testing::ElementsAre;
using testing::IsOk;

constexpr int64_t kMinute = int64_t{60'000'000'000};
const CivilDay kFirst(2020, 11, 25);  // the day after it is Thanksgiving, the next one a half day
const CivilDay kEnd(2020, 12, 2);

const quant::Session& SessionOf(CivilDay day) { return *quant::Xnys().Find(day); }

// Minutes of four sessions with their mornings: after the half day only that of the auction, after the others also an
// evening, of the last day a single row.
Series Days() {
  Series bars{.key = {"stock_price", "SPY", Timeframe::kMin1, "s"},
              .basis = quant::PriceBasis::kSplitAdjusted,
              .times = {},
              .columns = {}};
  for (const quant::Session& session : quant::Xnys().Between(kFirst, kEnd)) {
    const int64_t evening = session.early ? 1 : session.day + 1 == kEnd ? 0 : 240;
    for (int64_t end = session.open_ns - 9 * kMinute; end <= session.close_ns + evening * kMinute; end += kMinute) {
      bars.times.push_back(end);
    }
    if (evening == 0) {
      for (const int64_t minute : {1, 180}) bars.times.push_back(session.close_ns + minute * kMinute);
    }
  }
  std::vector<double> prices, ones(bars.size(), 1);
  for (size_t row = 0; row < bars.size(); ++row) prices.push_back(100 + static_cast<double>(row % 97));
  for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, prices);
  bars.Add("volume", ones);
  return bars;
}

// As a read of that range does it: of the rows, those that it needs.
Series Read(const Series& rows, const Resampling& resampling, quant::TimeRange range,
            std::vector<std::string>* notices = nullptr) {
  const StoredExtent extent{rows.times.front(), rows.times.back(), 0};
  const quant::TimeRange needed{FirstRowNeeded(resampling, false, range.start_ns),
                                RowsNeededUntil(resampling, rows.key.timeframe, RowKind::kBars, range.end_ns)};
  auto made = ResampleRows(rows.Slice(needed), resampling, {}, range, extent, RowKind::kBars);
  EXPECT_THAT(made, IsOk());
  if (!made.ok()) return {};
  if (notices != nullptr) *notices = made->notices;
  return std::move(made->bars);
}

Resampling Of(Timeframe timeframe) { return {.bars = {.timeframe = timeframe}}; }

TEST(ReadEvening, ADayHasItsFirstRowAfterTheCloseOnlyWhereNoneFollows) {
  const Series rows = Days();
  std::vector<std::string> notices;
  const Series days = Read(rows, Of(Timeframe::kDay), {}, &notices);
  EXPECT_THAT(days.Doubles("volume"), ElementsAre(390, 211, 390, 390));
  EXPECT_THAT(notices,
              ElementsAre("522 of 1903 rows are outside the sessions of XNYS and in no bar: 522 of them are of "
                          "extended hours"));
  const Series halves = Read(rows, Of(Timeframe::kMin30), {});
  EXPECT_EQ(halves.size(), 13u + 7u + 13u + 13u);
  EXPECT_EQ(halves.Doubles("volume")[12], 30);
  EXPECT_EQ(halves.Doubles("volume")[19], 31) << "the half day";
}

// What is read behind the range to judge the auction is not spoken of.
TEST(ReadEvening, OnlyRowsOfTheRangeAreCounted) {
  const Series rows = Days();
  const quant::Session& day = SessionOf(kFirst);
  const auto notices = [&](int64_t end_ns) {
    std::vector<std::string> said;
    EXPECT_EQ(Read(rows, Of(Timeframe::kDay), {day.open_ns, end_ns}, &said).size(), 1u);
    return said;
  };
  // Those of the range, with the row that ends at the open, and the one that could have been of the auction.
  EXPECT_THAT(notices(day.close_ns + 1),
              ElementsAre("2 of 392 rows are outside the sessions of XNYS and in no bar: 2 of them are of extended "
                          "hours"));
  EXPECT_THAT(notices(day.close_ns + 180 * kMinute),
              ElementsAre("180 of 570 rows are outside the sessions of XNYS and in no bar: 180 of them are of extended "
                          "hours"));
  EXPECT_THAT(notices(day.close_ns + 300 * kMinute),
              ElementsAre("241 of 631 rows are outside the sessions of XNYS and in no bar: 241 of them are of extended "
                          "hours"));
}

// Rows of the night that are more than one in twenty of the range are so however long the evening is.
TEST(ReadEvening, RowsBehindTheRangeHideNoneOfHoursAtWhichNothingIsTraded) {
  const quant::Session& day = SessionOf(kFirst);
  std::vector<int64_t> times;
  for (int64_t minute = 0; minute < 22; ++minute) times.push_back(day.open_ns + (minute - 400) * kMinute);
  for (int64_t minute = 1; minute <= 390 + 240; ++minute) times.push_back(day.open_ns + minute * kMinute);
  Series rows{.key = {"stock_price", "SPY", Timeframe::kMin1, "s"},
              .basis = quant::PriceBasis::kSplitAdjusted,
              .times = times,
              .columns = {}};
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    rows.Add(name, std::vector<double>(rows.size(), 1));
  }
  const StoredExtent extent{times.front(), times.back(), 0};
  const auto made = [&](int64_t end_ns) {
    return ResampleRows(rows, Of(Timeframe::kDay), {}, {INT64_MIN, end_ns}, extent, RowKind::kBars);
  };
  EXPECT_THAT(made(INT64_MAX), IsOk()) << "22 of 652";
  EXPECT_THAT(made(day.close_ns + 1), testing::StatusIs(absl::StatusCode::kFailedPrecondition, "OUTSIDE_SESSIONS"))
      << "22 of 413";
}

TEST(ReadEvening, AReadThatEndsWithinItHasTheBarsOfOneThatEndsLater) {
  const Series rows = Days();
  for (const Timeframe timeframe : {Timeframe::kMin5, Timeframe::kHour1, Timeframe::kDay, Timeframe::kWeek}) {
    const Series whole = Read(rows, Of(timeframe), {});
    for (const quant::Session& session : quant::Xnys().Between(kFirst, kEnd)) {
      for (const int64_t after : {int64_t{0}, int64_t{1}, kMinute, kMinute + 1, 2 * kMinute, 179 * kMinute,
                                  240 * kMinute, 240 * kMinute + 1, 300 * kMinute}) {
        const int64_t end = session.close_ns + after;
        const Series part = Read(rows, Of(timeframe), {session.open_ns, end});
        const Series wanted = whole.Slice({session.open_ns, end});
        ASSERT_EQ(part.times, wanted.times) << quant::ToText(timeframe) << " " << after;
        if (!part.empty()) {
          ASSERT_EQ(part.ContentHash(), wanted.ContentHash()) << quant::ToText(timeframe) << " " << after;
        }
      }
    }
  }
}

TEST(ReadEvening, PartsOfAReadMakeTheWhole) {
  const Series rows = Days();
  for (const Timeframe timeframe : {Timeframe::kMin5, Timeframe::kHour1, Timeframe::kDay}) {
    const Series whole = Read(rows, Of(timeframe), {});
    for (const int64_t length : {17 * kMinute, 61 * kMinute, 409 * kMinute}) {
      std::vector<int64_t> times;
      std::vector<double> volumes;
      for (int64_t start = rows.times.front(); start <= rows.times.back(); start += length) {
        const quant::TimeRange range{start, start + length};
        const Series needed =
            rows.Slice({FirstRowNeeded(Of(timeframe), false, range.start_ns),
                        RowsNeededUntil(Of(timeframe), Timeframe::kMin1, RowKind::kBars, range.end_ns)});
        // A part that has rows of the night or of extended hours alone is refused.
        if (HoursOf(needed.times, quant::Xnys(), Timeframe::kMin1, false).outside() == needed.size()) continue;
        const Series part = Read(rows, Of(timeframe), range);
        times.insert(times.end(), part.times.begin(), part.times.end());
        if (part.empty()) continue;
        volumes.insert(volumes.end(), part.Doubles("volume").begin(), part.Doubles("volume").end());
      }
      EXPECT_EQ(times, whole.times) << quant::ToText(timeframe) << " " << length / kMinute;
      EXPECT_THAT(volumes, ::testing::ElementsAreArray(whole.Doubles("volume")));
    }
  }
}

// While the rows of an evening come one by one, the last row of the day is that of the auction until another follows.
TEST(ReadEvening, TheBarOfTodayIsRevisedAsItsEveningIsStored) {
  const Series rows = Days();
  const int64_t close = SessionOf(kFirst).close_ns;
  const auto stored_to = [&](int64_t last) {
    const Series known = rows.Slice({INT64_MIN, last + 1});
    const Series days = Read(known, Of(Timeframe::kDay), {INT64_MIN, close + 1});
    const auto volumes = days.Doubles("volume");
    return std::vector<double>(volumes.begin(), volumes.end());
  };
  EXPECT_THAT(stored_to(close), ElementsAre(390));
  EXPECT_THAT(stored_to(close + kMinute), ElementsAre(391));
  EXPECT_THAT(stored_to(close + 2 * kMinute), ElementsAre(390));
  EXPECT_THAT(stored_to(close + 240 * kMinute), ElementsAre(390));
}

}  // namespace
}  // namespace breadthflow::data
