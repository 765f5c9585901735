#include "services/training/domain/training_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::training {
namespace {

using ::testing::ElementsAre;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

const std::vector<component::ParamSpec> kParams = {component::IntParam("trees", 100, 1, 500, "trees", ""),
                                                   component::DoubleParam("rate", 0.1, 0, 1, "", "")};

TrainingSpec Minimal() {
  TrainingSpec spec;
  spec.snapshot = "snapshots/1";
  spec.model.name = "random_forest";
  return spec;
}

std::vector<std::string> Fields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  return fields;
}

TEST(Complete, FillsEveryDefault) {
  BF_ASSERT_OK_AND_ASSIGN(const TrainingSpec spec, Complete(Minimal(), &kParams, absl::OkStatus()));
  EXPECT_EQ(spec.feature_set, "technical_v1");
  EXPECT_EQ(spec.horizon_bars, 5);
  EXPECT_EQ(spec.purge_bars, 6);
  EXPECT_EQ(spec.holdout_share, 0.25);
  EXPECT_EQ(spec.model_name, "random_forest");
  EXPECT_EQ(spec.model.params.size(), 2u);
  EXPECT_TRUE(spec.model.params.at("trees") == component::ParamValue(int64_t{100}));
}

TEST(Complete, ThePurgeFollowsTheHorizonAndMayBeLongerButNotShorter) {
  TrainingSpec spec = Minimal();
  spec.horizon_bars = 20;
  EXPECT_EQ(Complete(spec, &kParams, absl::OkStatus())->purge_bars, 21);
  spec.purge_bars = 30;
  EXPECT_EQ(Complete(spec, &kParams, absl::OkStatus())->purge_bars, 30);
  spec.purge_bars = 20;
  EXPECT_THAT(Fields(Complete(spec, &kParams, absl::OkStatus()).status()), ElementsAre("spec.purge_bar_count"));
}

TEST(Complete, NamesEveryViolationAtOnce) {
  TrainingSpec spec;
  spec.snapshot = "latest";
  spec.symbols = {"AAPL", "", "AAPL"};
  spec.range = quant::TimeRange{5, 5};
  spec.model = {"random_forest", {{"trees", int64_t{0}}, {"rate", std::string("fast")}, {"depth", int64_t{3}}}};
  spec.feature_set = "mystery";
  spec.horizon_bars = 251;
  spec.holdout_share = 0.9;
  spec.purge_bars = -1;
  spec.model_name = "My Model";
  const auto completed = Complete(spec, &kParams, absl::OkStatus());
  ASSERT_THAT(completed, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_TRAINING_SPEC"));
  EXPECT_THAT(Fields(completed.status()),
              UnorderedElementsAre("spec.snapshot", "spec.symbols[1]", "spec.symbols[2]", "spec.range",
                                   "spec.model.params.trees", "spec.model.params.rate", "spec.model.params.depth",
                                   "spec.feature_set", "spec.horizon_bar_count", "spec.holdout_share",
                                   "spec.purge_bar_count", "spec.model_name"));
}

TEST(Complete, AnUnknownModelIsOneViolationAmongTheOthers) {
  TrainingSpec spec = Minimal();
  spec.model.name = "crystal_ball";
  spec.holdout_share = 2;
  const auto completed = Complete(spec, nullptr, absl::NotFoundError("unknown model 'crystal_ball'"));
  EXPECT_THAT(Fields(completed.status()), ElementsAre("spec.model.name", "spec.holdout_share"));
}

TEST(Complete, IsTheSameWhenDoneTwice) {
  BF_ASSERT_OK_AND_ASSIGN(const TrainingSpec once, Complete(Minimal(), &kParams, absl::OkStatus()));
  BF_ASSERT_OK_AND_ASSIGN(const TrainingSpec twice, Complete(once, &kParams, absl::OkStatus()));
  EXPECT_EQ(once.model.params, twice.model.params);
  EXPECT_EQ(once.purge_bars, twice.purge_bars);
}

}  // namespace
}  // namespace breadthflow::training
