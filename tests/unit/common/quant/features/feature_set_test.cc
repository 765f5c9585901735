#include "common/quant/features/feature_set.h"

#include <cmath>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using testing::IsOk;
using testing::RandomWalk;
using testing::StatusIs;

Series Features(const Series& bars) {
  auto features = TechnicalV1().Compute(bars);
  EXPECT_THAT(features, IsOk());
  return *std::move(features);
}

// As bits: NaN equals NaN.
bool SameBits(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

Series Scaled(Series bars, double prices, double volumes) {
  for (Column& column : bars.columns)
    for (double& value : std::get<std::vector<double>>(column.values))
      value *= column.name == "volume" ? volumes : prices;
  return bars;
}

Series Flat(size_t size, double volume) {
  Series bars = RandomWalk("FLAT", size, 1);
  for (Column& column : bars.columns)
    column.values = std::vector<double>(size, column.name == "volume" ? volume : 50.0);
  return bars;
}

TEST(TechnicalV1, HasUniqueNamesAndOneColumnForEach) {
  const std::vector<std::string> names = TechnicalV1().ColumnNames();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  const Series features = Features(RandomWalk("A", 60, 1));
  ASSERT_EQ(features.columns.size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(features.columns[i].name, names[i]);
  EXPECT_EQ(features.key.resource, "feature");
  EXPECT_EQ(features.key.symbol, "A");
}

TEST(TechnicalV1, IsNotKnownDuringTheWarmUpAndFiniteAfterIt) {
  const Series features = Features(RandomWalk("A", 300, 2));
  const size_t warm_up = TechnicalV1().WarmUp();
  bool all_known_a_row_earlier = true;
  for (const Column& column : features.columns) {
    const auto values = features.Doubles(column.name);
    all_known_a_row_earlier &= std::isfinite(values[warm_up - 1]);
    for (size_t row = warm_up; row < values.size(); ++row)
      ASSERT_TRUE(std::isfinite(values[row])) << column.name << row;
    for (double value : values) ASSERT_FALSE(std::isinf(value)) << column.name;
  }
  EXPECT_FALSE(all_known_a_row_earlier);
}

TEST(TechnicalV1, RowsOfAPrefixAreThePrefixOfTheRows) {
  const Series bars = RandomWalk("A", 220, 3);
  const Series all = Features(bars);
  for (size_t size : {0, 1, 2, 30, 49, 50, 51, 100, 219}) {
    const Series part = Features(bars.Rows(0, size));
    for (const Column& column : all.columns)
      EXPECT_TRUE(SameBits(part.Doubles(column.name), all.Doubles(column.name).first(size)))
          << column.name << " " << size;
  }
}

TEST(TechnicalV1, DoesNotDependOnPriceAndVolumeLevels) {
  const Series bars = RandomWalk("A", 150, 4);
  const Series one = Features(bars);
  const Series other = Features(Scaled(bars, 64.0, 1024.0));
  for (const Column& column : one.columns)
    for (size_t row = TechnicalV1().WarmUp(); row < one.size(); ++row)
      ASSERT_NEAR(one.Doubles(column.name)[row], other.Doubles(column.name)[row], 1e-9) << column.name << " " << row;
}

TEST(TechnicalV1, IsNeutralWhenNothingMovesAndNothingIsTraded) {
  const Series features = Features(Flat(80, 0.0));
  for (const Column& column : features.columns)
    for (size_t row = TechnicalV1().WarmUp(); row < features.size(); ++row)
      ASSERT_EQ(features.Doubles(column.name)[row], 0.0) << column.name << " " << row;
}

TEST(TechnicalV1, FollowsItsDefinitions) {
  const Series bars = RandomWalk("A", 120, 5);
  const Series features = Features(bars);
  const auto close = bars.Doubles("close");
  const auto volume = bars.Doubles("volume");
  const size_t t = 100;
  const auto mean = [t](std::span<const double> values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += values[t - i];
    return sum / static_cast<double>(n);
  };
  const auto feature = [&](std::string_view name) { return features.Doubles(name)[t]; };
  EXPECT_DOUBLE_EQ(feature("return_5"), close[t] / close[t - 5] - 1);
  EXPECT_DOUBLE_EQ(feature("gap"), bars.Doubles("open")[t] / close[t - 1] - 1);
  EXPECT_NEAR(feature("close_to_sma_50"), close[t] / mean(close, 50) - 1, 1e-12);
  EXPECT_NEAR(feature("volume_ratio_5_20"), mean(volume, 5) / mean(volume, 20) - 1, 1e-12);
  double highest = 0;
  for (size_t i = 0; i < 50; ++i) highest = std::max(highest, bars.Doubles("high")[t - i]);
  EXPECT_DOUBLE_EQ(feature("close_to_high_50"), close[t] / highest - 1);
  double square = 0;
  for (size_t i = 0; i < 20; ++i) square += (close[t - i] - mean(close, 20)) * (close[t - i] - mean(close, 20));
  const double deviation = std::sqrt(square / 20);
  EXPECT_NEAR(feature("percent_b_20"), (close[t] - mean(close, 20)) / (4 * deviation), 1e-9);
}

TEST(TechnicalV1, RefusesPricesThatAreNotPositiveNamingEach) {
  Series bars = RandomWalk("BAD", 60, 6);
  std::get<std::vector<double>>(bars.columns[0].values)[7] = 0.0;
  std::get<std::vector<double>>(bars.columns[3].values)[9] = -1.0;
  const auto features = TechnicalV1().Compute(bars);
  ASSERT_THAT(features, StatusIs(absl::StatusCode::kInvalidArgument, "PRICE_NOT_POSITIVE"));
  EXPECT_EQ(base::DetailsOf(features.status()).violations.size(), 2u);
}

TEST(TechnicalV1, RefusesASeriesWithoutVolume) {
  Series bars = RandomWalk("BAD", 60, 6);
  bars.columns.pop_back();
  EXPECT_THAT(TechnicalV1().Compute(bars), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FeatureSet, SchemaHashChangesWithADefinition) {
  const auto none = [](const BarColumns&) -> absl::StatusOr<std::vector<std::vector<double>>> {
    return std::vector<std::vector<double>>{};
  };
  const FeatureSet a("x", {{"f", "close"}}, 0, none);
  const FeatureSet b("x", {{"f", "close / open"}}, 0, none);
  const FeatureSet c("x", {{"f", "close"}}, 0, none);
  EXPECT_NE(a.schema_hash(), b.schema_hash());
  EXPECT_EQ(a.schema_hash(), c.schema_hash());
  EXPECT_EQ(a.schema_hash().size(), 64u);
}

TEST(FeatureSet, IsFoundByNameOrTheKnownNamesAreListed) {
  EXPECT_THAT(FindFeatureSet("technical_v1"), testing::IsOkAndHolds(&TechnicalV1()));
  const auto missing = FindFeatureSet("technical_v9");
  ASSERT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_FEATURE_SET"));
  EXPECT_NE(base::Message(missing.status()).find("technical_v1"), std::string::npos);
}

}  // namespace
}  // namespace breadthflow::quant
