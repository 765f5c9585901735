#include "services/data/domain/bar_stamps.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::HasSubstr;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kHour = 60 * kMinute;

struct Bars {
  std::vector<int64_t> times;
  std::vector<double> volumes;
};

// The bars of January 2020 from `before` minutes ahead of the open of a session until `after` its close, stamped by
// their starts on the clock, or `late` after them.
Bars Made(int64_t size, int64_t before, int64_t after, int64_t late, const quant::Calendar& calendar = quant::Xnys(),
          int days = 31) {
  Bars bars;
  for (const quant::Session& one : calendar.Between(absl::CivilDay(2020, 1, 1), absl::CivilDay(2020, 1, 1) + days)) {
    const int64_t from = one.open_ns - before * kMinute;
    for (int64_t time = from - from % size; time < one.close_ns + after * kMinute; time += size) {
      const bool regular = time + size > one.open_ns && time < one.close_ns;
      bars.times.push_back(time + late);
      bars.volumes.push_back(regular ? 50'000 + static_cast<double>(one.close_ns - time) / 1e9 : 900);
    }
  }
  return bars;
}

std::string Fault(const Bars& bars, Timeframe timeframe, const quant::Calendar& calendar = quant::Xnys()) {
  const auto fault = FindBarStarts(bars.times, bars.volumes, timeframe, calendar);
  return fault ? std::to_string(fault->row) + " " + fault->text : "";
}

TEST(BarStamps, StartsOfRegularHoursAreNoEnds) {
  EXPECT_EQ(Fault(Made(kHour, 0, 0, 0), Timeframe::kHour1),
            "0 is stamped 2020-01-02T14:00 UTC and would be over when XNYS opens, but is the first one of its session, "
            "and so it is in 21 of 21 sessions: the stamps are the starts of the bars");
  for (const auto& [size, timeframe] :
       {std::pair(kMinute, Timeframe::kMin1), std::pair(5 * kMinute, Timeframe::kMin5),
        std::pair(15 * kMinute, Timeframe::kMin15), std::pair(30 * kMinute, Timeframe::kMin30),
        std::pair(kHour, Timeframe::kHour1)}) {
    for (const int days : {3, 31}) {
      EXPECT_THAT(Fault(Made(size, 0, 0, 0, quant::Xnys(), days), timeframe), HasSubstr("the starts of the bars"));
      EXPECT_EQ(Fault(Made(size, 0, 0, size, quant::Xnys(), days), timeframe), "") << "ends";
    }
  }
  EXPECT_THAT(Fault(Made(30 * kMinute, 0, 0, 0, quant::Xetr()), Timeframe::kMin30, quant::Xetr()),
              HasSubstr("the starts of the bars"));
  EXPECT_EQ(Fault(Made(30 * kMinute, 0, 0, 30 * kMinute, quant::Xetr()), Timeframe::kMin30, quant::Xetr()), "");
}

// Hours from the open on: the last one begins half an hour before the close.
TEST(BarStamps, HoursFromTheOpenOnAreTold) {
  Bars starts, ends;
  for (const quant::Session& one : quant::Xnys().Between(absl::CivilDay(2020, 1, 1), absl::CivilDay(2020, 2, 1))) {
    for (int64_t time = one.open_ns; time < one.close_ns; time += kHour) {
      starts.times.push_back(time);
      ends.times.push_back(std::min(time + kHour, one.close_ns));
    }
  }
  EXPECT_THAT(Fault(starts, Timeframe::kHour1), HasSubstr("the starts of the bars")) << "without any volume";
  EXPECT_EQ(Fault(ends, Timeframe::kHour1), "");
}

// A bar at the close may be its auction's, or the last one that ends: the first two bars tell.
TEST(BarStamps, ABarAtTheCloseLeavesItToTheVolumeOfTheFirstOnes) {
  const Bars auctions = Made(kMinute, 0, 1, 0);
  EXPECT_THAT(Fault(auctions, Timeframe::kMin1), HasSubstr("the starts of the bars"));
  const Bars cut = Made(kMinute, 1, 0, kMinute);  // what ends from the open to the close
  ASSERT_EQ(cut.times, auctions.times);
  EXPECT_EQ(Fault(cut, Timeframe::kMin1), "");
  EXPECT_EQ(Fault({auctions.times, {}}, Timeframe::kMin1), "") << "nothing tells";
}

TEST(BarStamps, ExtendedHoursAreToldByTheVolumeOfTheOpen) {
  for (const auto& [size, timeframe] :
       {std::pair(kMinute, Timeframe::kMin1), std::pair(30 * kMinute, Timeframe::kMin30),
        std::pair(kHour, Timeframe::kHour1)}) {
    for (const int days : {2, 31}) {  // one session, and many
      EXPECT_THAT(Fault(Made(size, 330, 240, 0, quant::Xnys(), days), timeframe),
                  HasSubstr("where the volume of the session begins"));
      EXPECT_EQ(Fault(Made(size, 330, 240, size, quant::Xnys(), days), timeframe), "") << "ends";
    }
  }
  Bars even = Made(kMinute, 330, 240, 0);
  even.volumes.assign(even.volumes.size(), 100);
  EXPECT_EQ(Fault(even, Timeframe::kMin1), "") << "no volume that begins";
  EXPECT_EQ(Fault({even.times, {}}, Timeframe::kMin1), "");
}

TEST(BarStamps, TheWeekOfCurrenciesOpensOnSundaysAndOtherMarketsNever) {
  const auto week = [](int64_t late) { return Made(kHour, 0, 0, late, quant::FxWeek()); };
  EXPECT_THAT(Fault(week(0), Timeframe::kHour1, quant::FxWeek()), HasSubstr("when FX opens"));
  EXPECT_EQ(Fault(week(kHour), Timeframe::kHour1, quant::FxWeek()), "");
  EXPECT_EQ(Fault(week(0), Timeframe::kHour1, quant::AlwaysOpen()), "");
  EXPECT_EQ(Fault(week(0), Timeframe::kHour1, quant::UtcDays()), "");
}

TEST(BarStamps, FewRowsTellNothing) {
  const Bars all = Made(kMinute, 0, 0, 0);
  EXPECT_EQ(Fault({}, Timeframe::kMin1), "");
  EXPECT_EQ(Fault({{all.times[0]}, {1}}, Timeframe::kMin1), "");
  EXPECT_EQ(Fault({{all.times.begin(), all.times.begin() + 60}, {}}, Timeframe::kMin1), "") << "an hour of a day";
  EXPECT_EQ(Fault(all, Timeframe::kDay), "");
}

}  // namespace
}  // namespace breadthflow::data
