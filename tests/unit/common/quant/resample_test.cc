#include "common/quant/resample.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/support/matchers.h"
#include "tests/unit/common/quant/resample_support.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;
using testing::StatusIs;

TEST(Resample, MakesBarsThatAreKnownAtTheEndOfTheirInterval) {
  const Series trades = Trades({At(2017, 9, 1, 9, 29, 59), At(2017, 9, 1, 9, 30), At(2017, 9, 1, 9, 30, 59),
                                At(2017, 9, 1, 9, 31), At(2017, 9, 1, 9, 33, 30), At(2017, 9, 1, 9, 34)},
                               {9, 10, 12, 11, 8, 10}, {1, 2, 3, 4, 5, 6});
  const Resampled out = Bars(trades, {.timeframe = Timeframe::kMin1});
  EXPECT_THAT(NewYork(out.bars), ElementsAre("2017-09-01 09:31", "2017-09-01 09:32", "2017-09-01 09:34"));
  EXPECT_THAT(out.bars.Doubles("open"), ElementsAre(10, 11, 8));
  EXPECT_THAT(out.bars.Doubles("high"), ElementsAre(12, 11, 8));
  EXPECT_THAT(out.bars.Doubles("low"), ElementsAre(10, 11, 8));
  EXPECT_THAT(out.bars.Doubles("close"), ElementsAre(12, 11, 8));
  EXPECT_THAT(out.bars.Doubles("volume"), ElementsAre(5, 4, 5));
  EXPECT_THAT(out.bars.Doubles("vwap"), ElementsAre((10.0 * 2 + 12 * 3) / 5, 11, 8));
  EXPECT_THAT(out.bars.Ints("trade_count"), ElementsAre(2, 1, 1));
  EXPECT_EQ(out.outside_rows, 1u) << "before the open";
  EXPECT_EQ(out.pending_rows, 1u) << "of the minute that has begun";
  EXPECT_EQ(out.bars.key, (SeriesKey{"stock_price", "A", Timeframe::kMin1, ""}));
  EXPECT_EQ(out.bars.basis, PriceBasis::kRaw);
}

TEST(Resample, TakesTheClosingAuctionForTheEndOfTheSessionWhereItIsTold) {
  const Series trades = Trades({At(2017, 9, 1, 15, 59, 30), At(2017, 9, 1, 16, 0), At(2017, 9, 1, 16, 0, 59),
                                At(2017, 9, 1, 20, 0), At(2017, 9, 5, 9, 30)},
                               {10, 12, 11, 13, 14}, {1, 2, 4, 8, 16});
  const int64_t minute = 60'000'000'000;
  const int64_t end = At(2017, 9, 5, 16, 0);
  const Resampled out = Bars(trades, {.timeframe = Timeframe::kHour1, .watermark_ns = end, .closing_ns = minute});
  EXPECT_THAT(NewYork(out.bars), ElementsAre("2017-09-01 16:00", "2017-09-05 10:30"));
  EXPECT_THAT(out.bars.Doubles("volume"), ElementsAre(7, 16));
  EXPECT_THAT(out.bars.Doubles("close"), ElementsAre(11, 14));
  EXPECT_EQ(out.outside_rows, 1u);
  EXPECT_EQ(Bars(trades, {.timeframe = Timeframe::kHour1, .watermark_ns = end}).outside_rows, 3u);
  EXPECT_EQ(Bars(trades, {.rule = BarRule::kTicks, .size = 4, .closing_ns = minute}).outside_rows, 1u);
}

TEST(Resample, EndsTheLastBarOfASessionAtItsCloseEarlyOrNot) {
  const Series trades = HolidayTrades();
  const Series hours = Bars(trades, {.timeframe = Timeframe::kHour1}).bars;
  const Session& half = *Xnys().Find(CivilDay(2017, 11, 24));
  EXPECT_THAT(NewYork(hours.Slice({half.open_ns, half.close_ns + 1})),
              ElementsAre("2017-11-24 10:30", "2017-11-24 11:30", "2017-11-24 12:30", "2017-11-24 13:00"));
  const Session& full = *Xnys().Find(CivilDay(2017, 11, 22));
  EXPECT_EQ(NewYork(hours.Slice({full.open_ns, full.close_ns + 1})).back(), "2017-11-22 16:00");
  EXPECT_THAT(
      NewYork(Bars(trades, {.timeframe = Timeframe::kDay}).bars),
      ElementsAre("2017-11-20 16:00", "2017-11-21 16:00", "2017-11-22 16:00", "2017-11-24 13:00", "2017-11-27 16:00",
                  "2017-11-28 16:00", "2017-11-29 16:00", "2017-11-30 16:00", "2017-12-01 16:00"));
  EXPECT_THAT(NewYork(Bars(trades, {.timeframe = Timeframe::kWeek}).bars),
              ElementsAre("2017-11-24 13:00", "2017-12-01 16:00"));
  EXPECT_THAT(NewYork(Bars(trades, {.timeframe = Timeframe::kMonth}).bars), ElementsAre("2017-11-30 16:00"));
}

TEST(Resample, KeepsSessionsOnTheDaysAroundAChangeOfTheClocks) {
  const Series trades = RandomTrades(At(2017, 3, 10, 0, 0), At(2017, 3, 14, 12, 0), 300 * kSecond, 3);
  const auto utc = [](const Series& series) {
    std::vector<std::string> out;
    for (const int64_t time : series.times)
      out.push_back(absl::FormatTime("%m-%d %H:%M", FromNanos(time), absl::UTCTimeZone()));
    return out;
  };
  EXPECT_THAT(utc(Bars(trades, {.timeframe = Timeframe::kDay}).bars), ElementsAre("03-10 21:00", "03-13 20:00"));
  EXPECT_THAT(utc(Bars(trades, {.timeframe = Timeframe::kDay}, FxWeek()).bars),
              ElementsAre("03-10 22:00", "03-13 21:00"));
  EXPECT_THAT(utc(Bars(trades, {.timeframe = Timeframe::kDay}, AlwaysOpen()).bars),
              ElementsAre("03-11 00:00", "03-12 00:00", "03-13 00:00", "03-14 00:00"));
  EXPECT_EQ(Bars(trades, {.timeframe = Timeframe::kHour1}, Xnys()).bars.size(), 7u + 7u + 2u)
      << "Tuesday has come to noon";
}

TEST(Resample, OfSmallerBarsIsResampleOfTrades) {
  for (const Calendar* calendar : {&Xnys(), &AlwaysOpen(), &FxWeek()}) {
    const Series trades = HolidayTrades();
    const int64_t watermark = trades.times.back();
    const Series minutes = Bars(trades, {.timeframe = Timeframe::kMin1, .watermark_ns = watermark}, *calendar).bars;
    for (const Timeframe timeframe : kTimeframes) {
      for (const bool fill : {false, true}) {
        if (fill && timeframe == Timeframe::kMin1) continue;
        const ResampleSpec spec{.timeframe = timeframe, .fill_forward = fill, .watermark_ns = watermark};
        const Series direct = Bars(trades, spec, *calendar).bars;
        const Series twice = Bars(minutes, spec, *calendar).bars;
        ASSERT_EQ(direct.times, twice.times) << calendar->name() << " " << ToText(timeframe);
        for (const char* name : {"open", "high", "low", "close", "volume"})
          ASSERT_THAT(twice.Doubles(name), Pointwise(::testing::Eq(), direct.Doubles(name))) << name;
        ASSERT_THAT(twice.Doubles("vwap"), Pointwise(DoubleNear(1e-9), direct.Doubles("vwap")));
        ASSERT_EQ(twice.Find("trade_count")->values, direct.Find("trade_count")->values);
      }
    }
  }
}

TEST(Resample, NeverChangesBarsThatWereGivenWhenMoreRowsCome) {
  const Series trades = HolidayTrades();
  std::vector<ResampleSpec> specs;
  for (const Timeframe timeframe : kTimeframes)
    for (const bool fill : {false, true}) specs.push_back({.timeframe = timeframe, .fill_forward = fill});
  specs.push_back({.rule = BarRule::kTicks, .size = 50});
  specs.push_back({.rule = BarRule::kVolume, .size = 3000});
  specs.push_back({.rule = BarRule::kDollar, .size = 250'000});
  specs.push_back({.rule = BarRule::kRange, .size = 0.5});
  std::mt19937_64 random(11);
  for (const ResampleSpec& spec : specs) {
    const Series all = Bars(trades, spec).bars;
    ASSERT_FALSE(all.empty());
    size_t growing = 0;
    for (int i = 0; i < 25; ++i) {
      size_t cut = random() % trades.size();
      while (cut > 0 && trades.times[cut - 1] == trades.times[cut]) --cut;  // an instant is given whole
      const Series some = Bars(trades.Rows(0, cut), spec).bars;
      ASSERT_LE(some.size(), all.size());
      ASSERT_EQ(some.times, all.Rows(0, some.size()).times) << ToText(spec.rule) << " " << ToText(spec.timeframe);
      for (const Column& column : some.columns) {
        for (size_t row = 0; row < some.size(); ++row)
          ASSERT_EQ(column.present(row), all.Find(column.name)->present(row)) << column.name;
      }
      for (const char* name : {"open", "high", "low", "close", "volume", "vwap"})
        ASSERT_THAT(some.Doubles(name), Pointwise(::testing::Eq(), all.Doubles(name).first(some.size()))) << name;
      growing += some.size();
    }
    EXPECT_GT(growing, 0u);
  }
}

TEST(Resample, LosesNoVolume) {
  const Series trades = HolidayTrades();
  double outside = 0;
  size_t outside_rows = 0;
  for (size_t row = 0; row < trades.size(); ++row) {
    if (Xnys().At(trades.times[row]) != nullptr) continue;
    outside += trades.Doubles("size")[row];
    ++outside_rows;
  }
  ASSERT_GT(outside, 0);
  const double inside = Sum(trades.Doubles("size")) - outside;
  const int64_t end = Xnys().SessionClose(CivilDay(2017, 12, 29)).value();
  for (const Timeframe timeframe : kTimeframes) {
    const Resampled out = Bars(trades, {.timeframe = timeframe, .watermark_ns = end});
    EXPECT_EQ(Sum(out.bars.Doubles("volume")), inside) << ToText(timeframe);
    EXPECT_EQ(out.outside_rows, outside_rows);
    EXPECT_EQ(out.pending_rows, 0u);
  }
  for (const BarRule rule : {BarRule::kTicks, BarRule::kVolume, BarRule::kDollar, BarRule::kRange}) {
    const Resampled out = Bars(trades, {.rule = rule, .size = rule == BarRule::kRange ? 0.3 : 1000});
    double counted = Sum(out.bars.Doubles("volume"));
    const size_t last = trades.size();
    size_t pending = out.pending_rows;
    for (size_t row = last; row-- > 0 && pending > 0;) {
      if (Xnys().At(trades.times[row]) == nullptr) continue;
      counted += trades.Doubles("size")[row];
      --pending;
    }
    EXPECT_EQ(counted, inside) << ToText(rule);
  }
}

TEST(Resample, GivesABarOnlyWhenTheWatermarkReachesItsEnd) {
  const Series trades = Trades({At(2017, 9, 1, 15, 59, 30)}, {10}, {1});
  const int64_t close = At(2017, 9, 1, 16, 0);
  EXPECT_TRUE(Bars(trades, {}).bars.empty());
  EXPECT_TRUE(Bars(trades, {.watermark_ns = close - 1}).bars.empty());
  EXPECT_THAT(Bars(trades, {.watermark_ns = close}).bars.times, ElementsAre(close));
  EXPECT_THAT(Bars(Trades({At(2017, 9, 1, 15, 59, 30), At(2017, 9, 1, 18, 0)}, {10, 11}, {1, 1}), {}).bars.times,
              ElementsAre(close))
      << "a row outside the session says too that the session has ended";
  EXPECT_TRUE(Bars(Trades({}, {}, {}), {}).bars.empty());
}

TEST(Resample, FillsForwardOnlyOnRequestAndSaysSo) {
  const Series trades =
      Trades({At(2017, 9, 1, 15, 57, 30), At(2017, 9, 5, 9, 32, 30)}, {10, 12}, {5, 7});  // Labor Day between
  const ResampleSpec spec{
      .timeframe = Timeframe::kMin1, .fill_forward = true, .watermark_ns = At(2017, 9, 5, 9, 34, 30)};
  const Series bars = Bars(trades, spec).bars;
  EXPECT_THAT(NewYork(bars), ElementsAre("2017-09-01 15:58", "2017-09-01 15:59", "2017-09-01 16:00", "2017-09-05 09:31",
                                         "2017-09-05 09:32", "2017-09-05 09:33", "2017-09-05 09:34"));
  EXPECT_THAT(bars.Ints("is_filled"), ElementsAre(0, 1, 1, 1, 1, 0, 1));
  EXPECT_THAT(bars.Doubles("open"), ElementsAre(10, 10, 10, 10, 10, 12, 12));
  EXPECT_THAT(bars.Doubles("volume"), ElementsAre(5, 0, 0, 0, 0, 7, 0));
  EXPECT_THAT(bars.Ints("trade_count"), ElementsAre(1, 0, 0, 0, 0, 1, 0));
  EXPECT_FALSE(bars.Find("vwap")->present(1));
  // Filled rows are no trades: larger bars of them are those of the trades, and none where nothing was traded.
  const Series halves = Bars(bars, {.timeframe = Timeframe::kMin30, .watermark_ns = At(2017, 9, 5, 10, 0)}).bars;
  EXPECT_THAT(NewYork(halves), ElementsAre("2017-09-01 16:00", "2017-09-05 10:00"));
  EXPECT_THAT(halves.Doubles("volume"), ElementsAre(5, 7));
  EXPECT_EQ(halves.Find("is_filled"), nullptr);
}

Series Days(PriceBasis basis) {
  Series days{.key = {"stock_price", "A", Timeframe::kDay, ""}, .basis = basis};
  for (int day = 5; day <= 8; ++day) days.times.push_back(At(2017, 9, day, 16, 0));
  days.Add("open", std::vector<double>{100, 104, 54, 27});
  days.Add("high", std::vector<double>{110, 112, 60, 30});
  days.Add("low", std::vector<double>{90, 100, 50, 20});
  days.Add("close", std::vector<double>{105, 108, 56, 25});
  days.Add("volume", std::vector<double>{10, 20, 30, 40});
  days.Add("adj_close", std::vector<double>{26, 27, 28, 25});
  days.Add("dividend", std::vector<double>{8, 4, 1, 0.5});
  days.Add("split_ratio", std::vector<double>{3, 1, 2, 2});
  return days;
}

TEST(Resample, PutsRawRowsOnTheSharesThatTheBarEndsWith) {
  const Series week = Bars(Days(PriceBasis::kRaw), {.timeframe = Timeframe::kWeek}).bars;
  EXPECT_EQ(week.basis, PriceBasis::kRaw);
  EXPECT_THAT(week.Doubles("open"), ElementsAre(25));
  EXPECT_THAT(week.Doubles("high"), ElementsAre(30));
  EXPECT_THAT(week.Doubles("low"), ElementsAre(20));
  EXPECT_THAT(week.Doubles("close"), ElementsAre(25));
  EXPECT_THAT(week.Doubles("volume"), ElementsAre(40 + 80 + 60 + 40));
  EXPECT_THAT(week.Doubles("adj_close"), ElementsAre(25));
  EXPECT_THAT(week.Doubles("split_ratio"), ElementsAre(12)) << "the first one too: it took effect before the bar";
  EXPECT_THAT(week.Doubles("dividend"), ElementsAre(2 + 1 + 0.5 + 0.5));
}

TEST(Resample, ScalesNothingThatIsAdjustedAlready) {
  const Series week = Bars(Days(PriceBasis::kSplitAdjusted), {.timeframe = Timeframe::kWeek}).bars;
  EXPECT_THAT(week.Doubles("open"), ElementsAre(100));
  EXPECT_THAT(week.Doubles("volume"), ElementsAre(100));
  EXPECT_THAT(week.Doubles("split_ratio"), ElementsAre(12));
  EXPECT_THAT(week.Doubles("dividend"), ElementsAre(13.5));
}

TEST(Resample, LeavesMissingWhatIsMissingInARow) {
  Series days = Days(PriceBasis::kRaw);
  days.columns[6].valid = {true, false, true, true};
  const Series week = Bars(days, {.timeframe = Timeframe::kWeek}).bars;
  EXPECT_FALSE(week.Find("dividend")->present(0));
  EXPECT_TRUE(week.Find("split_ratio")->present(0));
}

TEST(Resample, SaysEverythingThatIsWrong) {
  Series bad = TradesBySecond({10, 11, 12}, {1, -1, 1});
  std::swap(bad.times[0], bad.times[2]);
  bad.columns[0].valid = {true, true, false};
  const absl::Status status = Resample(bad, {}, Xnys()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESAMPLE"));
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 3u) << base::Message(status);
  const auto refused = [](const Series& rows, const ResampleSpec& spec, std::string_view field) {
    const absl::Status fault = Resample(rows, spec, Xnys()).status();
    EXPECT_THAT(fault, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESAMPLE"));
    const std::vector<base::FieldViolation> violations = base::DetailsOf(fault).violations;
    ASSERT_FALSE(violations.empty());
    EXPECT_EQ(violations[0].field, field);
  };
  const Series days = Days(PriceBasis::kRaw);
  refused(days, {.timeframe = Timeframe::kHour1}, "timeframe");
  refused(days, {.timeframe = Timeframe::kTick}, "timeframe");
  Series weeks = days;
  weeks.key.timeframe = Timeframe::kWeek;
  refused(weeks, {.timeframe = Timeframe::kMonth}, "timeframe");
  refused(days, {.rule = BarRule::kVolume}, "size");
  refused(days, {.rule = BarRule::kVolume, .size = 1, .fill_forward = true}, "fill_forward");
  refused(days, {.rule = BarRule::kTicks, .size = 10}, "trade_count");
  Series twice = days;
  twice.times[1] = twice.times[0];
  refused(twice, {}, "times");
  Series no_split = days;
  no_split.columns[7].values = std::vector<double>{1, 0, 1, 1};
  refused(no_split, {}, "split_ratio");
  Series text = days;
  text.columns[4].values = std::vector<std::string>{"1", "2", "3", "4"};
  refused(text, {}, "volume");
  EXPECT_THAT(Resample(Trades({At(1985, 1, 2, 10, 0)}, {1}, {1}), {}, Xnys()),
              StatusIs(absl::StatusCode::kOutOfRange, "CALENDAR_RANGE"));
}

TEST(Resample, TakesWholeNumbersAsSizes) {
  Series trades{.key = {"trade", "A", Timeframe::kTick, ""}, .times = {At(2017, 9, 1, 10, 0), At(2017, 9, 1, 10, 5)}};
  trades.Add("price", std::vector<double>{10, 11});
  trades.Add("size", std::vector<int64_t>{3, 4});
  EXPECT_THAT(Bars(trades, {.timeframe = Timeframe::kMin1}).bars.Doubles("volume"), ElementsAre(3));
}

TEST(SampleLast, TakesTheLastRowOfAnIntervalAndItsExtremes) {
  Series levels{.key = {"index_level", "VIX", Timeframe::kDay, "s"}};
  for (const int day : {28, 29, 30, 31}) levels.times.push_back(*Xnys().SessionClose(CivilDay(2017, 8, day)));
  levels.times.push_back(*Xnys().SessionClose(CivilDay(2017, 9, 5)));
  levels.Add("open", std::vector<double>{10, 11, 12, 13, 14});
  levels.Add("high", std::vector<double>{15, 19, 17, 16, 18});
  levels.Add("low", std::vector<double>{9, 8, 7, 6, 5});
  levels.Add("close", std::vector<double>{12, 13, 14, 15, 16});
  levels.columns[2].valid = {true, true, false, true, true};
  BF_ASSERT_OK_AND_ASSIGN(const Resampled out, SampleLast(levels, Timeframe::kWeek, Xnys()));
  EXPECT_THAT(NewYork(out.bars), ElementsAre("2017-09-01 16:00"));
  EXPECT_THAT(out.bars.Doubles("open"), ElementsAre(10));
  EXPECT_THAT(out.bars.Doubles("high"), ElementsAre(19));
  EXPECT_FALSE(out.bars.Find("low")->present(0)) << "one day does not say";
  EXPECT_THAT(out.bars.Doubles("close"), ElementsAre(15));
  EXPECT_EQ(out.pending_rows, 1u) << "of the week that is not over";
  EXPECT_EQ(out.bars.key.timeframe, Timeframe::kWeek);
}

}  // namespace
}  // namespace breadthflow::quant
