#include "services/data/domain/price_basis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

using quant::PriceBasis;

TEST(AssumeBasis, GoesByTheColumnsBesideThePrices) {
  struct Case {
    BasisColumns columns;
    PriceBasis basis;
    bool told;
  };
  for (const Case& one :
       {Case{{}, PriceBasis::kSplitAdjusted, false}, Case{{.adjusted_close = true}, PriceBasis::kSplitAdjusted, true},
        Case{{.splits = true}, PriceBasis::kRaw, true},
        Case{{.splits = true, .adjusted_close = true}, PriceBasis::kRaw, true},
        Case{{.applied_splits = true, .adjusted_close = true}, PriceBasis::kSplitAdjusted, true},
        Case{{.applied_splits = true}, PriceBasis::kSplitAndDividendAdjusted, true}}) {
    const AssumedBasis assumed = AssumeBasis(one.columns);
    EXPECT_EQ(assumed.basis, one.basis) << quant::ToText(one.basis);
    EXPECT_EQ(assumed.told, one.told) << quant::ToText(one.basis);
  }
}

TEST(AssumeBasis, OfPiecesOfATableTakesWhatAnyOfThemHas) {
  quant::Series splits{.key = {"stock_price", "A"}};
  splits.Add("split_ratio", std::vector<double>{});
  quant::Series closes{.key = {"stock_price", "A"}};
  closes.Add("adj_close", std::vector<double>{});
  EXPECT_EQ(AssumeBasis(ColumnsOf(closes)).basis, PriceBasis::kSplitAdjusted);
  EXPECT_TRUE(AssumeBasis(ColumnsOf(closes)).told);
  EXPECT_EQ(AssumeBasis(Together(ColumnsOf(closes), ColumnsOf(splits))).basis, PriceBasis::kRaw);
  EXPECT_FALSE(AssumeBasis(Together({}, {})).told);
}

TEST(AssumeBasis, SaysWhatIsTakenForGrantedAndHowToSayOtherwise) {
  EXPECT_THAT(AssumedBasisNote(),
              ::testing::AllOf(::testing::HasSubstr("taken to be split;"), ::testing::HasSubstr("--basis"),
                               ::testing::HasSubstr("--param basis=raw")));
}

}  // namespace
}  // namespace breadthflow::data
