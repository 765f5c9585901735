// What a gate says of rows beside those that are stored, where a split is stored apart from both.
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/app/quarantines.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using QuarantineSplitsTest = ReadTest;

// Days that go on at a quarter of the price, by which a split is stored apart.
TEST_F(QuarantineSplitsTest, AMoveBesideWhatIsStoredIsNoDoubtWhereAStoredSplitExplainsIt) {
  const auto bars = [](const std::string& symbol) {
    std::vector<double> closes;
    for (int i = 0; i < 60; ++i) closes.push_back((i < 50 ? 100 : 25) + 0.1 * (i % 7));
    return FlatBars(symbol, absl::CivilDay(2017, 1, 3), closes);
  };
  SeriesStore series(*database_);
  CoverageStore coverage(*database_);
  QuarantineStore store(*database_);
  Quarantines quarantines(*database_, series, coverage, store, clock_);
  for (const bool declared : {false, true}) {
    const quant::Series all = bars(declared ? "SPLIT" : "FALL");
    if (declared) {
      const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(all.times[50]), absl::UTCTimeZone());
      ASSERT_THAT(series.chunks().Put(Events("split", "SPLIT", {{day, 4}})), IsOk());
    }
    ASSERT_THAT(series.chunks().Put(all.Rows(0, 50)), IsOk());
    const quant::Series came = all.Rows(50, 60);
    const quant::TimeRange asked{came.times.front(), came.times.back() + 1};
    BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, series.chunks().Write(came));
    const Arrival arrival{.rows = came, .asked = asked, .replaces = {}, .origin = "fetchRuns/1", .coverage = {}};
    Verdict verdict;
    ASSERT_THAT(quarantines.ExamineBeside(arrival, written, QualityGate::kQuarantine, absl::InfiniteFuture(), verdict),
                IsOk());
    EXPECT_EQ(verdict.doubts.size(), declared ? 0u : 1u) << all.key.symbol;
    EXPECT_TRUE(verdict.impossible.empty());
  }
}

// Sixty closes about `before`, of which the last ten are about `after`.
std::vector<double> Closes(double before, double after) {
  std::vector<double> closes;
  for (int i = 0; i < 60; ++i) closes.push_back((i < 50 ? before : after) * (1 + 0.002 * (i % 7)));
  return closes;
}

// A reverse split of one for a hundred, on a day on which the price fell by a quarter: first without the split.
TEST_F(QuarantineSplitsTest, PricesWhoseSplitIsNotStoredYetAreToldToComeAfterIt) {
  SeriesStore series(*database_);
  CoverageStore coverage(*database_);
  QuarantineStore store(*database_);
  Quarantines quarantines(*database_, series, coverage, store, clock_);
  const quant::Series all = FlatBars("REVERSE", absl::CivilDay(2017, 1, 3), Closes(0.5, 38.5));
  const quant::TimeRange asked{all.times.front(), all.times.back() + 1};
  const Arrival arrival{.rows = all, .asked = asked, .replaces = asked, .origin = "fetchRuns/1", .coverage = {}};
  const auto examine = [&] { return quarantines.Examine(arrival, QualityGate::kQuarantine, absl::InfiniteFuture()); };
  BF_ASSERT_OK_AND_ASSIGN(const Verdict held, examine());
  EXPECT_EQ(held.impossible.size(), 10u);
  ASSERT_NE(held.apart, nullptr);
  FetchResult result;
  Quarantines::Tell(held, result);
  EXPECT_THAT(result.error, StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINED"));
  EXPECT_THAT(base::Message(result.error), HasSubstr("fetch or import its splits first (--resource split)"));
  const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(all.times[50]), absl::UTCTimeZone());
  ASSERT_THAT(series.chunks().Put(Events("split", "REVERSE", {{day, 0.01}})), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const Verdict passed, examine());
  EXPECT_TRUE(passed.impossible.empty());
  EXPECT_EQ(passed.apart, nullptr);
}

// Prices of two downloads, one from before a reverse split and one from after it, come as one series.
TEST_F(QuarantineSplitsTest, RowsOfTwoDaysOfAdjustmentMayChangeTheirLevelBetweenThem) {
  SeriesStore series(*database_);
  CoverageStore coverage(*database_);
  QuarantineStore store(*database_);
  Quarantines quarantines(*database_, series, coverage, store, clock_);
  const quant::Series all =
      FlatBars("REVERSE", absl::CivilDay(2017, 1, 3), Closes(0.5, 50), quant::PriceBasis::kSplitAdjusted);
  const quant::TimeRange asked{all.times.front(), all.times.back() + 1};
  Arrival arrival{.rows = all, .asked = asked, .replaces = asked, .origin = "imports/1", .coverage = {}};
  BF_ASSERT_OK_AND_ASSIGN(const Verdict unknown,
                          quarantines.Examine(arrival, QualityGate::kQuarantine, absl::InfiniteFuture()));
  EXPECT_NE(unknown.apart, nullptr);
  FetchResult result;
  Quarantines::Tell(unknown, result);
  EXPECT_THAT(base::Message(result.error), ::testing::Not(HasSubstr("--resource split")))
      << "splits are no reason for these to change";
  arrival.anchors = {{INT64_MIN, absl::CivilDay(2017, 3, 15)}, {all.times[50], absl::CivilDay(2017, 6, 30)}};
  BF_ASSERT_OK_AND_ASSIGN(const Verdict said,
                          quarantines.Examine(arrival, QualityGate::kQuarantine, absl::InfiniteFuture()));
  EXPECT_TRUE(said.impossible.empty());
  EXPECT_EQ(said.apart, nullptr);
}

// A file that holds everything and grows by a row each day.
TEST_F(QuarantineSplitsTest, AHistoryWhoseNewLevelWasReleasedOnceGoesOn) {
  const auto fetch = [&](size_t days, double last = 1) {
    const std::vector<double> closes = Closes(0.5, 50);
    const quant::Series bars = FlatBars("GROWS", absl::CivilDay(2017, 1, 3), closes);
    std::string text;
    for (size_t row = 0; row < days; ++row) {
      const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(bars.times[row]), absl::UTCTimeZone());
      const double close = closes[row] * (row + 1 == days ? last : 1);
      text += fmt::format("{0},{1},{1},{1},{1},100\n", std::string(absl::FormatCivilTime(day)), close);
    }
    WriteCsv("GROWS", text);
    return Fetch(Csv({"GROWS"})).status.state;
  };
  EXPECT_EQ(fetch(57), clients::RunState::kFailed);
  const auto held = Call(&Stub::ListQuarantines, v1::ListQuarantinesRequest());
  ASSERT_THAT(held, IsOk());
  ASSERT_EQ(held->quarantines_size(), 1);
  v1::ReleaseQuarantineRequest release;
  release.set_name(held->quarantines(0).name());
  release.set_comment("a split");
  ASSERT_THAT(Call(&Stub::ReleaseQuarantine, release), IsOk());
  EXPECT_EQ(ReadOne("GROWS")->size(), 57u);
  for (const size_t days : {58, 59}) {
    EXPECT_EQ(fetch(days), clients::RunState::kSucceeded) << days;
    EXPECT_EQ(ReadOne("GROWS")->size(), days);
  }
  EXPECT_EQ(fetch(60, 0.01), clients::RunState::kFailed) << "another change is another matter";
  EXPECT_EQ(ReadOne("GROWS")->size(), 59u);
}

}  // namespace
}  // namespace breadthflow::data
