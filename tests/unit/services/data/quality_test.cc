#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/quality/report.h"
#include "services/data/sources/catalog.h"
#include "tests/support/csv_bars.h"
#include "tests/support/matchers.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using quant::Series;

// A daily series on every session of 2015 and 2016; prices stand still, the volume does not.
Series Clean() {
  Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2015, 1, 1), absl::CivilDay(2017, 1, 1))) {
    series.times.push_back(session.close_ns);
  }
  const size_t n = series.size();
  series.Add("open", std::vector<double>(n, 10));
  series.Add("high", std::vector<double>(n, 11));
  series.Add("low", std::vector<double>(n, 9));
  series.Add("close", std::vector<double>(n, 10));
  std::vector<double> volume(n);
  for (size_t row = 0; row < n; ++row) volume[row] = 1000 + static_cast<double>(row % 7);
  series.Add("volume", std::move(volume));
  return series;
}

Series Without(const Series& series, size_t begin, size_t end) {
  Series out = series.Rows(0, begin);
  EXPECT_TRUE(quant::Append(out, series.Rows(end, series.size())).ok());
  return out;
}

double& Value(Series& series, const char* name, size_t row) {
  for (quant::Column& column : series.columns) {
    if (column.name == name) return std::get<std::vector<double>>(column.values)[row];
  }
  std::abort();
}

SeriesQuality Check(const Series& series) { return CheckQuality(series, quant::Xnys()); }

const Finding* Find(const SeriesQuality& quality, std::string_view check) {
  for (const Finding& finding : quality.findings) {
    if (finding.check == check) return &finding;
  }
  return nullptr;
}

TEST(Quality, CleanSeriesScoresOne) {
  const SeriesQuality quality = Check(Clean());
  EXPECT_TRUE(quality.findings.empty());
  EXPECT_EQ(quality.score, 1);
  EXPECT_EQ(quality.expected_rows, quality.rows);
}

TEST(Quality, EmptySeriesIsAnError) {
  Series empty = Clean().Rows(0, 0);
  EXPECT_EQ(Check(empty).score, 0);
  EXPECT_EQ(Check(empty).findings[0].severity, Severity::kError);
}

TEST(Quality, ScoreIsTheShareOfRowsThatAreNotAffected) {
  const SeriesQuality quality = Check(Without(Clean(), 100, 101));
  const Finding* finding = Find(quality, "completeness");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->severity, Severity::kWarning);
  EXPECT_EQ(finding->affected_rows, 1);
  EXPECT_THAT(finding->examples_ns, ::testing::ElementsAre(Clean().times[100]));
  EXPECT_DOUBLE_EQ(quality.score, 1 - 1.0 / static_cast<double>(Clean().size()));
  EXPECT_EQ(Find(quality, "gaps"), nullptr) << "one missing session is no gap";
}

// The plan's own check called this series perfect: complete cells, but five months of sessions missing.
TEST(Quality, FiveMissingMonthsAreAnError) {
  const SeriesQuality quality = Check(Without(Clean(), 100, 205));
  ASSERT_NE(Find(quality, "gaps"), nullptr);
  EXPECT_EQ(Find(quality, "gaps")->severity, Severity::kError);
  EXPECT_EQ(Find(quality, "gaps")->affected_rows, 105);
  EXPECT_THAT(Find(quality, "gaps")->message, ::testing::Not(::testing::HasSubstr("bars"))) << "days are the rows";
  EXPECT_EQ(Find(quality, "completeness")->severity, Severity::kError);
  EXPECT_NEAR(quality.score, 1 - 105.0 / 504, 1e-3) << "missing sessions are counted once";
}

TEST(Quality, ManyGapsAreNamedOnceEach) {
  Series series = Clean();
  Series kept = series.Rows(0, 1);
  for (size_t row = 10; row < series.size(); row += 10) {
    ASSERT_TRUE(quant::Append(kept, series.Rows(row, row + 1)).ok());
  }
  int64_t gaps = 0;
  int64_t sessions = 0;
  const SeriesQuality quality = Check(kept);
  for (const Finding& finding : quality.findings) {
    if (finding.check != "gaps") continue;
    ++gaps;
    sessions += finding.affected_rows;
  }
  EXPECT_EQ(gaps, 21) << "twenty by themselves, and all others together";
  EXPECT_EQ(sessions, 9 * (static_cast<int64_t>(kept.size()) - 1));
}

TEST(Quality, SeesOpenAndCloseOutsideOfLowAndHigh) {
  Series series = Clean();
  Value(series, "close", 7) = 12;
  const Finding* found = nullptr;
  const SeriesQuality quality = Check(series);
  found = Find(quality, "ohlc_order");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->severity, Severity::kError);
  EXPECT_EQ(found->affected_rows, 1);
  Value(series, "close", 7) = 11.000005;
  EXPECT_EQ(Find(Check(series), "ohlc_order"), nullptr) << "rounding";
  Value(series, "close", 7) = 11.01;
  const SeriesQuality little = Check(series);
  ASSERT_NE(Find(little, "ohlc_order"), nullptr);
  EXPECT_EQ(Find(little, "ohlc_order")->severity, Severity::kWarning);
}

TEST(Quality, ZeroVolumeIsAWarningAndCostsLittle) {
  Series series = Clean();
  for (size_t row = 0; row < 100; ++row) Value(series, "volume", row) = 0;
  const SeriesQuality quality = Check(series);
  EXPECT_EQ(Find(quality, "zero_volume")->severity, Severity::kWarning);
  EXPECT_EQ(Find(quality, "zero_volume")->affected_rows, 100);
  EXPECT_EQ(Find(quality, "zero_volume")->examples_ns.size(), kMaxExamples);
  EXPECT_GT(quality.score, 0.95);
}

TEST(Quality, PricesMustBePositive) {
  Series series = Clean();
  Value(series, "low", 3) = 0;
  EXPECT_EQ(Find(Check(series), "positive_prices")->severity, Severity::kError);
}

TEST(Quality, TwoRowsOfOneDayAreDuplicatesAndTimesMustBeCloses) {
  Series series = Clean();
  series.times[10] = series.times[9] + 3'600'000'000'000;
  const SeriesQuality quality = Check(series);
  EXPECT_EQ(Find(quality, "duplicates")->affected_rows, 1);
  EXPECT_EQ(Find(quality, "session_times")->affected_rows, 1);
  EXPECT_EQ(Find(quality, "completeness")->affected_rows, 1);
}

constexpr int64_t kMinuteNs = 60'000'000'000;

// Bars of `minutes` each in three sessions from Monday on, with times `shift_ns` late, said to be of `timeframe`.
Series Within(int64_t minutes, quant::Timeframe timeframe, int64_t shift_ns = 0) {
  Series series{.key = {"stock_price", "A", timeframe, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2015, 3, 2), absl::CivilDay(2015, 3, 5))) {
    for (int64_t end = session.open_ns + minutes * kMinuteNs; end - minutes * kMinuteNs < session.close_ns;
         end += minutes * kMinuteNs) {
      series.times.push_back(std::min(end, session.close_ns) + shift_ns);
    }
  }
  std::vector<double> close;
  for (size_t row = 0; row < series.size(); ++row) close.push_back(10 + 0.01 * static_cast<double>(row % 5));
  series.Add("close", std::move(close));
  return series;
}

TEST(Quality, BarsWithinADayAreMeasuredAgainstTheMinutesOfTheSessions) {
  const Series minutes = Within(1, quant::Timeframe::kMin1);
  SeriesQuality quality = Check(minutes);
  EXPECT_EQ(quality.expected_rows, 3 * 390);
  EXPECT_EQ(quality.score, 1) << quality.findings.at(0).message;
  quality = Check(Without(minutes, 50, 150));
  EXPECT_EQ(quality.expected_rows, 3 * 390);
  ASSERT_NE(Find(quality, "completeness"), nullptr);
  EXPECT_EQ(Find(quality, "completeness")->affected_rows, 100);
  EXPECT_EQ(Find(quality, "completeness")->severity, Severity::kWarning);
  EXPECT_EQ(Find(Check(Without(minutes, 300, 900)), "completeness")->severity, Severity::kError);
  EXPECT_EQ(Check(Within(60, quant::Timeframe::kHour1)).expected_rows, 3 * 7) << "the last hour has 30 minutes";
  EXPECT_EQ(Check(Within(60, quant::Timeframe::kHour1)).score, 1);
}

TEST(Quality, MissingDaysOfMinutesAreCountedInMinutesAndNamedByTheirDays) {
  Series series{.key = {"stock_price", "A", quant::Timeframe::kMin1, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
  const auto add = [&](absl::CivilDay day) {
    const int64_t begin = quant::UtcInstant(absl::CivilSecond(day));
    for (int64_t minute = 1; minute <= 1440; ++minute) series.times.push_back(begin + minute * kMinuteNs);
  };
  add(absl::CivilDay(2016, 10, 9));
  add(absl::CivilDay(2016, 10, 14));
  series.Add("close", std::vector<double>(series.size(), 10));
  const SeriesQuality quality = CheckQuality(series, quant::AlwaysOpen());
  EXPECT_EQ(quality.expected_rows, 6 * 1440);
  const Finding* gap = Find(quality, "gaps");
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->affected_rows, 4 * 1440);
  EXPECT_EQ(gap->message, "4 consecutive sessions are missing, 2016-10-10 to 2016-10-13 (5760 bars)");
  const Finding* missing = Find(quality, "completeness");
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->affected_rows, gap->affected_rows) << "whole days are among what completeness misses";
  EXPECT_DOUBLE_EQ(AffectedShare(*gap, quality.expected_rows), 4.0 / 6);
  EXPECT_DOUBLE_EQ(AffectedShare(*missing, quality.expected_rows), 4.0 / 6);
}

TEST(Quality, MinutesThatAreSaidToBeHoursAreAnErrorAndHoursThatAreSaidToBeMinutesToo) {
  for (const SeriesQuality& quality :
       {Check(Within(1, quant::Timeframe::kHour1)), Check(Within(60, quant::Timeframe::kMin1))}) {
    ASSERT_NE(Find(quality, "bar_spacing"), nullptr);
    EXPECT_EQ(Find(quality, "bar_spacing")->severity, Severity::kError);
    EXPECT_LT(quality.score, 0.1);
  }
}

TEST(Quality, TimesThatAreNoEndsOfBarsAreFound) {
  const Series late = Within(1, quant::Timeframe::kMin1, -7'000'000'000);
  ASSERT_NE(Find(Check(late), "bar_times"), nullptr);
  EXPECT_EQ(Find(Check(late), "bar_times")->affected_rows, 3 * 390);
  const SeriesQuality begins = Check(Within(1, quant::Timeframe::kMin1, -kMinuteNs));
  ASSERT_NE(Find(begins, "bar_times"), nullptr);
  EXPECT_EQ(Find(begins, "bar_times")->affected_rows, 3) << "sessions";
  EXPECT_THAT(Find(begins, "bar_times")->message, ::testing::HasSubstr("beginnings"));
  const SeriesQuality night = Check(Within(1, quant::Timeframe::kMin1, 12 * 60 * kMinuteNs));
  EXPECT_EQ(Find(night, "bar_times")->severity, Severity::kError) << "no session is open";
}

TEST(Quality, RowsOutsideTheSessionsAreFound) {
  Series rows = Within(1, quant::Timeframe::kMin1);
  rows.times.back() += 61 * kMinuteNs;
  const SeriesQuality evening = Check(rows);
  ASSERT_NE(Find(evening, "outside_sessions"), nullptr);
  EXPECT_EQ(Find(evening, "outside_sessions")->severity, Severity::kInfo) << "extended hours";
  EXPECT_EQ(Find(evening, "outside_sessions")->affected_rows, 0);
  rows.times.back() += 240 * kMinuteNs;
  const SeriesQuality night = Check(rows);
  EXPECT_EQ(Find(night, "outside_sessions")->severity, Severity::kWarning);
  EXPECT_EQ(Find(night, "outside_sessions")->affected_rows, 1);
  EXPECT_LT(night.score, 1);
  // A market that never closes, measured by one that does.
  Series hours{.key = {"stock_price", "A", quant::Timeframe::kHour1, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
  for (int64_t hour = 1; hour <= 72; ++hour) {
    hours.times.push_back(quant::UtcInstant(absl::CivilSecond(2016, 10, 7)) + hour * 60 * kMinuteNs);
  }
  const SeriesQuality wrong = Check(hours);
  ASSERT_NE(Find(wrong, "outside_sessions"), nullptr);
  EXPECT_EQ(wrong.findings[0].severity, Severity::kError);
  EXPECT_EQ(wrong.score, 0);
  const SeriesQuality right = CheckQuality(hours, quant::AlwaysOpen());
  EXPECT_EQ(right.expected_rows, 72);
  EXPECT_EQ(right.score, 1);
}

TEST(Quality, WhereNoCalendarIsKnownCompletenessIsNotJudged) {
  const Series gaps = Without(Clean(), 100, 205);
  for (const Series& series : {gaps, Within(1, quant::Timeframe::kMin1)}) {
    const SeriesQuality quality =
        CheckQuality(series, quant::UtcDays(), {}, series.times.back() + 1'000'000'000'000'000);
    EXPECT_EQ(quality.expected_rows, quality.rows);
    ASSERT_EQ(quality.findings.size(), 1u);
    EXPECT_EQ(quality.findings[0].check, "completeness");
    EXPECT_EQ(quality.findings[0].severity, Severity::kInfo);
    EXPECT_THAT(quality.findings[0].message, ::testing::HasSubstr("no calendar is known"));
    EXPECT_EQ(quality.score, 1);
  }
}

void Scale(Series& series, size_t begin, size_t end, double factor) {
  for (const char* name : {"open", "high", "low", "close"}) {
    for (size_t row = begin; row < end; ++row) Value(series, name, row) *= factor;
  }
}

TEST(Quality, AJumpThatComesBackIsAnErrorOfTheData) {
  Series series = Clean();
  Scale(series, 100, 101, 100);  // pence for pounds
  const SeriesQuality quality = Check(series);
  ASSERT_NE(Find(quality, "spikes"), nullptr);
  EXPECT_EQ(Find(quality, "spikes")->severity, Severity::kError);
  EXPECT_EQ(Find(quality, "spikes")->affected_rows, 1) << "the way back is no spike of its own";
  EXPECT_THAT(Find(quality, "spikes")->examples_ns, ::testing::ElementsAre(series.times[100]));
}

TEST(Quality, AMoveByTheRatioOfASplitNeedsASplit) {
  Series series = Clean();
  Scale(series, 100, series.size(), 0.25);
  ASSERT_NE(Find(Check(series), "spikes"), nullptr);
  EXPECT_EQ(Find(Check(series), "spikes")->severity, Severity::kError);
  EXPECT_THAT(Find(Check(series), "spikes")->message, ::testing::HasSubstr("split"));

  series.basis = quant::PriceBasis::kRaw;
  std::vector<double> ratio(series.size(), 1);
  ratio[100] = 4;
  series.Add("split_ratio", ratio);
  EXPECT_EQ(Find(Check(series), "spikes"), nullptr) << "raw prices fall by a declared split";
}

TEST(Quality, AFallThatStaysIsWorthKnowingOnly) {
  Series series = Clean();
  Scale(series, 100, series.size(), 0.57);
  const SeriesQuality quality = Check(series);
  ASSERT_NE(Find(quality, "spikes"), nullptr);
  EXPECT_EQ(Find(quality, "spikes")->severity, Severity::kInfo);
}

TEST(Quality, LargeMovesAreUsualWhereMovesAreLarge) {
  Series series = Clean();
  for (size_t row = 1; row < series.size(); row += 2) Scale(series, row, row + 1, 1.6);
  const SeriesQuality quality = Check(series);
  const Finding* spikes = Find(quality, "spikes");
  ASSERT_NE(spikes, nullptr) << "only the first ones are unusual";
  EXPECT_LE(spikes->affected_rows, 5);
}

TEST(Quality, RowsThatRepeatEverythingAreStale) {
  Series series = Clean();
  for (size_t row = 50; row < 54; ++row) Value(series, "volume", row) = 77;
  ASSERT_NE(Find(Check(series), "stale_repeats"), nullptr);
  EXPECT_EQ(Find(Check(series), "stale_repeats")->affected_rows, 3);
  Value(series, "volume", 52) = 78;
  EXPECT_EQ(Find(Check(series), "stale_repeats"), nullptr) << "two runs of one repeat each";
}

TEST(Quality, BarsHaveTheRangeOfTheirAssetClass) {
  Series series = Clean();
  Value(series, "high", 9) = 50;
  ASSERT_NE(Find(Check(series), "value_ranges"), nullptr);
  EXPECT_EQ(Find(Check(series), "value_ranges")->affected_rows, 1);
}

TEST(Quality, NothingIsLaterThanTheInstantOfReading) {
  const Series series = Clean();
  const int64_t as_of = series.times[series.size() - 3];
  const SeriesQuality quality = CheckQuality(series, quant::Xnys(), {}, as_of);
  ASSERT_NE(Find(quality, "future_times"), nullptr);
  EXPECT_EQ(Find(quality, "future_times")->severity, Severity::kError);
  EXPECT_EQ(Find(quality, "future_times")->affected_rows, 2);
}

TEST(Quality, SaysHowManySessionsHaveClosedSinceTheLastRow) {
  const Series all = Clean();
  const Series series = all.Rows(0, all.size() - 5);
  const SeriesQuality quality = CheckQuality(series, quant::Xnys(), {}, all.times.back() + 1);
  ASSERT_NE(Find(quality, "freshness"), nullptr);
  EXPECT_EQ(Find(quality, "freshness")->affected_rows, 5);
  EXPECT_EQ(Find(quality, "freshness")->severity, Severity::kInfo);
  EXPECT_EQ(quality.score, 1) << "the rows there are, are good";
  EXPECT_DOUBLE_EQ(AffectedShare(*Find(quality, "freshness"), quality.expected_rows),
                   5.0 / static_cast<double>(all.size()));
}

TEST(Quality, TheAdjustedCloseFollowsFromTheClose) {
  Series series = Clean();
  std::vector<double> adjusted(series.size(), 10);
  std::vector<double> dividend(series.size(), 0);
  for (size_t row = 0; row < 200; ++row) adjusted[row] = 9.8;
  dividend[200] = 0.2;
  Series good = series;
  good.Add("adj_close", adjusted);
  good.Add("dividend", dividend);
  EXPECT_EQ(Find(Check(good), "adjusted_close"), nullptr);

  Series unpaid = series;
  unpaid.Add("adj_close", std::vector<double>(series.size(), 10));
  unpaid.Add("dividend", dividend);
  ASSERT_NE(Find(Check(unpaid), "adjusted_close"), nullptr);
  EXPECT_THAT(Find(Check(unpaid), "adjusted_close")->message, ::testing::HasSubstr("not in adj_close"));

  Series falls = series;
  adjusted[300] = 9;
  falls.Add("adj_close", adjusted);
  ASSERT_NE(Find(Check(falls), "adjusted_close"), nullptr);
  EXPECT_EQ(Find(Check(falls), "adjusted_close")->affected_rows, 1);
}

TEST(QualityReport, NamesSeriesThatCoverLessThanTheOthers) {
  const Series all = Clean();
  std::vector<SeriesQuality> series = {Check(all), Check(all), Check(all.Rows(400, all.size()))};
  CheckTogether(series);
  EXPECT_EQ(Find(series[0], "date_overlap"), nullptr);
  ASSERT_NE(Find(series[2], "date_overlap"), nullptr);
  EXPECT_EQ(Find(series[2], "date_overlap")->severity, Severity::kInfo);
}

TEST(QualityReport, WeighsSeriesByTheirRowsAndNamesWhatToDo) {
  SeriesQuality good{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}, .expected_rows = 300, .score = 1};
  SeriesQuality bad{.key = {"stock_price", "B", quant::Timeframe::kDay, ""}, .expected_rows = 100, .score = 0.6};
  bad.findings.push_back({.check = "gaps", .severity = Severity::kWarning, .affected_rows = 40, .message = "x"});
  QualityReport report = MakeReport("s", {good, bad});
  EXPECT_DOUBLE_EQ(report.score, 0.9);
  EXPECT_TRUE(report.passed);
  EXPECT_THAT(report.recommendations, ::testing::ElementsAre(::testing::HasSubstr("gaps (B)")));
  bad.findings[0].severity = Severity::kError;
  EXPECT_FALSE(MakeReport("s", {good, bad}).passed);
}

Series ReadShared(const std::string& relative) {
  const auto path = testing::SharedFile(relative);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const auto data = ParseCsv(text.str(), path.filename().string(),
                             {"stock_price", path.stem().string(), quant::Timeframe::kDay, {}}, {}, quant::Xnys());
  EXPECT_TRUE(data.ok()) << data.status();
  return data.ok() ? data->series : Series{};
}

TEST(Quality, JudgesRealFiles) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  for (const char* symbol : {"AAPL", "MSFT", "JPM", "XOM"}) {
    const SeriesQuality quality = Check(ReadShared(std::string("data/bars/daily/") + symbol + ".csv"));
    EXPECT_GT(quality.score, 0.999) << symbol;
    for (const Finding& finding : quality.findings) EXPECT_NE(finding.severity, Severity::kError) << finding.message;
  }
  EXPECT_EQ(Find(Check(ReadShared("data/bars/daily_quirks/AGFS.csv")), "zero_volume")->affected_rows, 49);
  EXPECT_EQ(Find(Check(ReadShared("data/bars/daily_quirks/SPLP.csv")), "zero_volume")->affected_rows, 61);
  EXPECT_EQ(Find(Check(ReadShared("data/bars/daily/GSPC.csv")), "zero_volume")->affected_rows, 2215);
  EXPECT_TRUE(MakeReport("s", {Check(ReadShared("data/bars/daily_quirks/BRK-A.csv"))}).passed);
  // One session lost half of its value, and it was news, not a split.
  EXPECT_NE(Find(Check(ReadShared("data/bars/daily_quirks/AGFS.csv")), "spikes"), nullptr);
}

// Contract of every check: describes itself, has defaults that pass their own checks, survives what is odd.
TEST(QualityChecks, HoldTheContractOfTheCatalogue) {
  Series odd = Clean().Rows(0, 1);
  odd.columns.clear();
  for (const QualityCheckEntry& check : QualityChecks().entries()) {
    EXPECT_EQ(check.info.kind, "quality_check");
    EXPECT_FALSE(check.info.description.empty() || check.advice.empty());
    const auto params = component::Params::Check(check.params, {});
    ASSERT_TRUE(params.ok()) << check.info.name;
    for (const Series& series : {odd, Clean().Rows(0, 0)}) {
      EXPECT_TRUE(check.run({series, quant::Xnys(), {}}, *params).empty()) << check.info.name;
    }
    EXPECT_TRUE(check.run({Clean(), quant::Xnys(), {}}, *params).empty()) << check.info.name;
  }
}

}  // namespace
}  // namespace breadthflow::data
