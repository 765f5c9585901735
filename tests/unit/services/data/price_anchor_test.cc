// As of when prices were adjusted: what was traded comes back from files of any day, and every mode is made of that.
#include "services/data/domain/price_anchor.h"

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/read_shape.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;
using Code = absl::StatusCode;
using Doubles = std::vector<double>;

constexpr Adjustment kAll[] = {Adjustment::kRaw,         Adjustment::kSplit,        Adjustment::kSplitDividend,
                               Adjustment::kTotalReturn, Adjustment::kForwardSplit, Adjustment::kForward};

struct Split {
  CivilDay ex_date;
  double ratio;
};

Series Events(const char* resource, const char* value, const std::vector<Split>& events) {
  Series series{.key = {resource, "A", quant::Timeframe::kTick, ""}, .repeats = true};
  std::vector<std::string> days;
  Doubles values;
  for (const Split& one : events) {
    series.times.push_back(quant::Xnys().DayStart(one.ex_date));
    days.emplace_back(absl::FormatCivilTime(one.ex_date));
    values.push_back(one.ratio);
  }
  series.Add("ex_date", std::move(days));
  series.Add(value, std::move(values));
  return series;
}

// What was traded from 2018 to the end of 2020, in cents.
Series Traded() {
  std::mt19937_64 random(11);
  Series bars{.key = {"stock_price", "A", quant::Timeframe::kDay, "import"}, .basis = PriceBasis::kRaw};
  Doubles open, high, low, close, volume;
  for (const quant::Session& session : quant::Xnys().Between(CivilDay(2018, 1, 1), CivilDay(2021, 1, 1))) {
    bars.times.push_back(session.close_ns);
    const auto cents = [&](int64_t from) {
      return static_cast<double>(from + static_cast<int64_t>(random() % 997)) / 100;
    };
    low.push_back(cents(10'000));
    open.push_back(cents(11'000));
    close.push_back(cents(12'000));
    high.push_back(cents(13'000));
    volume.push_back(static_cast<double>(1'000 + random() % 100'000));
  }
  bars.Add("open", std::move(open));
  bars.Add("high", std::move(high));
  bars.Add("low", std::move(low));
  bars.Add("close", std::move(close));
  bars.Add("volume", std::move(volume));
  return bars;
}

CivilDay DayOf(const Series& bars, size_t row) {
  return absl::ToCivilDay(quant::FromNanos(bars.times[row]), absl::UTCTimeZone());
}

// What a vendor gives on a day: the rows up to it, each price divided by every split that has come since, each number
// of shares multiplied by them. Written without anything that is tested.
Series Download(const Series& traded, const std::vector<Split>& splits, CivilDay day) {
  size_t rows = 0;
  while (rows < traded.size() && DayOf(traded, rows) <= day) ++rows;
  Series file = traded.Rows(0, rows);
  file.basis = PriceBasis::kSplitAdjusted;
  for (quant::Column& column : file.columns) {
    auto& values = std::get<Doubles>(column.values);
    for (size_t row = 0; row < rows; ++row) {
      double divided_by = 1;
      for (const Split& split : splits) {
        if (DayOf(traded, row) < split.ex_date && split.ex_date <= day) divided_by *= split.ratio;
      }
      if (column.name == "volume") values[row] *= divided_by;
      if (column.name != "volume") values[row] /= divided_by;
    }
  }
  return file;
}

StoredExtent ExtentOf(const Series& rows, PriceAnchors anchors = {}) {
  return {rows.times.front(), rows.times.back(), INT64_MAX, std::move(anchors)};
}

// The distance in doubles.
double UlpsApart(double a, double b) {
  const double ulp = std::nextafter(std::abs(b), std::numeric_limits<double>::infinity()) - std::abs(b);
  return std::abs(a - b) / ulp;
}

const std::vector<CivilDay> kDownloads = {CivilDay(2018, 5, 31),  CivilDay(2018, 6, 1),  CivilDay(2019, 3, 29),
                                          CivilDay(2019, 12, 31), CivilDay(2020, 8, 28), CivilDay(2020, 8, 31),
                                          CivilDay(2020, 12, 31), CivilDay(2024, 6, 30)};
const std::vector<Split> kDividends = {
    {CivilDay(2018, 3, 8), 0.6}, {CivilDay(2019, 3, 8), 0.7}, {CivilDay(2020, 9, 4), 0.2}};

TEST(PriceAnchor, FilesOfAnyDayGiveEveryModeBitForBitWhereSplitsArePowersOfTwo) {
  const Series traded = Traded();
  // The last one is behind all rows, and before the last download.
  const std::vector<Split> ratios = {
      {CivilDay(2018, 6, 1), 2}, {CivilDay(2019, 4, 1), 0.25}, {CivilDay(2020, 8, 31), 4}, {CivilDay(2022, 7, 18), 16}};
  const Series splits = Events("split", "ratio", ratios);
  const Series dividends = Events("dividend", "amount", kDividends);
  const CorporateActions actions{.splits = &splits, .dividends = &dividends};
  for (const CivilDay day : kDownloads) {
    const Series file = Download(traded, ratios, day);
    const Series same_rows = traded.Rows(0, file.size());
    if (day != kDownloads.front()) {
      ASSERT_NE(file.Doubles("close")[0], traded.Doubles("close")[0]) << day;
    }
    for (const Adjustment adjustment : kAll) {
      BF_ASSERT_OK_AND_ASSIGN(const Series wanted, AdjustRows(same_rows, adjustment, actions, ExtentOf(same_rows)));
      BF_ASSERT_OK_AND_ASSIGN(const Series got,
                              AdjustRows(file, adjustment, actions, ExtentOf(file, {{INT64_MIN, day}})));
      EXPECT_EQ(got.basis, wanted.basis) << ToText(adjustment) << " of " << day;
      EXPECT_EQ(got.times, wanted.times) << ToText(adjustment) << " of " << day;
      EXPECT_EQ(got.columns, wanted.columns) << ToText(adjustment) << " of " << day;
    }
  }
}

TEST(PriceAnchor, OtherSplitsCostOneRoundingOfTheVendorsDivision) {
  const Series traded = Traded();
  const std::vector<Split> ratios = {
      {CivilDay(2018, 6, 1), 3}, {CivilDay(2019, 4, 1), 1.5}, {CivilDay(2020, 8, 31), 7}, {CivilDay(2022, 7, 18), 20}};
  const Series splits = Events("split", "ratio", ratios);
  const Series dividends = Events("dividend", "amount", kDividends);
  const CorporateActions actions{.splits = &splits, .dividends = &dividends};
  bool any = false;
  for (const CivilDay day : kDownloads) {
    const Series file = Download(traded, ratios, day);
    const Series same_rows = traded.Rows(0, file.size());
    for (const Adjustment adjustment : kAll) {
      BF_ASSERT_OK_AND_ASSIGN(const Series wanted, AdjustRows(same_rows, adjustment, actions, ExtentOf(same_rows)));
      BF_ASSERT_OK_AND_ASSIGN(const Series got,
                              AdjustRows(file, adjustment, actions, ExtentOf(file, {{INT64_MIN, day}})));
      for (const char* name : {"open", "high", "low", "close"}) {
        for (size_t row = 0; row < got.size(); ++row) {
          const double a = got.Doubles(name)[row];
          const double b = wanted.Doubles(name)[row];
          any |= a != b;
          // (p / f) f is p or a double beside it; every further factor rounds once more on either way. Factors of
          // dividends are made of closes, each with an error of its own.
          if (adjustment == Adjustment::kRaw) {
            ASSERT_LE(UlpsApart(a, b), 1) << name << row << " of " << day;
          } else if (adjustment == Adjustment::kSplit || adjustment == Adjustment::kForwardSplit) {
            ASSERT_LE(UlpsApart(a, b), 5) << ToText(adjustment) << name << row << " of " << day;
          } else {
            ASSERT_NEAR(a, b, 1e-13 * b) << ToText(adjustment) << name << row << " of " << day;
          }
        }
      }
      for (size_t row = 0; row < got.size() && adjustment == Adjustment::kRaw; ++row) {
        ASSERT_EQ(got.Doubles("volume")[row], wanted.Doubles("volume")[row]) << row << ": whole numbers of shares";
      }
    }
  }
  EXPECT_TRUE(any) << "else the test above says it all";
}

TEST(PriceAnchor, SplitAdjustedReadsOfAFileOfAfterTheLastSplitAreTheFileBitForBit) {
  const Series traded = Traded();
  const std::vector<Split> ratios = {{CivilDay(2018, 6, 1), 3}, {CivilDay(2020, 8, 31), 7}};
  const Series splits = Events("split", "ratio", ratios);
  const Series file = Download(traded, ratios, CivilDay(2024, 6, 30));
  BF_ASSERT_OK_AND_ASSIGN(const Series read, AdjustRows(file, Adjustment::kSplit, {.splits = &splits},
                                                        ExtentOf(file, {{INT64_MIN, CivilDay(2024, 6, 30)}})));
  EXPECT_EQ(read, file);
}

TEST(PriceAnchor, RowsOfSeveralDownloadsInOneSeriesAreOneSeries) {
  const Series traded = Traded();
  const std::vector<Split> ratios = {{CivilDay(2018, 6, 1), 2}, {CivilDay(2019, 4, 1), 4}, {CivilDay(2020, 8, 31), 8}};
  const Series splits = Events("split", "ratio", ratios);
  const Series dividends = Events("dividend", "amount", kDividends);
  const CorporateActions actions{.splits = &splits, .dividends = &dividends};
  // Each file brings the rows that came since the one before it, and corrects the last ten of that.
  Series stored;
  PriceAnchors anchors;
  for (const CivilDay day : kDownloads) {
    const Series whole = Download(traded, ratios, day);
    const size_t from = stored.size() < 10 ? 0 : stored.size() - 10;
    const Series part = whole.Rows(from, whole.size());
    anchors = AnchorsAfter(anchors, stored.times, part.times, OneDay(day));
    Series next = whole;
    for (quant::Column& column : next.columns) {
      for (size_t row = 0; row < from; ++row) std::get<Doubles>(column.values)[row] = stored.Doubles(column.name)[row];
    }
    stored = std::move(next);
  }
  ASSERT_EQ(stored.times, traded.times);
  ASSERT_GT(anchors.size(), 4U);
  for (const Adjustment adjustment : kAll) {
    BF_ASSERT_OK_AND_ASSIGN(const Series wanted, AdjustRows(traded, adjustment, actions, ExtentOf(traded)));
    BF_ASSERT_OK_AND_ASSIGN(const Series got, AdjustRows(stored, adjustment, actions, ExtentOf(stored, anchors)));
    EXPECT_EQ(got.columns, wanted.columns) << ToText(adjustment);
    // A read of a part of the rows, which has all to the end, is that part.
    if (IsAnchoredOnFirstRow(adjustment)) continue;
    BF_ASSERT_OK_AND_ASSIGN(
        const Series part, AdjustRows(stored.Rows(300, stored.size()), adjustment, actions, ExtentOf(stored, anchors)));
    EXPECT_EQ(part.columns, got.Rows(300, got.size()).columns) << ToText(adjustment);
  }
}

// Four rows of 2020 around the split of 31 August, as of the Friday before it.
Series Week() {
  Series bars{.key = {"stock_price", "A", quant::Timeframe::kDay, "import"}, .basis = PriceBasis::kSplitAdjusted};
  for (const quant::Session& session : quant::Xnys().Between(CivilDay(2020, 8, 27), CivilDay(2020, 9, 2))) {
    bars.times.push_back(session.close_ns);
  }
  bars.Add("close", Doubles{500, 504, 128, 132});
  return bars;
}

TEST(PriceAnchor, TheColumnsOfTheRowsTellOfSplitsToo) {
  Series bars = Week();
  bars.Add("split_ratio", Doubles{1, 1, 4, 1});
  bars.Add("dividend", Doubles{0, 2, 0, 1});
  const PriceAnchors anchors = {{INT64_MIN, CivilDay(2020, 8, 28)}, {bars.times[2], CivilDay(2020, 9, 1)}};
  BF_ASSERT_OK_AND_ASSIGN(const Series split, AdjustRows(bars, Adjustment::kSplit, {}, ExtentOf(bars, anchors)));
  EXPECT_THAT(split.Doubles("close"), ElementsAre(125, 126, 128, 132));
  EXPECT_THAT(split.Doubles("dividend"), ElementsAre(0, 0.5, 0, 1)) << "dividends are those of the shares";
  EXPECT_EQ(split.Find("split_ratio"), nullptr);
  BF_ASSERT_OK_AND_ASSIGN(const Series all,
                          AdjustRows(bars, Adjustment::kRaw, {}, ExtentOf(bars, {{INT64_MIN, CivilDay(2020, 9, 1)}})));
  EXPECT_THAT(all.Doubles("close"), ElementsAre(2000, 2016, 128, 132)) << "all of them as of after the split";
  EXPECT_EQ(all.basis, PriceBasis::kRaw);
  EXPECT_THAT(all.Doubles("dividend"), ElementsAre(0, 8, 0, 1));
}

TEST(PriceAnchor, TheColumnsOfTheRowsEndWithTheLastRow) {
  Series bars = Week();
  bars.Add("split_ratio", Doubles{1, 1, 4, 1});
  const PriceAnchors anchors = {{INT64_MIN, CivilDay(2021, 1, 4)}};
  EXPECT_TRUE(OwnSplitsReach(bars, {{INT64_MIN, CivilDay(2020, 9, 1)}}, quant::Xnys())) << "the day of the last row";
  EXPECT_FALSE(OwnSplitsReach(bars, {{INT64_MIN, CivilDay(2020, 9, 2)}}, quant::Xnys()));
  EXPECT_FALSE(OwnSplitsReach(Week(), {{INT64_MIN, CivilDay(2020, 9, 1)}}, quant::Xnys())) << "there is no column";
  for (const Adjustment adjustment : {Adjustment::kRaw, Adjustment::kForwardSplit}) {
    const auto refused = AdjustRows(bars, adjustment, {}, ExtentOf(bars, anchors));
    EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
    EXPECT_THAT(base::Message(refused.status()),
                AllOf(HasSubstr("adjusted as of 2021-01-04"), HasSubstr("end with the last row, of 2020-09-01")));
  }
  BF_ASSERT_OK_AND_ASSIGN(const Series stored, AdjustRows(bars, Adjustment::kSplit, {}, ExtentOf(bars, anchors)));
  EXPECT_THAT(stored.Doubles("close"), ElementsAre(500, 504, 128, 132)) << "as where no splits are known";
  // What others say of the time of the rows does not count beside the column.
  const Series splits = Events("split", "ratio", {{CivilDay(2020, 8, 31), 3}, {CivilDay(2021, 1, 4), 2}});
  const CorporateActions after{.splits = &splits, .splits_after_rows = true};
  const auto closes = [&](Adjustment adjustment) {
    const auto read = AdjustRows(bars, adjustment, after, ExtentOf(bars, anchors));
    EXPECT_THAT(read, testing::IsOk());
    return read.ok() ? Doubles(read->Doubles("close").begin(), read->Doubles("close").end()) : Doubles();
  };
  EXPECT_THAT(closes(Adjustment::kRaw), ElementsAre(4000, 4032, 256, 264));
  EXPECT_THAT(closes(Adjustment::kSplit), ElementsAre(1000, 1008, 256, 264));
  EXPECT_THAT(closes(Adjustment::kForwardSplit), ElementsAre(4000, 4032, 1024, 1056));
}

TEST(PriceAnchor, AnAdjustedCloseCountsOnlyWhereAllRowsAreOfOneDay) {
  Series bars = Week();
  bars.Add("adj_close", Doubles{250, 504, 128, 132});  // a dividend of half the price, on the second day
  const Series splits = Events("split", "ratio", {{CivilDay(2020, 8, 31), 4}});
  const CorporateActions actions{.splits = &splits};
  const Series first = bars.Rows(0, 2);
  BF_ASSERT_OK_AND_ASSIGN(const Series read, AdjustRows(first, Adjustment::kSplitDividend, actions,
                                                        ExtentOf(first, {{INT64_MIN, CivilDay(2020, 8, 28)}})));
  EXPECT_THAT(read.Doubles("close"), ElementsAre(250, 504));
  const PriceAnchors two = {{INT64_MIN, CivilDay(2020, 8, 28)}, {bars.times[2], CivilDay(2020, 9, 1)}};
  EXPECT_THAT(AdjustRows(bars, Adjustment::kSplitDividend, actions, ExtentOf(bars, two)),
              StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
}

TEST(PriceAnchor, WithoutSplitsRowsOfOneDayStayAsTheyAreAndOthersAreRefused) {
  const Series bars = Week();
  const PriceAnchors one = {{INT64_MIN, CivilDay(2020, 9, 1)}};
  EXPECT_EQ(AdjustRows(bars, Adjustment::kSplit, {}, ExtentOf(bars, one)).value(), bars);
  const auto raw = AdjustRows(bars, Adjustment::kRaw, {}, ExtentOf(bars, one));
  EXPECT_THAT(raw, StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(base::Message(raw.status()), HasSubstr("adjusted as of 2020-09-01, and no splits are known"));
  const PriceAnchors two = {{INT64_MIN, CivilDay(2020, 8, 28)}, {bars.times[2], CivilDay(2020, 9, 1)}};
  EXPECT_THAT(AdjustRows(bars, Adjustment::kSplit, {}, ExtentOf(bars, two)),
              StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
}

TEST(PriceAnchor, NobodyDividesByWhatIsStillToCome) {
  Series bars = Week().Rows(0, 2);
  const Series splits = Events("split", "ratio", {{CivilDay(2020, 8, 31), 4}});
  StoredExtent extent = ExtentOf(bars);
  extent.known_at_ns = bars.times.back() + 1;  // on Friday
  const auto forward = [&] {
    const auto read = AdjustRows(bars, Adjustment::kForwardSplit, {.splits = &splits}, extent);
    EXPECT_THAT(read, testing::IsOk());
    return read.ok() ? Doubles(read->Doubles("close").begin(), read->Doubles("close").end()) : Doubles();
  };
  EXPECT_THAT(forward(), ElementsAre(500, 504)) << "it was announced, but it is in no price yet";
  bars.key.variant = "simulated";
  EXPECT_THAT(forward(), ElementsAre(2000, 2016)) << "who makes prices up knows what comes";
  bars.key.variant = "yahoo";
  extent.known_at_ns = quant::Xnys().DayStart(CivilDay(2020, 9, 1));
  EXPECT_THAT(forward(), ElementsAre(2000, 2016)) << "learnt after it";
}

TEST(PriceAnchor, EveryRowHasTheDayWithWhichItCameLast) {
  const CivilDay a(2019, 12, 31), b(2020, 6, 30);
  using Times = std::vector<int64_t>;
  EXPECT_EQ(AnchorsAfter({}, {}, Times{1, 2}, OneDay(a)), (PriceAnchors{{INT64_MIN, a}}));
  const PriceAnchors first = {{INT64_MIN, a}};
  EXPECT_EQ(AnchorsAfter(first, Times{1, 2}, Times{2, 3}, OneDay(b)), (PriceAnchors{{INT64_MIN, a}, {2, b}}));
  EXPECT_EQ(AnchorsAfter(first, Times{1, 2}, Times{1, 2, 3}, OneDay(b)), (PriceAnchors{{INT64_MIN, b}}))
      << "all of them";
  EXPECT_EQ(AnchorsAfter(first, Times{1, 5}, Times{3}, OneDay(b)), (PriceAnchors{{INT64_MIN, a}, {3, b}, {5, a}}));
  const PriceAnchors second = {{INT64_MIN, a}, {3, b}, {5, a}};
  EXPECT_EQ(AnchorsAfter(second, Times{1, 3, 5}, Times{7}, OneDay(a)), (PriceAnchors{{INT64_MIN, a}, {3, b}, {5, a}}));
  EXPECT_EQ(AnchorsAfter(second, Times{1, 3, 5}, Times{3}, OneDay(a)), first) << "neighbours of one day are one";
  EXPECT_EQ(AnchorsAfter(second, Times{3, 5}, Times{3, 5}, OneDay(b)), (PriceAnchors{{INT64_MIN, b}}));
  EXPECT_EQ(AnchorsAfter(first, Times{1, 2, 3}, {}, OneDay(b)), first) << "nothing came";
  EXPECT_EQ(AnchorsAfter({}, {}, Times{1, 3, 5}, second), second) << "rows of several days come at once";
}

TEST(PriceAnchor, OnlySplitAdjustedRowsUpToTheDayCanBeOfIt) {
  Series bars = Week();  // the last row is of Tuesday, 1 September
  EXPECT_THAT(CheckAnchor(bars, OneDay(CivilDay(2020, 9, 1))), testing::IsOk());
  const absl::Status late = CheckAnchor(bars, OneDay(CivilDay(2020, 8, 30)));
  EXPECT_THAT(late, StatusIs(Code::kFailedPrecondition, "AFTER_ANCHOR"));
  EXPECT_THAT(base::Message(late), HasSubstr("2020-09-01"));
  bars.basis = PriceBasis::kRaw;
  EXPECT_THAT(CheckAnchor(bars, OneDay(CivilDay(2020, 9, 1))),
              StatusIs(Code::kFailedPrecondition, "NOT_SPLIT_ADJUSTED"));
  bars.basis = PriceBasis::kSplitAndDividendAdjusted;
  EXPECT_THAT(CheckAnchor(bars, OneDay(CivilDay(2020, 9, 1))),
              StatusIs(Code::kFailedPrecondition, "NOT_SPLIT_ADJUSTED"));
}

TEST(PriceAnchor, DaysAreWrittenInOneWay) {
  EXPECT_EQ(ParseAnchor("2019-12-31").value(), CivilDay(2019, 12, 31));
  for (const char* text : {"", "2019-12", "31.12.2019", "2019-1-2", "2019-02-30", "2019-12-31T00:00:00", " 2019-12-31"})
    EXPECT_THAT(ParseAnchor(text), StatusIs(Code::kInvalidArgument, "INVALID_DAY")) << text;
  EXPECT_EQ(AnchorIn({{"adjusted_as_of", std::string("2019-12-31")}}), CivilDay(2019, 12, 31));
  EXPECT_EQ(AnchorIn({{"adjusted_as_of", std::string()}}), std::nullopt);
  EXPECT_EQ(AnchorIn({}), std::nullopt);
  EXPECT_EQ(ToText({{INT64_MIN, CivilDay(2020, 6, 30)}, {3, CivilDay(2019, 12, 31)}}), "2019-12-31 to 2020-06-30");
  EXPECT_EQ(ToText({{INT64_MIN, CivilDay(2020, 6, 30)}}), "2020-06-30");
}

TEST(PriceAnchor, WhatIsNeededReachesToTheDayAndIsSplitsInEveryMode) {
  const Series bars = Week();
  const StoredExtent extent = ExtentOf(bars, {{INT64_MIN, CivilDay(2021, 1, 1)}});
  const quant::TimeRange needed = EventsThatCount(bars, Adjustment::kSplit, extent);
  EXPECT_EQ(needed.start_ns, bars.times.front());
  EXPECT_EQ(needed.end_ns, 1'609'459'200'000'000'001) << "2021-01-01 in UTC";
  for (const Adjustment adjustment : kAll) {
    const ActionsNeeded take = ActionsThatCount(bars, adjustment, true);
    EXPECT_TRUE(take.splits) << ToText(adjustment);
    EXPECT_EQ(take.dividends, BasisOf(adjustment) == PriceBasis::kSplitAndDividendAdjusted) << ToText(adjustment);
  }
  EXPECT_FALSE(ActionsThatCount(bars, Adjustment::kSplit).splits);
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kSplit}, PriceBasis::kSplitAdjusted));
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kSplit}, PriceBasis::kSplitAdjusted, true));
  EXPECT_TRUE(IsPlain({}, PriceBasis::kSplitAdjusted, true)) << "as they are stored";
}

}  // namespace
}  // namespace breadthflow::data
