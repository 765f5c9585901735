#include "services/training/domain/evaluation.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace breadthflow::training {
namespace {

// Eight rows; the expected scores come from a plain Python script that counts pairs and sums terms: AUC 0.78125,
// log-loss 0.5615087622795113, Brier 0.1953125.
const std::vector<double> kProbability = {0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.4, 0.2};
const std::vector<int32_t> kTarget = {1, 1, 0, 1, 0, 1, 0, 0};
const std::vector<double> kOutcome = {0.05, 0.03, -0.01, 0.02, -0.02, 0.01, -0.03, -0.04};
const Scored kRows = {kProbability, kTarget, kOutcome};

TEST(Auc, IsTheShareOfPairsInTheRightOrderTiesCountingHalf) {
  // 16 pairs: 0.9 and 0.8 beat all four zeros, 0.6 beats three, 0.4 beats one and ties with one.
  EXPECT_DOUBLE_EQ(*Auc(kRows), (4 + 4 + 3 + 1.5) / 16);
}

TEST(Auc, IsAbsentForOneClass) {
  const std::vector<int32_t> ones(8, 1);
  EXPECT_FALSE(Auc({kProbability, ones, kOutcome}).has_value());
}

TEST(LogLoss, IsTheMeanSurprise) { EXPECT_NEAR(LogLoss(kRows), 0.5615087622795113, 1e-14); }

TEST(LogLoss, StaysFiniteWhenAnImpossibleThingHappened) {
  const std::vector<double> sure = {1.0};
  const std::vector<int32_t> zero = {0};
  const std::vector<double> outcome = {0.0};
  EXPECT_NEAR(LogLoss({sure, zero, outcome}), 34.54, 0.01);
}

TEST(Accuracy, CountsTheLikelierClass) {
  // Right: rows 0, 1, 3, 6, 7.
  EXPECT_DOUBLE_EQ(Accuracy(kRows), 5.0 / 8);
}

TEST(Brier, IsTheMeanSquaredMiss) { EXPECT_NEAR(Brier(kRows), 0.1953125, 1e-15); }

TEST(RankIc, IsOneForTheSameOrderAndMinusOneForTheReverse) {
  const std::vector<double> p = {0.1, 0.2, 0.9};
  const std::vector<double> up = {-1.0, 0.5, 0.6};
  const std::vector<double> down = {3.0, 2.0, 1.0};
  const std::vector<int32_t> target = {0, 1, 1};
  EXPECT_DOUBLE_EQ(*RankIc({p, target, up}), 1.0);
  EXPECT_DOUBLE_EQ(*RankIc({p, target, down}), -1.0);
}

TEST(Ic, IsPearsonsCorrelationAndAbsentForAConstant) {
  const std::vector<double> p = {0.1, 0.2, 0.3, 0.4};
  const std::vector<double> y = {1.0, 3.0, 2.0, 5.0};
  const std::vector<int32_t> target = {0, 1, 1, 1};
  EXPECT_NEAR(*Ic({p, target, y}), 0.8315218406202999, 1e-14);
  const std::vector<double> constant(4, 0.5);
  EXPECT_FALSE(Ic({constant, target, y}).has_value());
}

TEST(Evaluate, ComparesWithWhatTheTrainingClassesAloneWouldScore) {
  const std::vector<double> p = {0.6, 0.6, 0.6, 0.4};
  const std::vector<int32_t> train_target = {1, 1, 1, 0};
  const std::vector<double> outcome = {1, 2, 3, -1};
  const std::vector<Score> scores = Evaluate({p, train_target, outcome}, kRows);
  std::vector<std::string> names;
  for (const Score& score : scores) {
    names.push_back(score.name);
    if (score.name == "accuracy") {
      EXPECT_DOUBLE_EQ(*score.baseline, 0.5);
    }
    if (score.name == "brier") {
      EXPECT_DOUBLE_EQ(*score.baseline, (4 * 0.0625 + 4 * 0.5625) / 8);
    }
    if (score.name == "log_loss") {
      EXPECT_NEAR(*score.baseline, -(std::log(0.75) + std::log(0.25)) / 2, 1e-14);
    }
    if (score.name == "ic") {
      EXPECT_FALSE(score.baseline.has_value());
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"accuracy", "auc", "brier", "ic", "log_loss", "rank_ic"}));
}

TEST(Evaluate, LeavesOutWhatIsNotDefined) {
  const std::vector<int32_t> ones(8, 1);
  for (const Score& score : Evaluate(kRows, {kProbability, ones, kOutcome})) EXPECT_NE(score.name, "auc");
}

}  // namespace
}  // namespace breadthflow::training
