#include "services/data/domain/basis_doubt.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;

// A row a day from 1970-01-02 on; a close of 0 is missing.
quant::Series Closes(const std::vector<double>& closes) {
  quant::Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, "import"},
                       .basis = quant::PriceBasis::kSplitAdjusted};
  std::vector<bool> valid;
  for (size_t row = 0; row < closes.size(); ++row) {
    series.times.push_back(static_cast<int64_t>(row + 2) * kDayNs);
    valid.push_back(closes[row] > 0);
  }
  series.Add("close", closes);
  series.columns.back().valid = valid;
  return series;
}

// Prices that move, so that no factor between two of them is that of a basis by chance.
std::vector<double> Moving(size_t rows) {
  std::vector<double> closes;
  for (size_t row = 0; row < rows; ++row) closes.push_back(100 + static_cast<double>(row % 7));
  return closes;
}

std::vector<double> Times(std::vector<double> closes, size_t begin, size_t end, double factor) {
  for (size_t row = begin; row < end; ++row) closes[row] *= factor;
  return closes;
}

TEST(BasisDoubt, MostClosesByAFactorLookLikeAnotherBasis) {
  const std::vector<double> stored = Moving(100);
  std::vector<double> raw = Times(stored, 0, 40, 28);
  raw = Times(raw, 40, 80, 7);
  const auto doubt = FindBasisDoubt(Closes(stored), Closes(raw));
  ASSERT_TRUE(doubt.has_value());
  EXPECT_EQ(doubt->common_rows, 100);
  EXPECT_EQ(doubt->differing, 80);
  EXPECT_EQ(doubt->time_ns, 2 * kDayNs);
  EXPECT_DOUBLE_EQ(doubt->factor, 28);
  EXPECT_EQ(
      doubt->text,
      "of 100 closes that are stored, 80 would change by more than 1 %, the first one on 1970-01-02 by the factor "
      "28");
}

TEST(BasisDoubt, AStretchBeforeASplitIsEnoughWhereMostRowsAreBehindIt) {
  const std::vector<double> stored = Moving(1000);
  EXPECT_TRUE(FindBasisDoubt(Closes(stored), Closes(Times(stored, 0, 20, 4))).has_value());
  EXPECT_FALSE(FindBasisDoubt(Closes(stored), Closes(Times(stored, 0, 19, 4))).has_value());
  std::vector<double> rounded = Times(stored, 0, 30, 0.25);
  for (double& close : rounded) close += 0.01;
  EXPECT_TRUE(FindBasisDoubt(Closes(stored), Closes(rounded)).has_value()) << "a factor of cents";
}

TEST(BasisDoubt, CorrectionsAreFewOrTiny) {
  const std::vector<double> stored = Moving(100);
  EXPECT_FALSE(FindBasisDoubt(Closes(stored), Closes(stored)).has_value());
  EXPECT_FALSE(FindBasisDoubt(Closes(stored), Closes(Times(stored, 0, 100, 1.009))).has_value());
  std::vector<double> some = stored;
  for (size_t row = 0; row < some.size(); row += 3) some[row] *= 1.1;
  EXPECT_FALSE(FindBasisDoubt(Closes(stored), Closes(some)).has_value()) << "a third, here and there";
  EXPECT_FALSE(FindBasisDoubt(Closes(Moving(9)), Closes(Times(Moving(9), 0, 9, 2))).has_value()) << "too few to tell";
  EXPECT_TRUE(FindBasisDoubt(Closes(Moving(10)), Closes(Times(Moving(10), 0, 10, 2))).has_value());
}

TEST(BasisDoubt, OnlyRowsWithACloseOnBothSidesCount) {
  std::vector<double> stored = Moving(30);
  const std::vector<double> twice = Times(stored, 0, 30, 2);
  for (size_t row = 0; row < 21; ++row) stored[row] = 0;
  EXPECT_FALSE(FindBasisDoubt(Closes(stored), Closes(twice)).has_value());
  stored[20] = Moving(30)[20];
  const auto doubt = FindBasisDoubt(Closes(stored), Closes(twice));
  ASSERT_TRUE(doubt.has_value());
  EXPECT_EQ(doubt->common_rows, 10);
  quant::Series without = Closes(stored);
  without.columns.clear();
  EXPECT_FALSE(FindBasisDoubt(without, Closes(twice)).has_value());
  EXPECT_FALSE(FindBasisDoubt(Closes(twice), without).has_value());
  quant::Series elsewhere = Closes(Moving(30));
  for (int64_t& time : elsewhere.times) time += 1;
  EXPECT_FALSE(FindBasisDoubt(elsewhere, Closes(twice)).has_value()) << "no row of one instant";
}

TEST(OneFactor, PracticallyAllClosesDifferByIt) {
  const std::vector<double> stored = Moving(100);
  std::vector<double> some = Times(stored, 0, 100, 0.1);
  for (double& close : some) close = std::round(close * 100) / 100;
  const auto cents = FindOneFactor(Closes(stored), Closes(some));
  ASSERT_TRUE(cents.has_value());
  EXPECT_EQ(cents->common_rows, 100);
  EXPECT_EQ(cents->scaled, 100);
  EXPECT_NEAR(cents->factor, 0.1, 1e-3);
  const auto corrected = FindOneFactor(Closes(stored), Closes(Times(some, 0, 5, 2)));
  ASSERT_TRUE(corrected.has_value());
  EXPECT_EQ(corrected->scaled, 95);
  EXPECT_FALSE(FindOneFactor(Closes(stored), Closes(Times(some, 0, 6, 2))).has_value()) << "two factors";
  EXPECT_FALSE(FindOneFactor(Closes(stored), Closes(Times(stored, 0, 100, 1.009))).has_value());
  EXPECT_FALSE(FindOneFactor(Closes(Moving(9)), Closes(Times(Moving(9), 0, 9, 2))).has_value()) << "too few to tell";
}

}  // namespace
}  // namespace breadthflow::data
