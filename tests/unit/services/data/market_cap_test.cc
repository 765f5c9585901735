#include "services/data/domain/market_cap.h"

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;
using Doubles = std::vector<double>;

const quant::Calendar& kExchange = quant::Xnys();

int64_t NoonOf(CivilDay day) { return kExchange.DayStart(day) + int64_t{12} * 3600 * 1'000'000'000; }

struct Report {
  CivilDay published;
  std::string period_end;
  double shares = 0;
  std::string share_class;
};

Series Reports(const std::vector<Report>& reports) {
  Series rows{.key = {"shares_outstanding", "AAA", quant::Timeframe::kTick, "test"}, .repeats = true};
  Doubles shares;
  std::vector<std::string> ends, classes;
  for (const Report& report : reports) {
    rows.times.push_back(NoonOf(report.published));
    shares.push_back(report.shares);
    ends.push_back(report.period_end);
    classes.push_back(report.share_class);
  }
  const auto add = [&](const char* name, std::vector<std::string> texts) {
    quant::Column column{.name = name, .values = {}, .valid = {}};
    for (const std::string& text : texts) column.valid.push_back(!text.empty());
    column.values = std::move(texts);
    rows.columns.push_back(std::move(column));
  };
  rows.Add("shares", shares);
  add("period_end", ends);
  add("share_class", classes);
  return rows;
}

Series Bars(CivilDay first, const Doubles& closes, PriceBasis basis = PriceBasis::kRaw) {
  Series bars{.key = {"stock_price", "AAA", quant::Timeframe::kDay, "test"}, .basis = basis};
  for (const quant::Session& session : kExchange.Between(first, kExchange.last_day())) {
    if (bars.size() == closes.size()) break;
    bars.times.push_back(session.close_ns);
  }
  bars.Add("close", closes);
  return bars;
}

Series Splits(const std::vector<std::pair<CivilDay, double>>& splits) {
  Series rows{.key = {"split", "AAA", quant::Timeframe::kTick, "test"}, .repeats = true};
  std::vector<std::string> days;
  Doubles ratios;
  for (const auto& [day, ratio] : splits) {
    rows.times.push_back(kExchange.DayStart(day));
    days.push_back(std::string(absl::FormatCivilTime(day)));
    ratios.push_back(ratio);
  }
  rows.Add("ex_date", days);
  rows.Add("ratio", ratios);
  return rows;
}

struct Case {
  Series bars;
  std::vector<Report> reports;
  std::vector<std::pair<CivilDay, double>> splits;
  quant::TimeRange range;
  CivilDay bars_known{2030, 1, 1};
};

absl::StatusOr<Series> Derived(const Case& of) {
  const Series splits = Splits(of.splits);
  BF_ASSIGN_OR_RETURN(const std::optional<std::vector<SplitEvent>> in_effect,
                      SplitEvents(of.bars, {.splits = of.bars.Find("split_ratio") == nullptr ? &splits : nullptr}));
  EXPECT_TRUE(in_effect.has_value());
  if (!in_effect) return Series();
  const std::vector<ShareCount> counts = ShareCounts(Reports(of.reports), kExchange);
  return DeriveMarketCap({of.bars, counts, *in_effect, NoonOf(of.bars_known)}, of.range, {"test", "test"});
}

Doubles Values(const Case& of) {
  const auto rows = Derived(of);
  EXPECT_THAT(rows, testing::IsOk());
  if (!rows.ok()) return {};
  const auto values = rows->Doubles("market_cap");
  return {values.begin(), values.end()};
}

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31, Tuesday, Wednesday 2 September

TEST(MarketCap, IsTheCloseTimesTheSharesThatWerePublishedByThen) {
  const Case of{.bars = Bars(kThursday, {10, 11, 12, 13}),
                .reports = {{CivilDay(2020, 8, 28), "2020-06-30", 100}, {CivilDay(2020, 9, 1), "2020-07-31", 90}}};
  const auto rows = Derived(of);
  ASSERT_THAT(rows, testing::IsOk());
  EXPECT_EQ(rows->key, (quant::SeriesKey{"market_cap", "AAA", quant::Timeframe::kTick, "derived:test"}));
  EXPECT_THAT(rows->times, ElementsAre(of.bars.times[1], of.bars.times[2], of.bars.times[3]))
      << "no row where no number is known";
  EXPECT_THAT(rows->Doubles("market_cap"), ElementsAre(1100, 1200, 13 * 90));
  EXPECT_THAT(rows->Doubles("derived.close"), ElementsAre(11, 12, 13));
  EXPECT_THAT(rows->Doubles("derived.shares"), ElementsAre(100, 100, 90));
}

TEST(MarketCap, TheLastPublicationBeforeTheRangeCounts) {
  Case of{.bars = Bars(kThursday, {10, 11, 12, 13}), .reports = {{CivilDay(2019, 12, 2), "2019-09-30", 100}}};
  of.range = {of.bars.times[2], of.bars.times[3]};
  EXPECT_THAT(Values(of), ElementsAre(1200));
}

TEST(MarketCap, ANumberIsForgottenAfterItsTime) {
  const Case of{.bars = Bars(CivilDay(2020, 8, 27), Doubles(400, 10.0)),
                .reports = {{CivilDay(2020, 8, 27), "2020-08-27", 5}}};
  const auto rows = Derived(of);
  ASSERT_THAT(rows, testing::IsOk());
  const int64_t until = NoonOf(CivilDay(2020, 8, 27)) + absl::ToInt64Nanoseconds(kShareCountTtl);
  EXPECT_LE(rows->times.back(), until);
  EXPECT_GT(rows->times.back(), until - int64_t{4} * 86400 * 1'000'000'000);
}

TEST(MarketCap, ASplitAfterTheReportCountsFromItsExDateOn) {
  const Case of{.bars = Bars(kThursday, {500, 504, 128, 132}),
                .reports = {{CivilDay(2020, 7, 31), "2020-06-27", 1000}, {CivilDay(2020, 9, 1), "2020-08-31", 4010}},
                .splits = {{CivilDay(2014, 6, 9), 7}, {CivilDay(2020, 8, 31), 4}}};
  EXPECT_THAT(Values(of), ElementsAre(500'000, 504'000, 512'000, 132 * 4010.0)) << "4010 are new shares";
}

TEST(MarketCap, ASplitBetweenThePeriodAndTheReportCountsUnlessTheReportHasIt) {
  Case of{.bars = Bars(CivilDay(2020, 9, 8), {130}),
          .reports = {{CivilDay(2020, 7, 31), "2020-06-27", 1000}, {CivilDay(2020, 9, 7), "2020-08-20", 990}},
          .splits = {{CivilDay(2020, 8, 31), 4}}};
  EXPECT_THAT(Values(of), ElementsAre(130 * 990 * 4.0)) << "old shares";
  of.reports[1].shares = 3960;
  EXPECT_THAT(Values(of), ElementsAre(130 * 3960.0)) << "stated in new shares";
  of.reports.erase(of.reports.begin());
  EXPECT_THAT(Values(of), ElementsAre(130 * 3960 * 4.0)) << "nothing to tell it by: those of its day";
}

TEST(MarketCap, ANumberWithoutADayHoldsWhenItIsPublished) {
  const Case of{.bars = Bars(kThursday, {500, 504, 128, 132}),
                .reports = {{CivilDay(2020, 8, 20), "", 1000}, {CivilDay(2020, 9, 1), "", 4000}},
                .splits = {{CivilDay(2020, 8, 31), 4}}};
  EXPECT_THAT(Values(of), ElementsAre(500'000, 504'000, 512'000, 528'000));
}

TEST(MarketCap, AnEarlierPeriodPublishedLaterDoesNotTakeThePlaceOfALaterOne) {
  const Case of{.bars = Bars(kThursday, {10, 10, 10}),
                .reports = {{CivilDay(2020, 8, 1), "2020-06-30", 100},
                            {CivilDay(2020, 8, 28), "2019-06-30", 70},
                            {CivilDay(2020, 8, 31), "2020-06-30", 101}}};
  EXPECT_THAT(Values(of), ElementsAre(1000, 1000, 1010)) << "a restatement of the same day does";
}

TEST(MarketCap, ClassesOfOneReportAddUp) {
  Case of{.bars = Bars(kThursday, {10}),
          .reports = {{CivilDay(2020, 8, 1), "2020-06-30", 60, "A"}, {CivilDay(2020, 8, 1), "2020-06-30", 30, "B"}}};
  EXPECT_THAT(Values(of), ElementsAre(900));
  of.reports.push_back({CivilDay(2020, 8, 1), "2020-06-30", 95, ""});
  EXPECT_THAT(Values(of), ElementsAre(950)) << "the number of all shares, where it is said";
}

TEST(MarketCap, SplitAdjustedClosesGetWhatWasDividedOut) {
  Case of{.bars = Bars(kThursday, {62.5, 63, 64, 66}, PriceBasis::kSplitAdjusted),
          .reports = {{CivilDay(2020, 7, 31), "2020-06-27", 1000}},
          .splits = {{CivilDay(2020, 8, 31), 4}, {CivilDay(2022, 6, 6), 2}, {CivilDay(2031, 1, 6), 10}}};
  EXPECT_THAT(Values(of), ElementsAre(500'000, 504'000, 512'000, 528'000)) << "10:1 came after the bars were learnt";
  of.bars.key.variant = "simulated";
  EXPECT_THAT(Derived(of), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"))
      << "a made-up world divides by splits that are still to come";
  of.bars.key.variant = "test";
  of.bars.basis = PriceBasis::kSplitAndDividendAdjusted;
  EXPECT_THAT(Derived(of), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
}

TEST(MarketCap, SplitsOfAColumnCountLikeThoseOfEvents) {
  Case of{.bars = Bars(kThursday, {500, 504, 128, 132}), .reports = {{CivilDay(2020, 7, 31), "2020-06-27", 1000}}};
  of.bars.Add("split_ratio", Doubles{1, 1, 4, 1});
  EXPECT_THAT(Values(of), ElementsAre(500'000, 504'000, 512'000, 528'000));
  std::get<Doubles>(of.bars.columns.back().values)[1] = 0;
  EXPECT_THAT(Derived(of), StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
}

TEST(MarketCap, SplitsAreNeededFromTheDayOfTheFirstNumberThatCounts) {
  const Series bars = Bars(kThursday, {10, 11, 12});
  const std::vector<ShareCount> counts = ShareCounts(
      Reports({{CivilDay(2019, 8, 1), "2019-06-30", 90}, {CivilDay(2020, 8, 1), "2020-06-30", 100}}), kExchange);
  const auto needed = SplitsNeeded(bars, counts, {}, NoonOf(CivilDay(2021, 1, 10)));
  ASSERT_THAT(needed, testing::IsOk());
  EXPECT_EQ(*needed, (quant::TimeRange{kExchange.DayStart(CivilDay(2020, 7, 1)), bars.times.back() + 1}));
  const Series adjusted = Bars(kThursday, {10, 11, 12}, PriceBasis::kSplitAdjusted);
  const auto longer = SplitsNeeded(adjusted, counts, {}, NoonOf(CivilDay(2021, 1, 10)));
  ASSERT_THAT(longer, testing::IsOk());
  EXPECT_EQ((*longer)->end_ns, NoonOf(CivilDay(2021, 1, 5))) << "whatever the closes may have been divided by";
  const auto none = SplitsNeeded(bars, {}, {}, 0);
  ASSERT_THAT(none, testing::IsOk());
  EXPECT_EQ(*none, std::nullopt);
}

TEST(MarketCap, SaysWhenAHistoryOfSharesDoesNotShowASplit) {
  const auto doubt = [](double before, double after) {
    const auto counts = ShareCounts(
        Reports({{CivilDay(2020, 7, 31), "2020-06-27", before}, {CivilDay(2020, 10, 30), "2020-09-26", after}}),
        kExchange);
    return RestatedShares(counts, {{.effect_ns = kExchange.DayStart(CivilDay(2020, 8, 31)), .ratio = 4}});
  };
  EXPECT_EQ(doubt(1000, 3950), "");
  EXPECT_THAT(doubt(4000, 3950), HasSubstr("split of 2020-08-31"));
}

TEST(MarketCap, NamesOfDerivedRowsSayWhoseTheyAre) {
  for (const DerivedSource& source : {DerivedSource{"yahoo", "sec_edgar"}, DerivedSource{"simulated:5", ""}}) {
    EXPECT_TRUE(IsDerived(NameOf(source)));
    EXPECT_EQ(ParseDerived(NameOf(source)).prices, source.prices);
    EXPECT_EQ(ParseDerived(NameOf(source)).shares, source.shares);
  }
  EXPECT_EQ(NameOf({"yahoo", "yahoo"}), "derived:yahoo");
  EXPECT_TRUE(IsDerived("derived"));
  EXPECT_FALSE(IsDerived("derivedfrom"));
  EXPECT_EQ(ParseDerived("derived").prices, "");
  EXPECT_EQ(ParseDerived("derived:+sec_edgar").shares, "sec_edgar");
}

// Cuts random histories at random instants: what came out up to there came out before the rest was known.
TEST(MarketCap, NothingThatComesLaterChangesAValue) {
  std::mt19937_64 random(7);
  const auto below = [&](uint64_t end) { return static_cast<int>(random() % end); };
  for (int round = 0; round < 300; ++round) {
    Case whole{.bars = Bars(CivilDay(2018, 1, 2), Doubles(500, 10.0))};
    for (double& close : std::get<Doubles>(whole.bars.columns[0].values)) close = 1 + below(1000);
    CivilDay day(2017, 6, 1);
    for (int i = 0; i < 12; ++i) {
      day += 20 + below(120);
      const CivilDay period_end = day - (5 + below(200));
      whole.reports.push_back({day, below(5) == 0 ? "" : std::string(absl::FormatCivilTime(period_end)),
                               static_cast<double>(1000 + below(4000))});
    }
    for (CivilDay ex(2017, 3, 1 + below(28)); ex < CivilDay(2020, 1, 1); ex += 100 + below(300)) {
      whole.splits.emplace_back(ex, below(2) == 0 ? 4.0 : 0.5);
    }
    const auto rows = Derived(whole);
    ASSERT_THAT(rows, testing::IsOk());
    const int64_t now = whole.bars.times[static_cast<size_t>(below(500))];
    Case then = whole;
    then.bars = whole.bars.Slice({INT64_MIN, now + 1});
    std::erase_if(then.reports, [&](const Report& report) { return NoonOf(report.published) > now; });
    std::erase_if(then.splits, [&](const auto& split) { return kExchange.DayStart(split.first) >= now; });
    const auto known = Derived(then);
    ASSERT_THAT(known, testing::IsOk());
    ASSERT_EQ(*known, rows->Slice({INT64_MIN, now + 1})) << "round " << round;
  }
}

}  // namespace
}  // namespace breadthflow::data
