#include "common/quant/series.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

using ::testing::ElementsAre;

Series Sample() {
  Series series{.key = {.resource = "stock_price", .symbol = "AAPL"},
                .basis = PriceBasis::kRaw,
                .times = {10, 20, 30},
                .columns = {}};
  series.Add("close", std::vector<double>{1.0, 2.0, 3.0});
  series.Add("count", std::vector<int64_t>{7, 8, 9});
  series.Add("note", std::vector<std::string>{"a", "b", "c"});
  return series;
}

TEST(Series, ValidatesShapeOrderAndFiniteness) {
  EXPECT_TRUE(Sample().Validate().ok());
  Series bad = Sample();
  bad.times = {10, 10, 30};
  std::get<std::vector<double>>(bad.columns[0].values)[1] = std::numeric_limits<double>::infinity();
  std::get<std::vector<int64_t>>(bad.columns[1].values).pop_back();
  const absl::Status status = bad.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::DetailsOf(status).violations.size(), 3u);
}

TEST(Series, AMissingValueNeedNotBeFinite) {
  Series series = Sample();
  std::get<std::vector<double>>(series.columns[0].values)[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(series.Validate().ok());
  series.columns[0].valid = {true, false, true};
  EXPECT_TRUE(series.Validate().ok());
}

TEST(Series, RowsMayShareTheirInstantOnlyWhenSaid) {
  Series series = Sample();
  series.times = {10, 10, 30};
  EXPECT_FALSE(series.Validate().ok());
  series.repeats = true;
  EXPECT_TRUE(series.Validate().ok());
  EXPECT_EQ(series.Slice({.start_ns = 10, .end_ns = 11}).size(), 2u) << "an instant is sliced as a whole";
  EXPECT_TRUE(series.Rows(0, 1).repeats);
  Series head = series.Rows(0, 1);
  EXPECT_FALSE(Append(head, series.Rows(1, 3)).ok()) << "an instant is not appended by halves";
  series.times = {10, 9, 30};
  EXPECT_FALSE(series.Validate().ok());
}

TEST(Series, ContentHashSeesTheOrderOfRowsWithinAnInstant) {
  Series one = Sample();
  one.repeats = true;
  one.times = {10, 10, 30};
  Series other = one;
  std::get<std::vector<double>>(other.columns[0].values) = {2.0, 1.0, 3.0};
  EXPECT_NE(one.ContentHash(), other.ContentHash());
}

TEST(Series, SliceIsHalfOpen) {
  const Series part = Sample().Slice({.start_ns = 10, .end_ns = 30});
  EXPECT_THAT(part.times, ElementsAre(10, 20));
  EXPECT_THAT(part.Doubles("close"), ElementsAre(1.0, 2.0));
  EXPECT_THAT(part.Ints("count"), ElementsAre(7, 8));
  EXPECT_TRUE(Sample().Slice({.start_ns = 31, .end_ns = 40}).empty());
}

TEST(Series, AppendUndoesASplit) {
  Series head = Sample().Rows(0, 1);
  ASSERT_TRUE(Append(head, Sample().Rows(1, 3)).ok());
  EXPECT_EQ(head, Sample());
  EXPECT_FALSE(Append(head, Sample().Rows(2, 3)).ok());
}

TEST(Series, AppendKeepsWhatIsMissing) {
  Series tail = Sample().Rows(1, 3);
  tail.columns[0].valid = {false, true};
  Series head = Sample().Rows(0, 1);
  ASSERT_TRUE(Append(head, tail).ok());
  EXPECT_THAT(head.columns[0].valid, ElementsAre(true, false, true));
}

TEST(Series, ContentHashSeesValuesAndPresenceButNotTheVariant) {
  Series other = Sample();
  other.key.variant = "run";
  EXPECT_EQ(other.ContentHash(), Sample().ContentHash());
  other.columns[0].valid = {true, true, true};
  EXPECT_EQ(other.ContentHash(), Sample().ContentHash());
  other.columns[0].valid = {true, false, true};
  const auto missing = other.ContentHash();
  EXPECT_NE(missing, Sample().ContentHash());
  std::get<std::vector<double>>(other.columns[0].values)[1] = 99.0;
  EXPECT_EQ(other.ContentHash(), missing);
  other = Sample();
  std::get<std::vector<double>>(other.columns[0].values)[2] = 3.0000000000000004;
  EXPECT_NE(other.ContentHash(), Sample().ContentHash());
}

TEST(SeriesView, ShowsNothingAfterItsSize) {
  const Series series = Sample();
  const SeriesView view(series, 2);
  EXPECT_EQ(view.size(), 2u);
  EXPECT_THAT(view.times(), ElementsAre(10, 20));
  EXPECT_THAT(view.Doubles("close"), ElementsAre(1.0, 2.0));
  EXPECT_THAT(view.Doubles(size_t{0}), ElementsAre(1.0, 2.0));
  EXPECT_TRUE(view.Doubles("absent").empty());
}

TEST(Timeframe, NamesRoundTripAndUnknownOnesAreRefused) {
  for (int i = 1; i <= 9; ++i) {
    const auto timeframe = static_cast<Timeframe>(i);
    EXPECT_EQ(*ParseTimeframe(ToText(timeframe)), timeframe);
  }
  EXPECT_EQ(base::DetailsOf(ParseTimeframe("1d").status()).reason, "UNKNOWN_TIMEFRAME");
}

TEST(PriceBasis, NamesRoundTrip) {
  for (int i = 0; i <= 3; ++i) {
    const auto basis = static_cast<PriceBasis>(i);
    EXPECT_EQ(*ParsePriceBasis(ToText(basis)), basis);
  }
  EXPECT_FALSE(ParsePriceBasis("adjusted").ok());
}

}  // namespace
}  // namespace breadthflow::quant
