#include "services/signal/app/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/random_bars.h"
#include "tests/support/fake_training_client.h"
#include "tests/support/matchers.h"

namespace breadthflow::signal {
namespace {

using ::breadthflow::testing::FakeTrainingClient;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::RandomBars;
using ::breadthflow::testing::StatusIs;

class PredictionsTest : public ::testing::Test {
 protected:
  const quant::Series bars_ = RandomBars("AAA", 300);
  FakeTrainingClient training_{absl::FromUnixNanos(bars_.times[200])};
};

TEST_F(PredictionsTest, StartWhereTheModelMayBeAsked) {
  const auto predictions = Predictions::Load(training_, "models/one", {});
  ASSERT_THAT(predictions, IsOk());
  EXPECT_TRUE(predictions->local());
  EXPECT_EQ(predictions->valid_from(), absl::FromUnixNanos(bars_.times[200]));
  const auto series = predictions->For(bars_, {});
  ASSERT_THAT(series, IsOk());
  EXPECT_EQ(series->times, (std::vector<int64_t>{bars_.times.begin() + 200, bars_.times.end()}));
  EXPECT_EQ(series->Doubles("probability").size(), 100u);
  EXPECT_EQ(training_.predict_calls, 0);
}

TEST_F(PredictionsTest, OfAModelThatOnlyTheTrainingServiceRunsAreTheSame) {
  const auto local = Predictions::Load(training_, "models/one", {});
  ASSERT_THAT(local, IsOk());
  training_.newer_format = true;
  const auto remote = Predictions::Load(training_, "models/one", {});
  ASSERT_THAT(remote, IsOk());
  EXPECT_FALSE(remote->local());
  const auto mine = local->For(bars_, {});
  const auto theirs = remote->For(bars_, {});
  ASSERT_THAT(mine, IsOk());
  ASSERT_THAT(theirs, IsOk());
  EXPECT_EQ(*mine, *theirs);
  EXPECT_GT(training_.predict_calls, 0);
}

TEST_F(PredictionsTest, NeverPrecedeTheFeatureWarmUp) {
  FakeTrainingClient early(absl::FromUnixNanos(bars_.times[0]));
  const auto predictions = Predictions::Load(early, "models/one", {});
  ASSERT_THAT(predictions, IsOk());
  const auto series = predictions->For(bars_, {});
  ASSERT_THAT(series, IsOk());
  EXPECT_EQ(series->times.front(), bars_.times[quant::TechnicalV1().WarmUp()]);
}

TEST_F(PredictionsTest, OfTooFewBarsAreNone) {
  for (const bool newer : {false, true}) {
    training_.newer_format = newer;
    const auto predictions = Predictions::Load(training_, "models/one", {});
    ASSERT_THAT(predictions, IsOk());
    const auto series = predictions->For(bars_.Rows(0, 5), {});
    ASSERT_THAT(series, IsOk());
    EXPECT_TRUE(series->empty());
    EXPECT_NE(series->Find("probability"), nullptr);
  }
}

TEST_F(PredictionsTest, OfOtherFeaturesAreRefused) {
  training_.schema_hash = std::string(64, '0');
  EXPECT_THAT(Predictions::Load(training_, "models/one", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH"));
}

TEST_F(PredictionsTest, OfADamagedArtefactAreRefused) {
  training_.damaged = true;
  EXPECT_THAT(Predictions::Load(training_, "models/one", {}), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(PredictionsTest, OfAnUnknownModelAreNotFound) {
  EXPECT_THAT(Predictions::Load(training_, "models/none", {}), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace breadthflow::signal
