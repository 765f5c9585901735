#include "common/quant/features/matrix.h"

#include <cmath>

#include <gtest/gtest.h>

#include "common/quant/features/feature_set.h"
#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using testing::RandomWalk;
using testing::StatusIs;

SymbolSamples Samples(const Series& bars) {
  return {TechnicalV1().Compute(bars).value(), ForwardLabels(bars, {}).value()};
}

TEST(JoinSamples, KeepsRowsThatHaveEveryFeatureAndALabel) {
  BF_ASSERT_OK_AND_ASSIGN(const Matrix rows, JoinSamples(std::vector{Samples(RandomWalk("A", 300, 1))}));
  EXPECT_EQ(rows.size(), 300 - TechnicalV1().WarmUp() - 6);
  for (float value : rows.values) ASSERT_TRUE(std::isfinite(value));
}

TEST(JoinSamples, PutsFeaturesNextToTheLabelOfTheSameSymbolAndTime) {
  const Series a = RandomWalk("A", 120, 1);
  const Series b = RandomWalk("B", 100, 1);
  const SymbolSamples samples_b = Samples(b);
  BF_ASSERT_OK_AND_ASSIGN(const Matrix rows, JoinSamples(std::vector{samples_b, Samples(a)}));
  EXPECT_EQ(rows.symbols, (std::vector<std::string>{"A", "B"}));
  size_t of_b = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows.symbol[row] != 1) continue;
    const Label& label = samples_b.labels[TechnicalV1().WarmUp() + of_b++];
    EXPECT_EQ(rows.time[row], label.decision_ns);
    EXPECT_EQ(rows.exit[row], label.exit_ns);
    EXPECT_EQ(rows.outcome[row], label.forward_return);
    EXPECT_EQ(rows.target[row], label.target);
    EXPECT_EQ(rows.Row(row)[0], static_cast<float>(samples_b.features.Doubles("return_1")[label.row]));
  }
  EXPECT_EQ(of_b, 100 - TechnicalV1().WarmUp() - 6);
}

TEST(JoinSamples, OrdersByTimeThenSymbolWhateverTheOrderGiven) {
  const SymbolSamples a = Samples(RandomWalk("A", 90, 1));
  const SymbolSamples b = Samples(RandomWalk("B", 120, 2));
  BF_ASSERT_OK_AND_ASSIGN(const Matrix one, JoinSamples(std::vector{a, b}));
  BF_ASSERT_OK_AND_ASSIGN(const Matrix other, JoinSamples(std::vector{b, a}));
  EXPECT_EQ(one.values, other.values);
  EXPECT_EQ(one.time, other.time);
  for (size_t row = 1; row < one.size(); ++row)
    EXPECT_LT(std::pair(one.time[row - 1], one.symbol[row - 1]), std::pair(one.time[row], one.symbol[row]));
}

TEST(JoinSamples, DropsARowWithAMissingFeatureOnly) {
  SymbolSamples samples = Samples(RandomWalk("A", 120, 1));
  std::get<std::vector<double>>(samples.features.columns[3].values)[80] = std::nan("");
  BF_ASSERT_OK_AND_ASSIGN(const Matrix rows, JoinSamples(std::vector{samples}));
  EXPECT_EQ(rows.size(), 120 - TechnicalV1().WarmUp() - 6 - 1);
  for (int64_t time : rows.time) EXPECT_NE(time, samples.features.times[80]);
}

TEST(JoinSamples, RefusesASymbolTwice) {
  const SymbolSamples a = Samples(RandomWalk("A", 90, 1));
  EXPECT_THAT(JoinSamples(std::vector{a, a}), StatusIs(absl::StatusCode::kInvalidArgument, "SAMPLES_DO_NOT_JOIN"));
}

TEST(JoinSamples, OfNothingIsEmpty) {
  BF_ASSERT_OK_AND_ASSIGN(const Matrix rows, JoinSamples({}));
  EXPECT_EQ(rows.size(), 0u);
}

TEST(Matrix, SelectTakesRowsInTheOrderGiven) {
  BF_ASSERT_OK_AND_ASSIGN(const Matrix rows, JoinSamples(std::vector{Samples(RandomWalk("A", 120, 1))}));
  const std::vector<uint32_t> wanted = {5, 2};
  const Matrix two = rows.Select(wanted);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two.time[0], rows.time[5]);
  EXPECT_EQ(two.outcome[1], rows.outcome[2]);
  EXPECT_EQ(std::vector<float>(two.Row(1).begin(), two.Row(1).end()),
            std::vector<float>(rows.Row(2).begin(), rows.Row(2).end()));
}

}  // namespace
}  // namespace breadthflow::quant
