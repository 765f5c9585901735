#include "services/data/domain/adjustment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using testing::StatusIs;

// A two-for-one split before the third row, a dividend that halves nothing but adj_close.
Series Raw() {
  Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}, .basis = PriceBasis::kRaw, .times = {1, 2, 3}};
  for (const char* name : {"open", "high", "low", "close"}) series.Add(name, std::vector<double>{100, 110, 60});
  series.Add("volume", std::vector<double>{10, 10, 30});
  series.Add("adj_close", std::vector<double>{40, 44, 60});
  series.Add("split_ratio", std::vector<double>{1, 1, 2});
  return series;
}

TEST(Adjust, LeavesPricesThatHaveTheBasis) { EXPECT_EQ(Adjust(Raw(), PriceBasis::kRaw).value(), Raw()); }

TEST(Adjust, DividesPricesAndMultipliesVolumeByLaterSplits) {
  const Series split = Adjust(Raw(), PriceBasis::kSplitAdjusted).value();
  EXPECT_EQ(split.basis, PriceBasis::kSplitAdjusted);
  EXPECT_THAT(split.Doubles("close"), ElementsAre(50, 55, 60));
  EXPECT_THAT(split.Doubles("volume"), ElementsAre(20, 20, 30));
  EXPECT_EQ(split.Find("split_ratio"), nullptr) << "can not be applied again";
}

TEST(Adjust, TakesDividendsFromTheAdjustedClose) {
  const Series adjusted = Adjust(Raw(), PriceBasis::kSplitAndDividendAdjusted).value();
  EXPECT_THAT(adjusted.Doubles("close"), ElementsAre(40, 44, 60));
  EXPECT_THAT(adjusted.Doubles("volume"), ElementsAre(20, 20, 30));
}

TEST(Adjust, MovesTheAveragePriceWithTheOthersAndCountsTradesOnce) {
  Series raw = Raw();
  raw.Add("vwap", std::vector<double>{96, 104, 58});
  raw.columns.back().valid = {true, false, true};
  raw.Add("trade_count", std::vector<int64_t>{7, 0, 9});
  const Series split = Adjust(raw, PriceBasis::kSplitAdjusted).value();
  EXPECT_THAT(split.Doubles("vwap"), ElementsAre(48, 52, 58)) << "beside closes of 50, 55 and 60";
  EXPECT_THAT(split.Find("vwap")->valid, ElementsAre(true, false, true));
  EXPECT_THAT(split.Ints("trade_count"), ElementsAre(7, 0, 9));
  const Series full = Adjust(raw, PriceBasis::kSplitAndDividendAdjusted).value();
  EXPECT_DOUBLE_EQ(full.Doubles("vwap")[0], 96 * 0.4) << "as the close";
}

TEST(Adjust, RefusesASecondAdjustment) {
  Series split = Adjust(Raw(), PriceBasis::kSplitAdjusted).value();
  EXPECT_THAT(Adjust(split, PriceBasis::kRaw), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  Series full = Adjust(Raw(), PriceBasis::kSplitAndDividendAdjusted).value();
  EXPECT_THAT(Adjust(full, PriceBasis::kSplitAdjusted),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_EQ(Adjust(split, PriceBasis::kSplitAdjusted).value(), split);
}

TEST(Adjust, RefusesWithoutTheNumbersItNeeds) {
  Series no_splits = Raw();
  no_splits.columns.pop_back();
  EXPECT_THAT(Adjust(no_splits, PriceBasis::kSplitAdjusted),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  Series holes = Raw();
  holes.columns[5].valid = {true, false, true};
  EXPECT_THAT(Adjust(holes, PriceBasis::kSplitAndDividendAdjusted),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  Series not_prices = Raw();
  not_prices.basis = PriceBasis::kNotPrices;
  EXPECT_THAT(Adjust(not_prices, PriceBasis::kRaw), StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_PRICES"));
}

}  // namespace
}  // namespace breadthflow::data
