#include "common/quant/model/predictor.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "common/quant/stats/random.h"
#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using testing::RandomWalk;
using testing::StatusIs;

// A stump on the first feature of technical_v1: above zero 1, else -1.
Artefact Stump() {
  Artefact artefact;
  artefact.feature_set = TechnicalV1().name();
  artefact.schema_hash = TechnicalV1().schema_hash();
  artefact.columns = TechnicalV1().ColumnNames();
  artefact.trees.first = {0};
  artefact.trees.nodes = {{0.0f, 1, 0, 1}, {-1.0f, 0, 0, 0}, {1.0f, 0, 0, 0}};
  artefact.cut_off_ns = 0;
  artefact.valid_from_ns = 1;
  return artefact;
}

// Trees of random shape, depth up to 9.
Artefact RandomTrees(size_t columns, size_t trees, stats::RandomSequence& random) {
  Artefact artefact;
  for (size_t i = 0; i < columns; ++i) artefact.columns.push_back("f" + std::to_string(i));
  for (size_t t = 0; t < trees; ++t) {
    const auto begin = static_cast<uint32_t>(artefact.trees.nodes.size());
    artefact.trees.first.push_back(begin);
    artefact.trees.nodes.emplace_back();
    for (uint32_t at = 0; at < artefact.trees.nodes.size() - begin; ++at) {
      const auto next = static_cast<uint32_t>(artefact.trees.nodes.size() - begin);
      TreeNode& node = artefact.trees.nodes[begin + at];
      node.value = static_cast<float>(random.Normal());
      if (next > 300 || (at > 0 && random.Below(3) == 0)) continue;
      node.left = next;
      node.feature = static_cast<uint16_t>(random.Below(columns));
      node.default_left = static_cast<uint16_t>(random.Below(2));
      artefact.trees.nodes.resize(artefact.trees.nodes.size() + 2);
    }
  }
  artefact.valid_from_ns = 1;
  return artefact;
}

float Walk(const Artefact& artefact, const float* row) {
  float margin = artefact.base_margin;
  for (uint32_t begin : artefact.trees.first) {
    uint32_t at = 0;
    const TreeNode* tree = &artefact.trees.nodes[begin];
    while (tree[at].left != 0) {
      const float x = row[tree[at].feature];
      const bool left = std::isnan(x) ? tree[at].default_left != 0 : x < tree[at].value;
      at = tree[at].left + (left ? 0 : 1);
    }
    margin += tree[at].value;
  }
  return margin;
}

TEST(Predictor, GivesTheBitsOfWalkingEachTreeInOrder) {
  stats::RandomSequence random(3, "trees");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  // Rows without and with missing and infinite values: they take different ways.
  for (size_t odd_values : {0, 1})
    for (size_t rows : {0, 1, 7, 8, 9, 63, 64, 65, 200}) {
      Artefact artefact = RandomTrees(5, 40, random);
      artefact.base_margin = 0.3f;
      std::vector<float> values(rows * 5);
      for (float& value : values) {
        value = static_cast<float>(random.Normal());
        if (odd_values == 0 || random.Below(10) != 0) continue;
        constexpr float kOdd[] = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity};
        value = kOdd[random.Below(3)];
      }
      BF_ASSERT_OK_AND_ASSIGN(const Predictor predictor, Predictor::Make(artefact));
      std::vector<float> margins(rows);
      predictor.Margins(values, margins);
      for (size_t row = 0; row < rows; ++row)
        ASSERT_EQ(std::bit_cast<uint32_t>(margins[row]), std::bit_cast<uint32_t>(Walk(artefact, &values[row * 5])))
            << row << " of " << rows;
    }
}

TEST(Predictor, AThresholdItselfGoesRightAndAMissingFeatureTheDefaultWay) {
  Artefact artefact = Stump();
  artefact.columns = {"x"};
  const std::vector<float> values = {0.0f, -0.0f, -1e-30f, 5.0f, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> margins(values.size());
  Predictor::Make(artefact)->Margins(values, margins);
  EXPECT_EQ(margins, (std::vector<float>{1, 1, -1, 1, -1}));
  artefact.trees.nodes[0].default_left = 0;
  Predictor::Make(artefact)->Margins(values, margins);
  EXPECT_EQ(margins.back(), 1);
}

TEST(Predictor, LoadsFromBytesAndRefusesBadOnes) {
  EXPECT_THAT(Predictor::Load(EncodeArtefact(Stump())), testing::IsOk());
  EXPECT_THAT(Predictor::Load("BFMODEL\n"), StatusIs(absl::StatusCode::kDataLoss, "BAD_ARTEFACT"));
}

TEST(Probability, IsTheLogisticFunctionWithinAnUlpOfFloat) {
  for (float margin = -30; margin <= 30; margin += 0.37f) {
    const double exact = 1.0 / (1.0 + std::exp(-static_cast<double>(margin)));
    EXPECT_NEAR(Probability(margin), exact, 1e-15 * exact + 1e-18) << margin;
    EXPECT_NEAR(Probability(margin) + Probability(-margin), 1.0, 1e-15);
  }
  EXPECT_EQ(Probability(0.0f), 0.5);
  EXPECT_EQ(Probability(200.0f), 1.0);
  EXPECT_GE(Probability(-200.0f), 0.0);
  EXPECT_TRUE(std::isnan(Probability(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Probability, HasTheSameBitsEverywhere) {
  EXPECT_EQ(std::bit_cast<uint64_t>(Probability(1.5f)), std::bit_cast<uint64_t>(0x1.a2991f2a97914p-1))
      << std::hexfloat << Probability(1.5f);
  EXPECT_EQ(std::bit_cast<uint64_t>(Probability(-0.7f)), std::bit_cast<uint64_t>(0x1.53c695d935952p-2))
      << std::hexfloat << Probability(-0.7f);
}

TEST(PredictBars, GivesAProbabilityForEachBarAfterTheWarmUp) {
  const Series bars = RandomWalk("A", 120, 1);
  BF_ASSERT_OK_AND_ASSIGN(const Predictor predictor, Predictor::Make(Stump()));
  BF_ASSERT_OK_AND_ASSIGN(const Series prediction, predictor.PredictBars(bars, "models/m"));
  ASSERT_EQ(prediction.size(), 120 - TechnicalV1().WarmUp());
  EXPECT_EQ(prediction.key, (SeriesKey{"prediction", "A", Timeframe::kDay, "models/m"}));
  EXPECT_EQ(prediction.times.front(), bars.times[TechnicalV1().WarmUp()]);
  const auto close = bars.Doubles("close");
  for (size_t row = 0; row < prediction.size(); ++row) {
    const size_t t = row + TechnicalV1().WarmUp();
    EXPECT_EQ(prediction.Doubles("probability")[row], Probability(close[t] >= close[t - 1] ? 1.0f : -1.0f));
  }
}

TEST(PredictBars, SaysNothingBeforeTheModelIsValid) {
  const Series bars = RandomWalk("A", 120, 1);
  Artefact artefact = Stump();
  artefact.valid_from_ns = bars.times[100];
  artefact.cut_off_ns = bars.times[90];
  BF_ASSERT_OK_AND_ASSIGN(const Series prediction, Predictor::Make(artefact)->PredictBars(bars, ""));
  EXPECT_EQ(prediction.size(), 20u);
  EXPECT_EQ(prediction.times.front(), bars.times[100]);
  artefact.valid_from_ns = bars.times.back() + 1;
  EXPECT_EQ(Predictor::Make(artefact)->PredictBars(bars, "")->size(), 0u);
}

TEST(PredictBars, OfFewerBarsThanTheWarmUpIsEmpty) {
  BF_ASSERT_OK_AND_ASSIGN(const Predictor predictor, Predictor::Make(Stump()));
  for (size_t size : {0, 1, 49}) EXPECT_EQ(predictor.PredictBars(RandomWalk("A", size, 1), "")->size(), 0u);
}

TEST(PredictBars, RefusesAModelOfAnotherFeatureDefinition) {
  Artefact artefact = Stump();
  artefact.schema_hash = std::string(64, '0');
  EXPECT_THAT(Predictor::Make(artefact)->PredictBars(RandomWalk("A", 120, 1), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH"));
  artefact = Stump();
  artefact.feature_set = "technical_v9";
  EXPECT_THAT(Predictor::Make(artefact)->PredictBars(RandomWalk("A", 120, 1), ""),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_FEATURE_SET"));
}

}  // namespace
}  // namespace breadthflow::quant
