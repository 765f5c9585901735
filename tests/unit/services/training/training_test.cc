#include "services/training/domain/training.h"

#include <gtest/gtest.h>

#include "common/quant/features/feature_set.h"
#include "common/quant/model/predictor.h"
#include "services/training/domain/models/catalog.h"
#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::training {
namespace {

using testing::RandomWalk;
using testing::StatusIs;

TrainingSpec Spec(const std::string& model = "random_forest") {
  TrainingSpec spec;
  spec.snapshot = "snapshots/1";
  spec.model = {model, {{"trees", int64_t{20}}}};
  const ModelEntry* entry = Models().Find(model).value();
  return Complete(spec, &entry->params, absl::OkStatus()).value();
}

std::unique_ptr<Trainer> TrainerOf(const TrainingSpec& spec) {
  const ModelEntry* entry = Models().Find(spec.model.name).value();
  return entry->make(component::Params::Check(entry->params, spec.model.params).value());
}

std::vector<quant::Series> TwoWalks() { return {RandomWalk("A", 400, 1), RandomWalk("B", 400, 2)}; }

absl::StatusOr<TrainedModel> Train(const TrainingSpec& spec, const std::vector<quant::Series>& bars) {
  return TrainModel(spec, bars, *TrainerOf(spec), {});
}

TEST(TrainModel, KnowsNothingAfterItsCutOffAndIsValidAPurgeLater) {
  const TrainingSpec spec = Spec();
  const std::vector<quant::Series> bars = TwoWalks();
  BF_ASSERT_OK_AND_ASSIGN(const TrainedModel model, Train(spec, bars));
  EXPECT_EQ(model.artefact.cut_off_ns, bars[0].times.back());
  const quant::Session* session = quant::Xnys().ClosingAt(bars[0].times.back());
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(model.artefact.valid_from_ns, (session + spec.purge_bars)->close_ns);
}

TEST(TrainModel, KeepsAModelOfAllRowsAndScoresOneOfTheEarlierRows) {
  BF_ASSERT_OK_AND_ASSIGN(const TrainedModel model, Train(Spec(), TwoWalks()));
  EXPECT_EQ(model.rows, 2 * (400 - 49 - 6));
  EXPECT_EQ(model.artefact.metadata.at("rows"), std::to_string(model.rows));
  ASSERT_FALSE(model.scores.empty());
  for (const Score& score : model.scores)
    if (score.name == "auc") {
      EXPECT_GT(score.train, score.holdout);
    }
}

TEST(TrainModel, BarsAfterTheLastLabelDoNotReachThePast) {
  // Whatever happens later, a model trained up to a date is the same model.
  std::vector<quant::Series> bars = TwoWalks();
  std::vector<quant::Series> early = {bars[0].Rows(0, 300), bars[1].Rows(0, 300)};
  BF_ASSERT_OK_AND_ASSIGN(const TrainedModel before, Train(Spec(), early));
  for (quant::Column& column : bars[0].columns)
    for (size_t row = 300; row < 400; ++row) std::get<std::vector<double>>(column.values)[row] *= 2;
  early = {bars[0].Rows(0, 300), bars[1].Rows(0, 300)};
  BF_ASSERT_OK_AND_ASSIGN(const TrainedModel after, Train(Spec(), early));
  EXPECT_EQ(EncodeArtefact(before.artefact), EncodeArtefact(after.artefact));
}

TEST(TrainModel, OrderOfSymbolsDoesNotChangeABit) {
  const std::vector<quant::Series> bars = TwoWalks();
  for (const char* kind : {"random_forest", "gradient_boosting"}) {
    BF_ASSERT_OK_AND_ASSIGN(const TrainedModel one, Train(Spec(kind), bars));
    BF_ASSERT_OK_AND_ASSIGN(const TrainedModel other, Train(Spec(kind), {bars[1], bars[0]}));
    EXPECT_EQ(EncodeArtefact(one.artefact), EncodeArtefact(other.artefact));
  }
}

TEST(TrainModel, RecordsWhatItWasMadeFrom) {
  BF_ASSERT_OK_AND_ASSIGN(const TrainedModel model, Train(Spec(), TwoWalks()));
  const auto& about = model.artefact.metadata;
  EXPECT_EQ(about.at("snapshot"), "snapshots/1");
  EXPECT_EQ(about.at("symbols"), "A,B");
  EXPECT_EQ(about.at("price_basis"), "split");
  EXPECT_NE(about.at("params").find("seed=1"), std::string::npos);
  EXPECT_EQ(model.artefact.model_type, "random_forest");
  EXPECT_EQ(model.artefact.schema_hash, quant::TechnicalV1().schema_hash());
  double total = 0;
  for (size_t i = 0; i < model.importances.size(); ++i) {
    total += model.importances[i].second;
    if (i > 0) {
      EXPECT_LE(model.importances[i].second, model.importances[i - 1].second);
    }
  }
  EXPECT_NEAR(total, 1.0, 1e-9);
}

TEST(TrainModel, ProgressRisesToOne) {
  double last = 0;
  FitOptions options;
  options.progress = [&](double share) {
    EXPECT_GE(share, last);
    last = share;
  };
  const TrainingSpec spec = Spec();
  ASSERT_THAT(TrainModel(spec, TwoWalks(), *TrainerOf(spec), options), testing::IsOk());
  EXPECT_EQ(last, 1.0);
}

TEST(TrainModel, TooFewBarsAreRefused) {
  EXPECT_THAT(Train(Spec(), {RandomWalk("A", 100, 1)}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
  EXPECT_THAT(Train(Spec(), {RandomWalk("A", 3, 1)}), StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
}

TEST(TrainModel, MixedTimeframesAndPriceBasesAreRefusedNamingEach) {
  std::vector<quant::Series> bars = {RandomWalk("A", 300, 1), RandomWalk("B", 300, 1), RandomWalk("C", 300, 1)};
  bars[1].key.timeframe = quant::Timeframe::kHour1;
  bars[2].basis = quant::PriceBasis::kRaw;
  const auto model = Train(Spec(), bars);
  ASSERT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument, "MIXED_BARS"));
  EXPECT_EQ(base::DetailsOf(model.status()).violations.size(), 2u);
}

TEST(ValidFrom, CountsSessionsOverHolidaysAndWeekends) {
  const quant::Calendar& calendar = quant::Xnys();
  // Friday 2015-07-02 close (the 3rd was a holiday): two sessions later is Tuesday the 7th.
  const int64_t cut_off = calendar.SessionClose(absl::CivilDay(2015, 7, 2)).value();
  EXPECT_EQ(ValidFrom(cut_off, 2, quant::Timeframe::kDay, calendar),
            calendar.SessionClose(absl::CivilDay(2015, 7, 7)).value());
  EXPECT_EQ(ValidFrom(cut_off, 1, quant::Timeframe::kWeek, calendar),
            calendar.SessionClose(absl::CivilDay(2015, 7, 10)).value());
  EXPECT_EQ(ValidFrom(cut_off, 7, quant::Timeframe::kHour1, calendar),
            calendar.SessionClose(absl::CivilDay(2015, 7, 7)).value());
}

TEST(ValidFrom, GoesOnPastTheEndOfTheCalendar) {
  const quant::Calendar& calendar = quant::Xnys();
  const int64_t last = calendar.sessions().back().close_ns;
  EXPECT_GT(ValidFrom(last, 6, quant::Timeframe::kDay, calendar), last + int64_t{6} * 86400 * 1'000'000'000);
}

}  // namespace
}  // namespace breadthflow::training
