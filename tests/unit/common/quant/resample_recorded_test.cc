#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "common/quant/resample.h"
#include "tests/support/csv_table.h"
#include "tests/support/shared_file.h"
#include "tests/unit/common/quant/resample_support.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;
using ::testing::ElementsAre;

// Minutes as recorded (exchange time, labelled by their start) make the days that another vendor recorded.
TEST(Resample, MakesTheRecordedDaysFromRecordedMinutes) {
  const auto minutes = testing::ReadCsvTable(testing::SharedFile("data/bars/intraday/SPY_1m_20131004-20131011.csv"));
  const auto days = testing::ReadCsvTable(testing::SharedFile("data/bars/daily/SPY.csv"));
  if (!minutes || !days) GTEST_SKIP() << "recorded bars are not here";
  Series series{.key = {"stock_price", "SPY", Timeframe::kMin1, ""}, .basis = PriceBasis::kRaw};
  for (const std::string& key : minutes->keys) {
    CivilSecond start;
    ASSERT_TRUE(absl::ParseCivilTime(key, &start)) << key;
    series.times.push_back(NewYorkInstant(start) + kMinute);
  }
  for (const char* name : {"open", "high", "low", "close", "volume"}) series.Add(name, minutes->columns.at(name));
  const Resampled out = Bars(series, {.timeframe = Timeframe::kDay});
  EXPECT_GT(out.outside_rows, 1000u) << "extended hours";
  ASSERT_EQ(out.bars.size(), 6u);
  for (size_t row = 0; row < out.bars.size(); ++row) {
    const std::string day = NewYork(out.bars.times[row]).substr(0, 10);
    const auto found = std::find(days->keys.begin(), days->keys.end(), day);
    ASSERT_NE(found, days->keys.end()) << day;
    const size_t recorded = static_cast<size_t>(found - days->keys.begin());
    for (const char* name : {"open", "high", "low", "close"})
      EXPECT_NEAR(out.bars.Doubles(name)[row], days->columns.at(name)[recorded], 0.15) << day << " " << name;
  }
}

// Bars of that file, labelled by their start in exchange time; no rows where it is not here.
Series RecordedBars(const std::string& file, Timeframe timeframe, int64_t length) {
  Series series{.key = {"stock_price", "", timeframe, ""}, .basis = PriceBasis::kRaw};
  const auto table = testing::ReadCsvTable(testing::SharedFile(file));
  if (!table) return series;
  for (std::string key : table->keys) {
    key[10] = 'T';
    CivilSecond start;
    EXPECT_TRUE(absl::ParseCivilTime(key, &start)) << key;
    series.times.push_back(NewYorkInstant(start) + length);
  }
  const bool newest_first = series.times.front() > series.times.back();
  if (newest_first) std::reverse(series.times.begin(), series.times.end());
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    std::vector<double> values = table->columns.at(name);
    if (newest_first) std::reverse(values.begin(), values.end());
    series.Add(name, std::move(values));
  }
  return series;
}

// Where trading goes on after the close, the row that begins there is none of the day: the closes are the official
// ones.
TEST(Resample, EndsRecordedDaysWithTheOfficialCloseWhereTradingGoesOn) {
  struct Recorded {
    const char* bars;
    const char* days;
    size_t count;
    Timeframe timeframe = Timeframe::kMin1;
    int64_t length = kMinute;
  };
  for (const Recorded& one :
       {Recorded{"data/bars/intraday/SPY_1m_20131004-20131011.csv", "data/bars/daily/SPY.csv", 6},
        Recorded{"data/bars/intraday/AAPL_1m_20140605-20140609_unadjusted.csv", "data/bars/daily_unadjusted/AAPL.csv",
                 3},
        Recorded{"data/bars/intraday/GOOG_1m_20151223-20151228.csv", "data/bars/daily_unadjusted/GOOG.csv", 3},
        Recorded{"data/providers/alpha_vantage/examples/TIME_SERIES_INTRADAY_3dbdcdc7.csv",
                 "data/providers/alpha_vantage/examples/TIME_SERIES_DAILY_42a08190.csv", 1, Timeframe::kMin5,
                 5 * kMinute}}) {
    const Series bars = RecordedBars(one.bars, one.timeframe, one.length);
    const auto official = testing::ReadCsvTable(testing::SharedFile(one.days));
    if (bars.empty() || !official) GTEST_SKIP() << "recorded bars are not here";
    const Series days = Bars(bars, {.timeframe = Timeframe::kDay, .closing_ns = one.length}).bars;
    ASSERT_EQ(days.size(), one.count) << one.bars;
    for (size_t row = 0; row < days.size(); ++row) {
      const std::string day = NewYork(days.times[row]).substr(0, 10);
      const auto found = std::find(official->keys.begin(), official->keys.end(), day);
      ASSERT_NE(found, official->keys.end()) << day;
      EXPECT_DOUBLE_EQ(days.Doubles("close")[row],
                       official->columns.at("close")[static_cast<size_t>(found - official->keys.begin())])
          << one.bars << " " << day;
    }
  }
}

// A file of regular hours has the auction in the row that begins at the close.
TEST(Resample, KeepsTheRecordedClosingAuctionWhereNothingFollows) {
  const Series minutes = RecordedBars("data/bars/intraday/SPY_1m_20201215-20201218.csv", Timeframe::kMin1, kMinute);
  if (minutes.empty()) GTEST_SKIP() << "recorded bars are not here";
  const Resampled days = Bars(minutes, {.timeframe = Timeframe::kDay, .closing_ns = kMinute});
  EXPECT_EQ(days.outside_rows, 0u);
  EXPECT_THAT(days.bars.Doubles("close"), ElementsAre(369.56, 370.06, 372.19, 369.15));
  EXPECT_EQ(Sum(days.bars.Doubles("volume")), Sum(minutes.Doubles("volume")));
  EXPECT_EQ(Bars(minutes, {.timeframe = Timeframe::kDay}).outside_rows, 4u) << "where no auction is told of";
}

// Coins trade through the night: days end at midnight UTC and lose no coin.
TEST(Resample, MakesUtcDaysFromRecordedMinutesOfACoin) {
  const auto minutes =
      testing::ReadCsvTable(testing::SharedFile("data/bars/intraday/BTCUSD_1m_20180404-20180406_coinbase.csv"));
  if (!minutes) GTEST_SKIP() << "recorded bars are not here";
  Series series{.key = {"stock_price", "BTCUSD", Timeframe::kMin1, ""}, .basis = PriceBasis::kRaw};
  for (const std::string& key : minutes->keys) {
    CivilSecond start;
    ASSERT_TRUE(absl::ParseCivilTime(key.substr(0, 19), &start)) << key;
    series.times.push_back(UtcInstant(start) + kMinute);
  }
  for (const char* name : {"open", "high", "low", "close", "volume"}) series.Add(name, minutes->columns.at(name));
  const Resampled days = Bars(series, {.timeframe = Timeframe::kDay}, AlwaysOpen());
  EXPECT_EQ(days.outside_rows + days.pending_rows, 0u);
  EXPECT_THAT(days.bars.times, ElementsAre(UtcInstant(CivilSecond(2018, 4, 5)), UtcInstant(CivilSecond(2018, 4, 6)),
                                           UtcInstant(CivilSecond(2018, 4, 7))));
  EXPECT_NEAR(Sum(days.bars.Doubles("volume")), Sum(series.Doubles("volume")), 1e-6);
  EXPECT_EQ(days.bars.Doubles("open")[0], series.Doubles("open")[0]);
  EXPECT_EQ(days.bars.Doubles("close")[2], series.Doubles("close").back());
}

// Recorded trades from the small hours until after the open.
TEST(Resample, MakesBarsOfRecordedTrades) {
  const auto trades = testing::ReadCsvTable(testing::SharedFile("data/ticks/IBM_trades_20131007_first10000.csv"));
  if (!trades) GTEST_SKIP() << "recorded trades are not here";
  Series series{.key = {"trade", "IBM", Timeframe::kTick, ""}, .repeats = true};
  double inside = 0;
  const std::vector<double>& sizes = trades->columns.at("size");
  for (size_t row = 0; row < trades->keys.size(); ++row) {
    const std::string& key = trades->keys[row];
    CivilSecond second;
    ASSERT_TRUE(absl::ParseCivilTime(key.substr(0, 19), &second)) << key;
    const int64_t milliseconds = key.size() > 20 ? std::stoll(key.substr(20)) : 0;
    series.times.push_back(NewYorkInstant(second) + milliseconds * 1'000'000);
    if (Xnys().At(series.times.back()) != nullptr) inside += sizes[row];
  }
  series.Add("price", trades->columns.at("price"));
  series.Add("size", sizes);
  ASSERT_GT(inside, 0);
  const int64_t close = Xnys().SessionClose(CivilDay(2013, 10, 7)).value();
  const Series day = Bars(series, {.timeframe = Timeframe::kDay, .watermark_ns = close}).bars;
  ASSERT_EQ(day.size(), 1u);
  EXPECT_EQ(day.Doubles("volume")[0], inside);
  const Resampled lots = Bars(series, {.rule = BarRule::kVolume, .size = 10'000});
  EXPECT_GT(lots.outside_rows, 100u);
  // Bars overshoot by less than a trade and carry it: their number is that of whole lots, or less by outsized trades.
  EXPECT_LE(static_cast<double>(lots.bars.size()), inside / 10'000);
  EXPECT_GE(static_cast<double>(lots.bars.size()), inside / 10'000 * 0.5);
}

}  // namespace
}  // namespace breadthflow::quant
