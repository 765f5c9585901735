// Checks by asset class, at the ends of the asked range, and against another source.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/asset_class.h"
#include "services/data/domain/quality/report.h"
#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Finding* Find(const SeriesQuality& quality, std::string_view check) {
  for (const Finding& finding : quality.findings) {
    if (finding.check == check) return &finding;
  }
  return nullptr;
}

TEST(AssetClass, IsWhatWasSaidElseWhatResourceSymbolOrCalendarTell) {
  const auto of = [](std::string symbol, const quant::Calendar& calendar, std::string resource = "stock_price") {
    const AssetClassChoice choice =
        AssetClassOf({std::move(resource), std::move(symbol), quant::Timeframe::kDay, "a"}, calendar);
    return std::string(ToText(choice.asset_class)) + ": " + choice.reason;
  };
  EXPECT_EQ(of("AAPL", quant::Xnys()), "equity: the calendar XNYS");
  EXPECT_EQ(of("SAP.DE", quant::Xetr()), "equity: the calendar XETR");
  EXPECT_EQ(of("GOLD", quant::AlwaysOpen()), "crypto: the calendar 24/7");
  EXPECT_EQ(of("GOLD", quant::FxWeek()), "fx: the calendar FX");
  EXPECT_EQ(of("BTC-USD", quant::Xnys()), "crypto: the symbol BTC-USD");
  EXPECT_EQ(of("EURUSD=X", quant::AlwaysOpen()), "fx: the symbol EURUSD=X");
  EXPECT_EQ(of("^GSPC", quant::Xnys()), "index: the symbol ^GSPC");
  EXPECT_EQ(of("I:SPX", quant::Xnys()), "index: the symbol I:SPX");
  EXPECT_EQ(of("VOD.L", quant::UtcDays()), "equity: nothing tells another one");
  EXPECT_EQ(of("SOFR", quant::Xnys(), "interest_rate"), "rate: the resource interest_rate");
  const AssetClassChoice said =
      AssetClassOf({"stock_price", "BTC-USD", quant::Timeframe::kDay, "a"}, quant::Xnys(), AssetClass::kEquity);
  EXPECT_EQ(said.asset_class, AssetClass::kEquity);
  EXPECT_EQ(said.reason, "as was said");
  for (const std::string& name : AssetClassNames()) EXPECT_EQ(ToText(*AssetClassNamed(name)), name);
  EXPECT_EQ(AssetClassNamed("bond"), std::nullopt);
}

// Closes of 100 on 300 days of a calendar, which are 125 from the 200th on.
Series Jump(const std::string& symbol, const quant::Calendar& calendar) {
  Series series{.key = {"stock_price", symbol, quant::Timeframe::kDay, "a"},
                .basis = quant::PriceBasis::kSplitAdjusted,
                .times = {},
                .columns = {}};
  for (const quant::Session& session : calendar.sessions().subspan(9000, 300)) series.times.push_back(session.close_ns);
  std::vector<double> close(300, 100);
  for (size_t row = 200; row < close.size(); ++row) close[row] = 125;
  series.Add("close", std::move(close));
  return series;
}

TEST(QualityByClass, AMoveOfAQuarterIsASpikeOfAnEquityAndNotOfACoin) {
  const SeriesQuality coin = CheckQuality(Jump("BTC-USD", quant::AlwaysOpen()), quant::AlwaysOpen());
  EXPECT_EQ(coin.asset_class, "crypto");
  EXPECT_EQ(coin.asset_class_reason, "the symbol BTC-USD");
  EXPECT_EQ(Find(coin, "spikes"), nullptr);
  const SeriesQuality equity = CheckQuality(Jump("A", quant::Xnys()), quant::Xnys());
  EXPECT_EQ(equity.asset_class, "equity");
  ASSERT_NE(Find(equity, "spikes"), nullptr);
  EXPECT_EQ(Find(equity, "spikes")->affected_rows, 1);
  // What is said holds.
  SeriesKnowledge said;
  said.asset_class = AssetClass::kEquity;
  const SeriesQuality judged =
      CheckQuality(Jump("BTC-USD", quant::AlwaysOpen()), quant::AlwaysOpen(), {}, INT64_MAX, said);
  EXPECT_EQ(judged.asset_class_reason, "as was said");
  EXPECT_NE(Find(judged, "spikes"), nullptr);
}

TEST(QualityByClass, RangesAndVolumesAreThoseOfTheClass) {
  Series bars = DailyBars(100);
  PriceOf(bars, "high", 7) = PriceOf(bars, "low", 7) * 1.5;
  for (size_t row = 0; row < 100; ++row) PriceOf(bars, "volume", row) = 0;
  const auto judged = [&](AssetClass asset_class) {
    SeriesKnowledge said;
    said.asset_class = asset_class;
    return CheckQuality(bars, quant::Xnys(), {}, INT64_MAX, said);
  };
  EXPECT_EQ(Find(judged(AssetClass::kEquity), "value_ranges"), nullptr);
  EXPECT_NE(Find(judged(AssetClass::kEquity), "zero_volume"), nullptr);
  const SeriesQuality fx = judged(AssetClass::kFx);
  ASSERT_NE(Find(fx, "value_ranges"), nullptr);
  EXPECT_EQ(Find(fx, "value_ranges")->affected_rows, 1);
  EXPECT_EQ(Find(fx, "zero_volume"), nullptr) << "nobody counts the volume of a pair of currencies";
}

TEST(QualityByClass, TheLimitsAreParametersThatAnybodyCanRead) {
  for (const auto& [check, limit] :
       {std::pair("spikes", "min_move"), std::pair("value_ranges", "max_price"),
        std::pair("value_ranges", "max_high_over_low"), std::pair("unit_mixups", "factor")}) {
    const auto entry = QualityChecks().Find(check);
    ASSERT_TRUE(entry.ok()) << check;
    std::vector<std::string> names;
    for (const component::ParamSpec& param : (*entry)->params) names.push_back(param.name);
    for (const std::string& name : AssetClassNames()) {
      EXPECT_THAT(names, ::testing::Contains(std::string(limit) + "_" + name)) << check;
    }
  }
}

class RangeEnds : public ::testing::Test {
 protected:
  // Of 500 sessions that were asked for, the rows from `begin` to `end`.
  SeriesQuality Judge(size_t begin, size_t end, const RangeKnowledge& range = {}) {
    SeriesKnowledge known;
    known.range = range;
    return CheckQuality(all_.Rows(begin, end), quant::Xnys(), asked_, as_of_, known);
  }
  Coverage Answer(size_t begin, size_t end, std::optional<int64_t> rows) {
    Coverage coverage;
    coverage.key = all_.key;
    coverage.range = {all_.times[begin], end < all_.size() ? all_.times[end] : asked_.end_ns};
    coverage.outcome = rows == 0 ? Outcome::kEmptyConfirmed : Outcome::kOk;
    coverage.rows = rows;
    coverage.fetch_time = quant::FromNanos(as_of_) - absl::Hours(48);
    return coverage;
  }

  const Series all_ = DailyBars(500);
  const quant::TimeRange asked_ = {all_.times.front(), all_.times.back() + 1};
  const int64_t as_of_ = all_.times.back() + 1;
};

TEST_F(RangeEnds, ARangeThatIsThereHasNone) {
  EXPECT_THAT(Judge(0, 500).findings, IsEmpty());
  // Nobody said where it begins.
  EXPECT_THAT(CheckQuality(all_.Rows(250, 500), quant::Xnys(), {}, as_of_).findings, IsEmpty());
}

TEST_F(RangeEnds, AHoleAtTheBeginningIsAWarningWhereNothingTellsAndCostsNothing) {
  const SeriesQuality quality = Judge(250, 500);
  const Finding* finding = Find(quality, "asked_range");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kWarning);
  EXPECT_EQ(finding->affected_rows, 250);
  EXPECT_THAT(finding->examples_ns, ElementsAre(all_.times[0], all_.times[249]));
  EXPECT_THAT(finding->message, HasSubstr("the first 250 sessions of the range have no rows"));
  EXPECT_THAT(finding->message,
              HasSubstr("it may have been listed on " +
                        absl::FormatTime("%Y-%m-%d", quant::FromNanos(all_.times[250]), absl::UTCTimeZone())));
  EXPECT_DOUBLE_EQ(AffectedShare(*finding, quality.expected_rows), 0.5);
  EXPECT_EQ(quality.score, 1);
  EXPECT_EQ(quality.expected_rows, 250);
  EXPECT_EQ(Find(quality, "completeness"), nullptr);
}

TEST_F(RangeEnds, AHoleAtTheEndIsOneToo) {
  const SeriesQuality quality = Judge(0, 490);
  ASSERT_NE(Find(quality, "asked_range"), nullptr);
  EXPECT_EQ(Find(quality, "asked_range")->affected_rows, 10);
  EXPECT_THAT(Find(quality, "asked_range")->message, HasSubstr("the last 10 sessions of the range have no rows"));
  EXPECT_THAT(Find(quality, "asked_range")->message, HasSubstr("it may have ended on"));
  EXPECT_EQ(Find(quality, "freshness"), nullptr) << "said once";
}

TEST_F(RangeEnds, AreAnErrorWhereTheCallerExpectsAllOfIt) {
  const SeriesQuality quality = Judge(250, 500, {.expect_all = true});
  const Finding* finding = Find(quality, "completeness");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kError);
  EXPECT_EQ(finding->affected_rows, 250);
  EXPECT_EQ(quality.expected_rows, 500);
  EXPECT_DOUBLE_EQ(quality.score, 0.5);
  EXPECT_EQ(Find(quality, "asked_range"), nullptr);
}

TEST_F(RangeEnds, AreAnErrorWhereRowsCameThatAreNotThere) {
  const std::vector<Coverage> came = {Answer(0, 300, 300), Answer(300, 500, 200)};
  const SeriesQuality quality = Judge(250, 500, {.coverage = came});
  ASSERT_NE(Find(quality, "completeness"), nullptr);
  EXPECT_EQ(Find(quality, "completeness")->severity, Severity::kError);
  EXPECT_THAT(Find(quality, "completeness")->message, HasSubstr("300 came for"));
  EXPECT_THAT(Find(quality, "completeness")->message, HasSubstr("50 are there"));
  // What came after the instant of reading tells nothing of it.
  std::vector<Coverage> later = came;
  for (Coverage& one : later) one.fetch_time = quant::FromNanos(as_of_) + absl::Hours(1);
  EXPECT_EQ(Find(Judge(250, 500, {.coverage = later}), "completeness"), nullptr);
  EXPECT_EQ(Find(Judge(250, 500, {.coverage = later}), "asked_range")->severity, Severity::kWarning);
}

TEST_F(RangeEnds, AreAnErrorWhereTheirFetchFailed) {
  std::vector<Coverage> failed = {Answer(0, 250, std::nullopt)};
  failed[0].outcome = Outcome::kFailed;
  failed[0].error = absl::UnavailableError("the provider is down");
  const SeriesQuality quality = Judge(250, 500, {.coverage = failed});
  ASSERT_NE(Find(quality, "completeness"), nullptr);
  EXPECT_THAT(Find(quality, "completeness")->message, HasSubstr("the provider is down"));
}

TEST_F(RangeEnds, AreOnlyWorthKnowingWhereTheSourceSaysThatThereIsNothing) {
  for (const std::vector<Coverage>& known :
       {std::vector<Coverage>{Answer(0, 250, 0), Answer(250, 500, 250)}, std::vector<Coverage>{Answer(0, 500, 250)}}) {
    const SeriesQuality quality = Judge(250, 500, {.coverage = known});
    ASSERT_NE(Find(quality, "asked_range"), nullptr);
    EXPECT_EQ(Find(quality, "asked_range")->severity, Severity::kInfo);
    EXPECT_THAT(Find(quality, "asked_range")->message, HasSubstr("the source was asked for them and has none"));
  }
  const std::vector<Coverage> part = {Answer(0, 100, 0)};
  EXPECT_EQ(Find(Judge(250, 500, {.coverage = part}), "asked_range")->severity, Severity::kWarning);
}

TEST(RangeEndsWithinADay, CountBarsAndTheirSessions) {
  Series minutes{.key = {"stock_price", "A", quant::Timeframe::kMin1, "a"},
                 .basis = quant::PriceBasis::kSplitAdjusted,
                 .times = {},
                 .columns = {}};
  const auto sessions = quant::Xnys().Between(absl::CivilDay(2015, 3, 2), absl::CivilDay(2015, 3, 5));
  for (const quant::Session& session : sessions) {
    for (int64_t end = session.open_ns + 60'000'000'000; end <= session.close_ns; end += 60'000'000'000) {
      minutes.times.push_back(end);
    }
  }
  minutes.Add("close", std::vector<double>(minutes.size(), 10));
  ASSERT_EQ(minutes.size(), 3u * 390);
  const quant::TimeRange asked = {sessions.front().open_ns, minutes.times.back() + 1};
  const SeriesQuality late = CheckQuality(minutes.Rows(400, 1170), quant::Xnys(), asked);
  ASSERT_NE(Find(late, "asked_range"), nullptr);
  EXPECT_EQ(Find(late, "asked_range")->affected_rows, 400);
  EXPECT_THAT(Find(late, "asked_range")->message, HasSubstr("the first 2 sessions"));
  EXPECT_EQ(late.expected_rows, 770);
  const SeriesQuality early = CheckQuality(minutes.Rows(0, 770), quant::Xnys(), asked);
  ASSERT_NE(Find(early, "asked_range"), nullptr);
  EXPECT_EQ(Find(early, "asked_range")->affected_rows, 400);
  EXPECT_EQ(Find(CheckQuality(minutes, quant::Xnys(), asked), "asked_range"), nullptr);
}

// A series and the same of another source, in which the close of the first `rows` rows is by 2 % another one.
SeriesQuality Against(size_t rows) {
  const Series one = DailyBars(100);
  Series other = one;
  other.key.variant = "b";
  for (size_t row = 0; row < rows; ++row) PriceOf(other, "close", row) *= 1.02;
  for (size_t row = 0; row < 100; ++row) PriceOf(other, "volume", row) *= 3;  // which each source counts in its own way
  SeriesQuality quality = CheckQuality(one, quant::Xnys());
  CheckAgainst(one, other, quant::Xnys(), quality);
  return quality;
}

TEST(CrossSource, IsNotApplicableToASeriesOfOneSource) {
  const SeriesQuality quality = CheckQuality(DailyBars(100), quant::Xnys());
  EXPECT_THAT(quality.compared_with, IsEmpty());
  EXPECT_EQ(Find(quality, "cross_source"), nullptr);
}

TEST(CrossSource, FindsNothingWhereTheSourcesAgree) {
  EXPECT_THAT(Against(0).compared_with, ElementsAre("b"));
  EXPECT_EQ(Find(Against(0), "cross_source"), nullptr);
  EXPECT_EQ(Against(0).score, 1);
}

TEST(CrossSource, WarnsOfAFewRowsAndFailsForMany) {
  const SeriesQuality few = Against(3);
  const Finding* finding = Find(few, "cross_source");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kWarning);
  EXPECT_EQ(finding->affected_rows, 3);
  EXPECT_DOUBLE_EQ(AffectedShare(*finding, few.expected_rows), 0.03);
  EXPECT_THAT(finding->examples_ns, ElementsAre(DailyBars(3).times[0], DailyBars(3).times[1], DailyBars(3).times[2]));
  EXPECT_THAT(finding->message, HasSubstr("3 of 100 common rows differ from those of b by more than 0.5 %, close"));
  EXPECT_DOUBLE_EQ(few.score, 1 - 0.5 * 0.03);
  const SeriesQuality many = Against(20);
  EXPECT_EQ(Find(many, "cross_source")->severity, Severity::kError);
  QualityReport report = MakeReport("s", {many});
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.recommendations, ElementsAre(HasSubstr("cross_source (A)")));
}

TEST(CrossSource, ComparesOnOneBasis) {
  const Series adjusted = [] {
    Series series = DailyBars(100);
    series.basis = quant::PriceBasis::kSplitAdjusted;
    series.key.variant = "b";
    return series;
  }();
  Series raw = DailyBars(100);
  SeriesQuality quality = CheckQuality(raw, quant::Xnys());
  CheckAgainst(raw, adjusted, quant::Xnys(), quality);
  ASSERT_NE(Find(quality, "cross_source"), nullptr) << "nobody knows the splits";
  EXPECT_EQ(Find(quality, "cross_source")->severity, Severity::kInfo);
  EXPECT_THAT(Find(quality, "cross_source")->message, HasSubstr("not compared with b"));
  for (size_t row = 0; row < 50; ++row) ScaleBar(raw, row, 2);
  std::vector<double> ratio(100, 1);
  ratio[50] = 2;
  raw.Add("split_ratio", ratio);
  quality = CheckQuality(raw, quant::Xnys());
  CheckAgainst(raw, adjusted, quant::Xnys(), quality);
  EXPECT_EQ(Find(quality, "cross_source"), nullptr) << Find(quality, "cross_source")->message;
}

TEST(CrossSource, ComparesNothingThatIsAdjustedAsOfOtherDays) {
  Series now = DailyBars(100);
  now.basis = quant::PriceBasis::kSplitAdjusted;
  Series old = now;
  now.key.variant = "b";
  for (size_t row = 0; row < 100; ++row) ScaleBar(old, row, 4);
  const PriceAnchors then = {{INT64_MIN, absl::CivilDay(2019, 12, 31)}};
  const auto compare = [&](const Series& other, const PriceAnchors& anchors, const PriceAnchors& other_anchors) {
    SeriesQuality quality = CheckQuality(old, quant::Xnys());
    CheckAgainst(old, other, quant::Xnys(), quality, anchors, other_anchors);
    const Finding* found = Find(quality, "cross_source");
    return found == nullptr ? Finding() : *found;
  };
  EXPECT_EQ(compare(now, {}, {}).severity, Severity::kError);
  const Finding told = compare(now, then, {});
  EXPECT_EQ(told.severity, Severity::kInfo);
  EXPECT_EQ(told.affected_rows, 0);
  EXPECT_THAT(told.message, HasSubstr("adjusted for splits as of 2019-12-31, those of b as of no known day"));
  EXPECT_EQ(compare(now, then, then).severity, Severity::kError) << "of one day they should agree";
  Series same = old;
  same.key.variant = "b";
  EXPECT_EQ(compare(same, then, then).message, "");
}

TEST(Spikes, KnowTheSeamOfTwoDaysOfAdjustment) {
  Series bars = DailyBars(100);
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  for (size_t row = 50; row < 100; ++row) ScaleBar(bars, row, 0.25);
  EXPECT_NE(Find(CheckQuality(bars, quant::Xnys()), "spikes"), nullptr);
  SeriesKnowledge known;
  known.anchors = {{INT64_MIN, absl::CivilDay(2010, 3, 31)}, {bars.times[50], absl::CivilDay(2010, 6, 30)}};
  EXPECT_EQ(Find(CheckQuality(bars, quant::Xnys(), {}, INT64_MAX, known), "spikes"), nullptr);
}

// Rows of the resource split: one that takes effect on the day of that row of `bars`.
Series SplitAt(const Series& bars, size_t row, double ratio) {
  const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(bars.times[row]), absl::UTCTimeZone());
  Series splits{.key = {"split", "A", quant::Timeframe::kTick, "a"}, .repeats = true};
  splits.times = {quant::Xnys().DayStart(day)};
  splits.Add("ex_date", std::vector<std::string>{std::string(absl::FormatCivilTime(day))});
  splits.Add("ratio", std::vector<double>{ratio});
  return splits;
}

TEST(Spikes, AreNotWhereASplitIsDeclaredApartFromTheRows) {
  Series bars = DailyBars(100);
  for (size_t row = 50; row < 100; ++row) ScaleBar(bars, row, 1.0 / 7);
  const auto checked = [](const Series& series, const Series& splits) {
    SeriesKnowledge known;
    known.splits = &splits;
    return CheckQuality(series, quant::Xnys(), {}, INT64_MAX, known);
  };
  const auto refused = [](const SeriesQuality& quality) {
    const Finding* found = Find(quality, "spikes");
    return found != nullptr && found->severity == Severity::kError && Find(quality, "repairs") != nullptr;
  };
  const Series seven = SplitAt(bars, 50, 7);
  EXPECT_TRUE(refused(CheckQuality(bars, quant::Xnys())));
  const SeriesQuality declared = checked(bars, seven);
  EXPECT_EQ(Find(declared, "spikes"), nullptr);
  EXPECT_EQ(Find(declared, "repairs"), nullptr);
  EXPECT_TRUE(refused(checked(bars, SplitAt(bars, 50, 2)))) << "another ratio";
  EXPECT_TRUE(refused(checked(bars, SplitAt(bars, 48, 7)))) << "another day";
  EXPECT_TRUE(refused(checked(bars, Series()))) << "there was none";
  EXPECT_EQ(Find(checked(DailyBars(100), seven), "spikes"), nullptr) << "a split makes no jump where prices have none";

  Series adjusted = bars;
  adjusted.basis = quant::PriceBasis::kSplitAdjusted;
  EXPECT_TRUE(refused(checked(adjusted, seven))) << "these prices should not move by it";
  std::vector<double> column(100, 1);
  column[50] = 7;
  bars.Add("split_ratio", column);
  EXPECT_EQ(Find(checked(bars, seven), "spikes"), nullptr) << "it counts once";
}

}  // namespace
}  // namespace breadthflow::data
