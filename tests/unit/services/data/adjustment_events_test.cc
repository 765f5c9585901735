#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/resample.h"
#include "services/data/domain/adjustment.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::PriceBasis;
using quant::Series;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;
using testing::StatusIs;

constexpr Adjustment kAll[] = {Adjustment::kRaw,         Adjustment::kSplit,        Adjustment::kSplitDividend,
                               Adjustment::kTotalReturn, Adjustment::kForwardSplit, Adjustment::kForward};

// Sessions of the week from Tuesday 2017-09-05.
Series Bars(std::vector<double> close) {
  Series bars{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}, .basis = PriceBasis::kRaw};
  for (const quant::Session& session : quant::Xnys().Between(CivilDay(2017, 9, 5), CivilDay(2018, 9, 5))) {
    if (bars.size() < close.size()) bars.times.push_back(session.close_ns);
  }
  for (const double factor : {0.99, 1.02, 0.97}) {
    std::vector<double> values = close;
    for (double& value : values) value *= factor;
    bars.Add(factor == 0.99 ? "open" : factor == 1.02 ? "high" : "low", std::move(values));
  }
  bars.Add("volume", std::vector<double>(close.size(), 120));
  bars.Add("close", std::move(close));
  return bars;
}

Series WithColumns(Series bars, std::vector<double> splits, std::vector<double> dividends) {
  bars.Add("split_ratio", std::move(splits));
  bars.Add("dividend", std::move(dividends));
  return bars;
}

// Two-for-one before the third row; a dividend on the second and on the fourth.
Series Example() { return WithColumns(Bars({100, 108, 60, 54}), {1, 1, 2, 1}, {0, 10, 0, 6}); }

Series Events(const char* resource, const char* value, std::vector<std::string> ex_dates, std::vector<double> values) {
  Series events{.key = {resource, "A", quant::Timeframe::kDay, ""}, .repeats = true};
  for (size_t i = 0; i < ex_dates.size(); ++i) events.times.push_back(static_cast<int64_t>(i));
  events.Add("ex_date", std::move(ex_dates));
  events.Add(value, std::move(values));
  return events;
}
Series Splits(std::vector<std::string> ex_dates, std::vector<double> ratios) {
  return Events("split", "ratio", std::move(ex_dates), std::move(ratios));
}
Series Dividends(std::vector<std::string> ex_dates, std::vector<double> amounts) {
  return Events("dividend", "amount", std::move(ex_dates), std::move(amounts));
}

std::vector<double> Close(const absl::StatusOr<Series>& series) {
  EXPECT_THAT(series, testing::IsOk());
  const auto close = series->Doubles("close");
  return {close.begin(), close.end()};
}

auto Near(const std::vector<double>& expected) { return Pointwise(DoubleNear(1e-9), expected); }

TEST(Adjustment, TakesDividendsOffThePreviousCloseWithoutAnAdjustedClose) {
  // f = 1 - 10/100 = 0.9 on the second row, 1 - 6/60 = 0.9 on the fourth.
  const Series adjusted = Adjust(Example(), Adjustment::kSplitDividend).value();
  EXPECT_THAT(Close(adjusted), Near({100 * 0.9 * 0.9 / 2, 108 * 0.9 / 2, 60 * 0.9, 54}));
  EXPECT_THAT(adjusted.Doubles("volume"), ElementsAre(240, 240, 120, 120));
  EXPECT_THAT(adjusted.Doubles("dividend"), Near({0, 10 * 0.9 / 2, 0, 6}));
  EXPECT_EQ(adjusted.basis, PriceBasis::kSplitAndDividendAdjusted);
  EXPECT_EQ(adjusted.Find("split_ratio"), nullptr);
}

TEST(Adjustment, ForwardModesStartFromThePricesAsTraded) {
  EXPECT_THAT(Close(Adjust(Example(), Adjustment::kForwardSplit)), Near({100, 108, 120, 108}));
  const Series forward = Adjust(Example(), Adjustment::kForward).value();
  EXPECT_THAT(Close(forward), Near({100, 108 / 0.9, 60 * 2 / 0.9, 54 * 2 / 0.81}));
  EXPECT_THAT(forward.Doubles("volume"), ElementsAre(120, 120, 60, 60));
  EXPECT_EQ(forward.basis, PriceBasis::kSplitAndDividendAdjusted);
  EXPECT_EQ(Adjust(Example(), Adjustment::kForwardSplit)->basis, PriceBasis::kSplitAdjusted);
}

TEST(Adjustment, ForwardAndBackAdjustedReturnsAreTheSame) {
  const std::vector<double> back = Close(Adjust(Example(), Adjustment::kSplitDividend));
  const std::vector<double> forward = Close(Adjust(Example(), Adjustment::kForward));
  for (size_t row = 1; row < back.size(); ++row)
    EXPECT_NEAR(back[row] / back[row - 1], forward[row] / forward[row - 1], 1e-12);
}

TEST(Adjustment, TotalReturnIsTheWealthOfAHolderWhoReinvests) {
  const Series bars = Example();
  const Series total = Adjust(bars, Adjustment::kTotalReturn).value();
  double shares = 1;
  for (size_t row = 0; row < bars.size(); ++row) {
    double cash = 0;
    if (row > 0) {
      shares *= bars.Doubles("split_ratio")[row];
      cash = shares * bars.Doubles("dividend")[row];
    }
    for (const char* name : {"open", "high", "low", "close"})
      EXPECT_NEAR(total.Doubles(name)[row], shares * bars.Doubles(name)[row] + cash, 1e-9) << name << " " << row;
    shares += cash / bars.Doubles("close")[row];
  }
  EXPECT_THAT(total.Doubles("volume"), ElementsAre(120, 120, 60, 60));
}

TEST(Adjustment, TotalReturnDoesNotPayWhatBelongsToTheHolderBeforeTheFirstRow) {
  const Series bars = WithColumns(Bars({100, 101}), {2, 1}, {50, 0});
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kTotalReturn)), Near({100, 101}));
}

TEST(Adjustment, AnchoredOnTheFirstRowNoLaterEventChangesAnEarlierValue) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> close, splits, dividends;
    for (int row = 0; row < 40; ++row) {
      close.push_back(50 + static_cast<double>(random() % 1000) / 10);
      splits.push_back(random() % 10 == 0 ? 1 + static_cast<double>(random() % 5) : 1);
      dividends.push_back(random() % 6 == 0 ? static_cast<double>(random() % 90) / 100 : 0);
    }
    const Series bars = WithColumns(Bars(close), splits, dividends);
    const size_t cut = 1 + random() % 39;
    for (const Adjustment adjustment : {Adjustment::kTotalReturn, Adjustment::kForwardSplit, Adjustment::kForward}) {
      const Series all = Adjust(bars, adjustment).value();
      EXPECT_EQ(Adjust(bars.Rows(0, cut), adjustment).value(), all.Rows(0, cut)) << ToText(adjustment);
    }
  }
}

TEST(Adjustment, LaterEventsOfSeriesMoveOnlyTheModesAnchoredOnTheLastRow) {
  const Series bars = Bars({100, 108, 60, 54});
  const Series splits = Splits({"2017-09-07", "2019-06-03"}, {2, 4}), none = Splits({"2017-09-07"}, {2});
  const Series dividends = Dividends({"2017-09-06", "2017-09-08", "2017-09-11"}, {10, 6, 5.4});
  const Series fewer = Dividends({"2017-09-06", "2017-09-08"}, {10, 6});
  const CorporateActions later{.splits = &splits, .dividends = &dividends};
  const CorporateActions now{.splits = &none, .dividends = &fewer};
  for (const Adjustment adjustment : {Adjustment::kTotalReturn, Adjustment::kForwardSplit, Adjustment::kForward})
    EXPECT_EQ(Adjust(bars, adjustment, later).value(), Adjust(bars, adjustment, now).value()) << ToText(adjustment);
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplit, later)), Near({100.0 / 8, 108.0 / 8, 60.0 / 4, 54.0 / 4}));
  // 2017-09-11 is the session after the last row: its factor is 1 - 5.4 / 54.
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplitDividend, later)),
              Near({100 * 0.729 / 8, 108 * 0.81 / 8, 60 * 0.81 / 4, 54 * 0.9 / 4}));
}

TEST(Adjustment, EventSeriesDoWhatColumnsDo) {
  const Series bars = Bars({100, 108, 60, 54});
  const Series splits = Splits({"2017-09-07"}, {2});
  const Series dividends = Dividends({"2017-09-08", "2017-09-06"}, {6, 10});
  for (const Adjustment adjustment : kAll) {
    Series by_column = Adjust(Example(), adjustment).value();
    std::erase_if(by_column.columns, [](const quant::Column& column) {
      return column.name == "dividend" || column.name == "split_ratio";
    });
    EXPECT_EQ(Adjust(bars, adjustment, {.splits = &splits, .dividends = &dividends}).value(), by_column)
        << ToText(adjustment);
  }
}

TEST(Adjustment, EventsTakeEffectWhenTheirDayBeginsAndOnTheNextRowThereIs) {
  const auto new_york = [](int day, int hour) {
    return quant::NewYorkInstant(absl::CivilSecond(2017, 9, day, hour, 0, 0));
  };
  Series bars = Bars({70, 70, 10, 10});
  bars.times = {new_york(8, 16), new_york(8, 21), new_york(11, 8), new_york(11, 16)};  // 21:00 is after hours
  const Series on_monday = Splits({"2017-09-11"}, {7}), on_saturday = Splits({"2017-09-09"}, {7});
  const Series before = Splits({"2017-09-08"}, {7});
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplit, {.splits = &on_monday})), Near({10, 10, 10, 10}));
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplit, {.splits = &on_saturday})), Near({10, 10, 10, 10}));
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplit, {.splits = &before})), Near({70, 70, 10, 10}))
      << "in force before the first row";
  // On a calendar of UTC days Friday 21:00 in New York is Saturday.
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplit, {.splits = &on_saturday, .calendar = &quant::AlwaysOpen()})),
              Near({10, 70, 10, 10}));
}

TEST(Adjustment, SeveralEventsBetweenTwoRowsCountInTheirOwnShares) {
  Series bars = Bars({100, 108, 60, 54}).Rows(0, 1);
  const Series after = Bars({100, 108, 60, 10}).Rows(3, 4);
  ASSERT_THAT(quant::Append(bars, after), testing::IsOk());
  const Series splits = Splits({"2017-09-07", "2017-09-08"}, {2, 3});
  // 4 per share before both splits, 3 on the day of the first, 1 on that of the second: 4/6 + 3/3 + 1.
  const Series dividends = Dividends({"2017-09-06", "2017-09-07", "2017-09-08"}, {4, 3, 1});
  const double paid = 4.0 / 6 + 1 + 1;
  const CorporateActions actions{.splits = &splits, .dividends = &dividends};
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kTotalReturn, actions)), Near({100, 6 * (10 + paid)}));
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplitDividend, actions)),
              Near({100.0 / 6 * (1 - paid / (100.0 / 6)), 10}));
}

TEST(Adjustment, ALaterPublicationReplacesAndOneAtTheSameTimeAdds) {
  const Series bars = Bars({100, 100});
  const Series none = Splits({}, {});
  Series dividends = Dividends({"2017-09-06", "2017-09-06", "2017-09-06"}, {5, 1, 2});
  const auto first = [&] {
    return Close(Adjust(bars, Adjustment::kSplitDividend, {.splits = &none, .dividends = &dividends}))[0];
  };
  EXPECT_NEAR(first(), 98, 1e-9) << "revised twice";
  dividends.times = {0, 1, 1};
  EXPECT_NEAR(first(), 97, 1e-9) << "revised into two";
  dividends.times = {0, 1, 2};
  dividends.Add("kind", std::vector<std::string>{"cash", "cash", "special"});
  EXPECT_NEAR(first(), 97, 1e-9) << "a special one beside the revised one";
}

TEST(Adjustment, OfSplitAdjustedPricesUsesTheSplitsOnlyWhereItMust) {
  Series bars = Bars({50, 54, 60, 54});  // the example, adjusted by its source
  bars.basis = PriceBasis::kSplitAdjusted;
  const Series splits = Splits({"2017-09-07"}, {2});
  const Series dividends = Dividends({"2017-09-06", "2017-09-08"}, {10, 6});
  const CorporateActions actions{.splits = &splits, .dividends = &dividends};
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kSplitDividend, actions)),
              Near(Close(Adjust(Example(), Adjustment::kSplitDividend))));
  for (const Adjustment adjustment : {Adjustment::kForwardSplit, Adjustment::kForward})
    EXPECT_THAT(Close(Adjust(bars, adjustment, actions)), Near(Close(Adjust(Example(), adjustment))));
  std::vector<double> half = Close(Adjust(Example(), Adjustment::kTotalReturn));
  for (double& value : half) value /= 2;
  EXPECT_THAT(Close(Adjust(bars, Adjustment::kTotalReturn, actions)), Near(half)) << "of one share as stored";
  EXPECT_THAT(Adjust(bars, Adjustment::kForward, {.dividends = &dividends}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(Adjust(bars, Adjustment::kForwardSplit),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
}

TEST(Adjustment, ForwardFollowsTheAdjustedCloseWhereNoDividendsAreKnown) {
  Series bars = Bars({100, 108, 60, 54});
  bars.Add("split_ratio", std::vector<double>{1, 1, 2, 1});
  const std::vector<double> adjusted = Close(Adjust(Example(), Adjustment::kSplitDividend));
  bars.Add("adj_close", adjusted);
  const Series forward = Adjust(bars, Adjustment::kForward).value();
  EXPECT_THAT(Close(forward), Near(Close(Adjust(Example(), Adjustment::kForward))));
  EXPECT_THAT(forward.Doubles("volume"), ElementsAre(120, 120, 60, 60));
  EXPECT_EQ(forward.Find("adj_close"), nullptr) << "it has another anchor";
  const auto total = Adjust(bars, Adjustment::kTotalReturn);
  EXPECT_THAT(total, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(base::Message(total.status()),
              ::testing::HasSubstr("adj_close, which is, gives split_dividend and forw"));
  bars.columns.pop_back();
  EXPECT_THAT(base::Message(Adjust(bars, Adjustment::kTotalReturn).status()),
              ::testing::HasSubstr("neither the column dividend nor adj_close is there for every row"));
}

TEST(Adjustment, OfCombinedBarsIsCombinedBarsOfAdjusted) {
  std::vector<double> close, splits, dividends;
  for (int row = 0; row < 60; ++row) {
    splits.push_back(row % 13 == 4 ? 2 : 1);
    dividends.push_back(row % 7 == 3 ? 0.5 : 0);
    close.push_back((100 + row) / splits.back());
  }
  const Series bars = WithColumns(Bars(close), splits, dividends);
  const quant::ResampleSpec week{.timeframe = quant::Timeframe::kWeek};
  const Series a = Adjust(Resample(bars, week, quant::Xnys())->bars, Adjustment::kSplit).value();
  const Series b = Resample(Adjust(bars, Adjustment::kSplit).value(), week, quant::Xnys())->bars;
  ASSERT_EQ(a.times, b.times);
  for (const char* name : {"open", "high", "low", "close", "volume", "dividend"}) {
    const std::vector<double> expected(b.Doubles(name).begin(), b.Doubles(name).end());
    EXPECT_THAT(a.Doubles(name), Near(expected)) << name;
  }
}

TEST(Adjustment, RefusesWhatCanNotBe) {
  const Series bars = Bars({100, 108, 60, 54});
  const Series none = Splits({}, {}), big = Dividends({"2017-09-07"}, {108});
  const Series later = Dividends({"2017-09-12"}, {1});
  const auto adjusted = [&](const Series& splits, const Series& dividends, Adjustment adjustment) {
    return Adjust(bars, adjustment, {.splits = &splits, .dividends = &dividends});
  };
  for (const Adjustment adjustment : {Adjustment::kSplitDividend, Adjustment::kForward})
    EXPECT_THAT(adjusted(none, big, adjustment),
                StatusIs(absl::StatusCode::kFailedPrecondition, "IMPOSSIBLE_DIVIDEND"));
  const absl::Status unknown = adjusted(none, later, Adjustment::kSplitDividend).status();
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_PREVIOUS_CLOSE"));
  EXPECT_THAT(base::Message(unknown), ::testing::HasSubstr("2017-09-12"));
  EXPECT_THAT(adjusted(none, later, Adjustment::kForward), testing::IsOk());
  const absl::Status bad =
      adjusted(Splits({"2017-9-x", "2017-09-07", "2017-09-08"}, {2, 0, -1}), later, Adjustment::kSplit).status();
  EXPECT_THAT(bad, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_EVENTS"));
  EXPECT_EQ(base::DetailsOf(bad).violations.size(), 3u) << base::Message(bad);
  EXPECT_THAT(adjusted(none, Splits({"2017-09-07"}, {2}), Adjustment::kForward),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_EVENTS"))
      << "splits are no dividends";
  Series full = bars;
  full.basis = PriceBasis::kSplitAndDividendAdjusted;
  for (const Adjustment adjustment : {Adjustment::kRaw, Adjustment::kSplit, Adjustment::kTotalReturn,
                                      Adjustment::kForwardSplit, Adjustment::kForward})
    EXPECT_THAT(Adjust(full, adjustment), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
}

}  // namespace
}  // namespace breadthflow::data
