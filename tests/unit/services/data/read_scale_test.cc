// Bars of prices that were adjusted as of two days: refused where one bar has rows of both, and only there.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/read_shape.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Series;
using quant::Timeframe;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kMinute = int64_t{60'000'000'000};
constexpr Timeframe kMade[] = {Timeframe::kMin5, Timeframe::kHour1, Timeframe::kDay};
const CivilDay kTuesday(2024, 1, 2);

// Minutes whose times are given.
Series Rows(std::vector<int64_t> times) {
  Series bars{.key = {"stock_price", "SPY", Timeframe::kMin1, "s"},
              .basis = quant::PriceBasis::kSplitAdjusted,
              .times = std::move(times),
              .columns = {}};
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    bars.Add(name, std::vector<double>(bars.size(), 1));
  }
  return bars;
}

// The ends of minutes of a session, from `before` minutes before its open to `after` behind its close.
void AddMinutes(std::vector<int64_t>& times, const quant::Session& session, int64_t before, int64_t after) {
  const int64_t last = session.close_ns + after * kMinute;
  for (int64_t end = session.open_ns + (1 - before) * kMinute; end <= last; end += kMinute) times.push_back(end);
}

// Those before `seam_ns` are of the download of Tuesday, the others of that of Wednesday.
absl::Status Check(const Series& rows, int64_t seam_ns, Timeframe timeframe, RowKind kind = RowKind::kBars,
                   const quant::Calendar& calendar = quant::Xnys()) {
  const PriceAnchors anchors = {{INT64_MIN, kTuesday}, {seam_ns, kTuesday + 1}};
  return CheckOneScale(rows, {.bars = {.timeframe = timeframe}, .calendar = &calendar}, anchors, kind);
}

TEST(ReadScale, ExtendedHoursBetweenTwoDaysAreInNoBar) {
  for (const int64_t before : {330, 0}) {
    const quant::Session& day = *quant::Xnys().Find(kTuesday);
    const quant::Session& next = *quant::Xnys().Find(kTuesday + 1);
    std::vector<int64_t> times;
    AddMinutes(times, day, 330, 240);
    AddMinutes(times, next, before, 240);
    const Series rows = Rows(times);
    for (const Timeframe timeframe : kMade) {
      const auto check = [&](int64_t seam_ns) { return Check(rows, seam_ns, timeframe); };
      EXPECT_THAT(check(next.open_ns + (1 - before) * kMinute), IsOk()) << quant::ToText(timeframe) << " " << before;
      EXPECT_THAT(check(next.open_ns + kMinute), IsOk()) << "the seam between morning and session";
      EXPECT_THAT(check(day.close_ns + 2 * kMinute), IsOk()) << "behind the row at the close, which is followed";
      EXPECT_THAT(check(day.close_ns + kMinute), IsOk()) << "behind the session";
      EXPECT_THAT(check(day.close_ns + 60 * kMinute), IsOk()) << "within the evening";
      EXPECT_THAT(check(day.open_ns - 60 * kMinute), IsOk()) << "within the morning";
    }
  }
}

TEST(ReadScale, RowsOfOtherVenuesBehindXetraAreInNoBar) {
  const quant::Session& day = *quant::Xetr().Find(kTuesday);
  const quant::Session& next = *quant::Xetr().Find(kTuesday + 1);
  std::vector<int64_t> times;
  AddMinutes(times, day, 60, 270);
  AddMinutes(times, next, 60, 270);
  const Series rows = Rows(times);
  for (const Timeframe timeframe : kMade) {
    const auto check = [&](int64_t seam_ns) { return Check(rows, seam_ns, timeframe, RowKind::kBars, quant::Xetr()); };
    EXPECT_THAT(check(next.open_ns - 59 * kMinute), IsOk()) << quant::ToText(timeframe);
    EXPECT_THAT(check(day.close_ns + 11 * kMinute), IsOk()) << "behind the auction";
    EXPECT_THAT(check(day.close_ns + 5 * kMinute), StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"))
        << "within the auction";
  }
}

TEST(ReadScale, TheAuctionIsOfTheBarThatEndsWithTheSession) {
  const quant::Session& day = *quant::Xnys().Find(kTuesday);
  std::vector<int64_t> times;
  AddMinutes(times, day, 0, 1);
  AddMinutes(times, *quant::Xnys().Find(kTuesday + 1), 0, 1);
  const Series rows = Rows(times);
  for (const Timeframe timeframe : kMade) {
    EXPECT_THAT(Check(rows, day.close_ns + kMinute, timeframe),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"))
        << quant::ToText(timeframe);
    EXPECT_THAT(Check(rows, day.close_ns + kMinute, timeframe, RowKind::kLevels), IsOk()) << "levels have none";
    EXPECT_THAT(Check(rows, day.close_ns + 2 * kMinute, timeframe), IsOk()) << "the seam at the next day";
  }
  const Series trades = Rows({day.close_ns - kMinute, day.close_ns});
  EXPECT_THAT(Check(trades, day.close_ns, Timeframe::kDay, RowKind::kTrades),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"));
  EXPECT_THAT(Check(trades, day.close_ns - kMinute, Timeframe::kDay, RowKind::kTrades), IsOk());
}

TEST(ReadScale, ABarOfTwoDownloadsIsRefusedByItsName) {
  const quant::Session& day = *quant::Xnys().Find(kTuesday);
  std::vector<int64_t> times;
  AddMinutes(times, day, 330, 240);
  Series rows = Rows(times);
  const int64_t noon = day.open_ns + 150 * kMinute;
  EXPECT_THAT(Check(rows, noon + kMinute, Timeframe::kMin5), IsOk()) << "where one bar ends and the next begins";
  EXPECT_THAT(Check(rows, noon + 2 * kMinute, Timeframe::kMin5),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"));
  const absl::Status hour = Check(rows, noon + kMinute, Timeframe::kHour1);
  ASSERT_THAT(hour, StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"));
  EXPECT_THAT(base::Message(hour), HasSubstr("the 1hour bar of SPY that begins at 2024-01-02 16:30:00Z would be made"));
  EXPECT_THAT(base::Message(hour), HasSubstr("as of 2024-01-02 to 2024-01-03"));
  EXPECT_THAT(base::Message(Check(rows, noon + kMinute, Timeframe::kDay)),
              HasSubstr("the 1day bar of SPY that begins at 2024-01-02 14:30:00Z"));
  // Rows that no trade made are passed over, and so mix nothing.
  std::vector<int64_t> filled(rows.size(), 0);
  for (size_t row = 0; row < rows.size(); ++row)
    filled[row] = rows.times[row] > noon && rows.times[row] <= day.close_ns ? 1 : 0;
  rows.Add("is_filled", filled);
  EXPECT_THAT(Check(rows, noon + kMinute, Timeframe::kDay), IsOk());
}

}  // namespace
}  // namespace breadthflow::data
