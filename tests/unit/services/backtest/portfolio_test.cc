#include "services/backtest/domain/portfolio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::backtest {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;

class PortfolioTest : public ::testing::Test {
 protected:
  absl::Status Trade(double quantity, double price, double fee = 0) {
    ++sequence_;
    return portfolio_.Apply({.sequence = sequence_,
                             .symbol = 0,
                             .quantity = quantity,
                             .price = price,
                             .fee = fee,
                             .time_ns = sequence_ * 10,
                             .bar = sequence_ * 2},
                            trips_);
  }

  Portfolio portfolio_{1000, 2};
  std::vector<RoundTrip> trips_;
  int64_t sequence_ = 0;
};

TEST_F(PortfolioTest, EquityIsCashPlusPositionsAtTheirMarks) {
  ASSERT_THAT(Trade(10, 20, 1), IsOk());
  EXPECT_EQ(portfolio_.cash(), 799);
  portfolio_.Mark(0, 25);
  portfolio_.Revalue();
  EXPECT_EQ(portfolio_.equity(), 1049);
  EXPECT_EQ(portfolio_.gross_exposure(), 250);
}

TEST_F(PortfolioTest, PnlOfARoundTripIncludesTheFeesOfBothEnds) {
  ASSERT_THAT(Trade(10, 20, 2), IsOk());
  ASSERT_THAT(Trade(-10, 21, 3), IsOk());
  ASSERT_EQ(trips_.size(), 1u);
  EXPECT_EQ(trips_[0].pnl, 5);
  EXPECT_EQ(trips_[0].bars, 2);
  EXPECT_EQ(portfolio_.equity(), 1005);
  EXPECT_EQ(portfolio_.realized_pnl(), 5);
}

TEST_F(PortfolioTest, EntryFeesGoToExitsInProportion) {
  ASSERT_THAT(Trade(10, 20, 4), IsOk());
  ASSERT_THAT(Trade(-2.5, 20, 0), IsOk());
  ASSERT_THAT(Trade(-7.5, 20, 0), IsOk());
  ASSERT_EQ(trips_.size(), 2u);
  EXPECT_EQ(trips_[0].entry_fee, 1);
  EXPECT_EQ(trips_[1].entry_fee, 3);
}

TEST_F(PortfolioTest, ExitsCloseTheOldestLotsFirst) {
  ASSERT_THAT(Trade(10, 20, 1), IsOk());
  ASSERT_THAT(Trade(10, 30, 1), IsOk());
  EXPECT_EQ(portfolio_.AveragePrice(0), 25);
  ASSERT_THAT(Trade(-15, 30, 3), IsOk());
  ASSERT_EQ(trips_.size(), 2u);
  EXPECT_EQ(trips_[0].quantity, 10);
  EXPECT_EQ(trips_[0].entry_price, 20);
  EXPECT_EQ(trips_[0].exit_fee, 2);
  EXPECT_EQ(trips_[1].quantity, 5);
  EXPECT_EQ(trips_[1].entry_price, 30);
  EXPECT_EQ(trips_[1].exit_fee, 1);
  ASSERT_EQ(portfolio_.lots(0).size(), 1u);
  EXPECT_EQ(portfolio_.lots(0)[0].quantity, 5);
  EXPECT_EQ(portfolio_.lots(0)[0].fee, 0.5);
}

TEST_F(PortfolioTest, AReversalClosesAndOpensInOneFill) {
  ASSERT_THAT(Trade(10, 20), IsOk());
  ASSERT_THAT(Trade(-15, 22, 3), IsOk());
  ASSERT_EQ(trips_.size(), 1u);
  EXPECT_EQ(trips_[0].exit_fee, 2);
  EXPECT_EQ(portfolio_.quantity(0), -5);
  EXPECT_EQ(portfolio_.lots(0)[0].fee, 1);
  portfolio_.Mark(0, 24);
  portfolio_.Revalue();
  EXPECT_EQ(portfolio_.equity(), 1000 + 20 - 3 - 10);
}

TEST_F(PortfolioTest, AShortEarnsWhenThePriceFalls) {
  ASSERT_THAT(Trade(-10, 20), IsOk());
  EXPECT_EQ(portfolio_.cash(), 1200);
  EXPECT_EQ(portfolio_.equity(), 1000);
  ASSERT_THAT(Trade(10, 15), IsOk());
  EXPECT_EQ(trips_[0].quantity, -10);
  EXPECT_EQ(trips_[0].pnl, 50);
}

TEST_F(PortfolioTest, FractionsThatDoNotAddUpExactlyStillEndFlat) {
  for (int i = 0; i < 10; ++i) ASSERT_THAT(Trade(0.1, 20 + i), IsOk());
  ASSERT_THAT(Trade(-portfolio_.quantity(0), 25, 1), IsOk());
  EXPECT_EQ(portfolio_.quantity(0), 0);
  EXPECT_TRUE(portfolio_.lots(0).empty());
  double exit_fees = 0;
  for (const RoundTrip& trip : trips_) exit_fees += trip.exit_fee;
  EXPECT_NEAR(exit_fees, 1, 1e-15);
}

TEST_F(PortfolioTest, BooksThatDoNotBalanceAreAnInternalError) {
  EXPECT_THAT(Trade(10, std::numeric_limits<double>::quiet_NaN()),
              StatusIs(absl::StatusCode::kInternal, "LEDGER_BROKEN"));
}

}  // namespace
}  // namespace breadthflow::backtest
