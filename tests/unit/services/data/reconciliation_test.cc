#include "services/data/domain/reconciliation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

TEST(Reconciliation, OneSeriesAgreesWithItself) {
  const Series bars = DailyBars(100);
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(bars, bars, 0, {}));
  EXPECT_TRUE(result.agrees);
  EXPECT_EQ(result.common_rows, 100);
  EXPECT_EQ(result.only_rows + result.only_other_rows, 0);
  ASSERT_THAT(result.fields, SizeIs(5));
  for (const FieldReconciliation& field : result.fields) {
    EXPECT_EQ(field.compared_rows, 100);
    EXPECT_EQ(field.max_difference, 0);
  }
}

TEST(Reconciliation, CountsTheRowsThatOnlyOneHas) {
  const Series bars = DailyBars(100);
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(bars.Rows(5, 80), bars.Rows(0, 60), 0, {}));
  EXPECT_EQ(result.common_rows, 55);
  EXPECT_EQ(result.only_rows, 20);
  EXPECT_EQ(result.only_other_rows, 5);
  EXPECT_THAT(result.unmatched_ns,
              ElementsAre(bars.times[0], bars.times[1], bars.times[2], bars.times[3], bars.times[4], bars.times[60],
                          bars.times[61], bars.times[62], bars.times[63], bars.times[64]));
  EXPECT_TRUE(result.agrees) << "every common row agrees";
}

TEST(Reconciliation, CountsARowOnceHoweverManyColumnsDiffer) {
  const Series bars = DailyBars(100);
  Series other = bars;
  ScaleBar(other, 7, 1.1);
  PriceOf(other, "close", 9) *= 1.1;
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(bars, other, 0.01, {}));
  EXPECT_EQ(result.differing_rows, 2);
  EXPECT_THAT(result.differing_ns, ElementsAre(bars.times[7], bars.times[9]));
}

TEST(Reconciliation, NamesTheTenGreatestDifferencesBeyondTheTolerance) {
  const Series bars = DailyBars(100);
  Series other = bars;
  for (size_t row = 0; row < 20; ++row) PriceOf(other, "close", row) *= 1 + 0.001 * static_cast<double>(row + 1);
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(bars, other, 0.0055, {"close"}));
  ASSERT_THAT(result.fields, SizeIs(1));
  const FieldReconciliation& close = result.fields[0];
  EXPECT_FALSE(result.agrees);
  EXPECT_EQ(close.differing_rows, 15);
  ASSERT_THAT(close.examples, SizeIs(10));
  EXPECT_EQ(close.examples[0].time_ns, bars.times[19]);
  EXPECT_EQ(close.examples[9].time_ns, bars.times[10]);
  EXPECT_NEAR(close.max_difference, 0.02 / 1.02, 1e-12);
  EXPECT_THAT(Reconcile(bars, other, 0.02, {})->fields[3].examples, IsEmpty());
}

TEST(Reconciliation, WhatIsMissingInOneIsNotCompared) {
  Series bars = DailyBars(10);
  Series other = bars;
  other.columns[3].valid.assign(10, true);
  other.columns[3].valid[4] = false;
  PriceOf(other, "close", 4) = 7;
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(bars, other, 0, {"close"}));
  EXPECT_EQ(result.fields[0].compared_rows, 9);
  EXPECT_TRUE(result.agrees);
}

TEST(Reconciliation, PricesOfAnotherBasisAreNotCompared) {
  Series bars = DailyBars(10);
  Series other = bars;
  other.basis = quant::PriceBasis::kSplitAdjusted;
  EXPECT_THAT(Reconcile(bars, other, 0, {}), StatusIs(absl::StatusCode::kFailedPrecondition, "BASIS_DIFFERS"));
  EXPECT_THAT(Reconcile(bars, other, 0, {"volume"}), StatusIs(absl::StatusCode::kFailedPrecondition));
  for (Series* series : {&bars, &other}) series->Add("split_ratio", std::vector<double>(10, 1));
  EXPECT_THAT(Reconcile(bars, other, 0, {"split_ratio"}), IsOk());
}

TEST(Reconciliation, PricesThatAreAdjustedAsOfOtherDaysAreNotCompared) {
  Series bars = DailyBars(10);
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  bars.Add("trade_count", std::vector<double>(10, 1));
  const PriceAnchors then = {{INT64_MIN, absl::CivilDay(2019, 12, 31)}};
  const PriceAnchors later = {{INT64_MIN, absl::CivilDay(2020, 12, 31)}};
  EXPECT_THAT(Reconcile(bars, bars, 0, {}, then, then), IsOk());
  for (const PriceAnchors& other : {PriceAnchors(), later}) {
    EXPECT_THAT(Reconcile(bars, bars, 0, {}, then, other),
                StatusIs(absl::StatusCode::kFailedPrecondition, "BASIS_DIFFERS"));
    EXPECT_THAT(Reconcile(bars, bars, 0, {"trade_count"}, then, other), IsOk());
  }
}

TEST(Reconciliation, RowsOfOneInstantMatchInTheirOrder) {
  Series one{.key = {"trade", "A", quant::Timeframe::kTick, "a"}, .repeats = true, .times = {1, 1, 2}, .columns = {}};
  one.Add("price", std::vector<double>{1, 2, 3});
  Series other{.key = {"trade", "A", quant::Timeframe::kTick, "b"}, .repeats = true, .times = {1, 2, 2}, .columns = {}};
  other.Add("price", std::vector<double>{1, 3, 4});
  BF_ASSERT_OK_AND_ASSIGN(const SeriesReconciliation result, Reconcile(one, other, 0, {}));
  EXPECT_EQ(result.common_rows, 2);
  EXPECT_THAT(result.unmatched_ns, ElementsAre(1, 2));
  EXPECT_TRUE(result.agrees);
}

}  // namespace
}  // namespace breadthflow::data
