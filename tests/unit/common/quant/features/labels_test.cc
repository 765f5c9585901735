#include "common/quant/features/labels.h"

#include <gtest/gtest.h>

#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using testing::RandomWalk;
using testing::StatusIs;

TEST(ForwardLabels, EnterAtTheNextOpenAndExitHorizonBarsLater) {
  const Series bars = RandomWalk("A", 30, 1);
  const auto open = bars.Doubles("open");
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> labels, ForwardLabels(bars, {.horizon = 5}));
  for (const Label& label : labels) {
    EXPECT_EQ(label.decision_ns, bars.times[label.row]);
    EXPECT_EQ(label.entry_ns, bars.times[label.row + 1]);
    EXPECT_EQ(label.exit_ns, bars.times[label.row + 6]);
    EXPECT_DOUBLE_EQ(label.forward_return, open[label.row + 6] / open[label.row + 1] - 1);
    EXPECT_EQ(label.target, label.forward_return > 0 ? 1 : 0);
  }
}

TEST(ForwardLabels, DoNotUseTheBarOfTheDecision) {
  Series bars = RandomWalk("A", 30, 1);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> before, ForwardLabels(bars, {.horizon = 3}));
  for (Column& column : bars.columns) std::get<std::vector<double>>(column.values)[10] *= 1.5;
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> after, ForwardLabels(bars, {.horizon = 3}));
  EXPECT_EQ(before[10].forward_return, after[10].forward_return);
  EXPECT_NE(before[9].forward_return, after[9].forward_return);
}

TEST(ForwardLabels, BarsWithoutAFutureHaveNoLabel) {
  const Series bars = RandomWalk("A", 30, 1);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> labels, ForwardLabels(bars, {.horizon = 5}));
  ASSERT_EQ(labels.size(), 30u - 6u);
  EXPECT_EQ(labels.back().row, 23u);
  EXPECT_THAT(ForwardLabels(bars.Rows(0, 6), {.horizon = 5}), testing::IsOkAndHolds(::testing::SizeIs(0)));
  EXPECT_THAT(ForwardLabels(bars.Rows(0, 7), {.horizon = 5}), testing::IsOkAndHolds(::testing::SizeIs(1)));
  EXPECT_THAT(ForwardLabels(bars.Rows(0, 0), {.horizon = 5}), testing::IsOkAndHolds(::testing::SizeIs(0)));
}

TEST(ForwardLabels, MayExitAtTheClose) {
  const Series bars = RandomWalk("A", 30, 1);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> labels,
                          ForwardLabels(bars, {.horizon = 2, .exit = LabelExit::kClose}));
  EXPECT_DOUBLE_EQ(labels[4].forward_return, bars.Doubles("close")[7] / bars.Doubles("open")[5] - 1);
}

TEST(ForwardLabels, ClassOneIsAReturnAboveTheThreshold) {
  const Series bars = RandomWalk("A", 60, 1);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Label> labels, ForwardLabels(bars, {.horizon = 5, .threshold = 0.02}));
  for (const Label& label : labels) EXPECT_EQ(label.target == 1, label.forward_return > 0.02);
}

TEST(ForwardLabels, RefuseEveryParameterOutOfRangeAtOnce) {
  const auto labels = ForwardLabels(RandomWalk("A", 30, 1), {.horizon = 0, .threshold = 2});
  ASSERT_THAT(labels, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_LABEL"));
  EXPECT_EQ(base::DetailsOf(labels.status()).violations.size(), 2u);
}

TEST(ForwardLabels, RefuseAPriceThatCanNotBePaid) {
  Series bars = RandomWalk("A", 30, 1);
  std::get<std::vector<double>>(bars.columns[0].values)[12] = 0;
  EXPECT_THAT(ForwardLabels(bars, {}), StatusIs(absl::StatusCode::kInvalidArgument, "PRICE_NOT_POSITIVE"));
}

}  // namespace
}  // namespace breadthflow::quant
