#include "services/training/app/predictor.h"

#include <cmath>
#include <limits>

#include "common/quant/features/matrix.h"
#include "tests/integration/training/training_fixture.h"

namespace breadthflow::training {
namespace {

using testing::StatusIs;

class Predict : public TrainingFixture {
 protected:
  absl::StatusOr<std::vector<double>> Ask(const std::vector<double>& values) {
    return predictor_.Predict(model_.id, model_.schema_hash, values, absl::InfiniteFuture());
  }

  const Model model_ = Train(Spec(), true);
};

TEST_F(Predict, GivesTheBitsOfTheLocalPredictor) {
  const quant::Series bars = testing::RandomWalk("NEW", 300, 77);
  BF_ASSERT_OK_AND_ASSIGN(const quant::Series features, quant::TechnicalV1().Compute(bars));
  quant::Artefact artefact = quant::DecodeArtefact(model_.artefact).value();
  artefact.cut_off_ns = 0;
  artefact.valid_from_ns = 1;
  BF_ASSERT_OK_AND_ASSIGN(const quant::Series local, quant::Predictor::Make(artefact)->PredictBars(bars, ""));
  std::vector<double> rows;
  for (size_t row = 300 - local.size(); row < 300; ++row)
    for (const std::string& name : model_.features) rows.push_back(features.Doubles(name)[row]);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<double> remote, Ask(rows));
  EXPECT_EQ(remote, std::vector<double>(local.Doubles("probability").begin(), local.Doubles("probability").end()));
}

TEST_F(Predict, RefusesAnotherSchema) {
  EXPECT_THAT(predictor_.Predict(model_.id, std::string(64, '0'), {}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH"));
  EXPECT_THAT(predictor_.Predict(model_.id, "", {}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FEATURE_SCHEMA_MISMATCH"));
}

TEST_F(Predict, RefusesRowsThatAreNotWholeOrNotFiniteNamingEach) {
  EXPECT_THAT(Ask({}), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ROWS"));
  std::vector<double> values(model_.features.size() + 1, 0.0);
  values[0] = std::numeric_limits<double>::quiet_NaN();
  values[2] = 1e300;
  const auto answer = Ask(values);
  ASSERT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ROWS"));
  EXPECT_EQ(base::DetailsOf(answer.status()).violations.size(), 3u) << answer.status();
}

TEST_F(Predict, TakesAtMostTheLimitOfRows) {
  std::vector<double> values(model_.features.size() * ModelPredictor::kMaxRows, 0.0);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<double> answer, Ask(values));
  EXPECT_EQ(answer.size(), ModelPredictor::kMaxRows);
  values.resize(values.size() + model_.features.size(), 0.0);
  EXPECT_THAT(Ask(values), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ROWS"));
}

TEST_F(Predict, UnknownModelIsNotFound) {
  EXPECT_THAT(predictor_.Predict("none", model_.schema_hash, {}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND"));
}

TEST_F(Predict, KeepsFewModelsAndStillAnswersForAll) {
  ModelPredictor small(store_, 1);
  TrainingSpec spec = Spec({"A"});
  const Model other = Train(spec);
  const std::vector<double> row(model_.features.size(), 0.1);
  for (int round = 0; round < 3; ++round) {
    for (const std::string& id : {model_.id, other.id})
      EXPECT_EQ(small.Predict(id, model_.schema_hash, row, absl::InfiniteFuture()).value(),
                predictor_.Predict(id, model_.schema_hash, row, absl::InfiniteFuture()).value());
  }
}

}  // namespace
}  // namespace breadthflow::training
