#include "services/training/app/training_runner.h"

#include <thread>

#include "common/base/hash.h"
#include "common/quant/model/predictor.h"
#include "tests/integration/training/training_fixture.h"

namespace breadthflow::training {
namespace {

using testing::IsOk;
using testing::StatusIs;

class RunTraining : public TrainingFixture {};

TEST_F(RunTraining, LeavesAModelThatCanBeCheckedAndRun) {
  const Model model = Train(Spec(), true);
  EXPECT_EQ(model.version, 1);
  EXPECT_EQ(model.spec.model_name, "random_forest");
  EXPECT_EQ(model.artefact_hash, base::Sha256HexOf(model.artefact));
  EXPECT_GT(model.valid_from_ns, model.cut_off_ns);
  EXPECT_EQ(model.rows, (400 - 49 - 6) + (380 - 49 - 6));
  EXPECT_EQ(model.importances.size(), model.features.size());
  EXPECT_FALSE(model.scores.empty());
  BF_ASSERT_OK_AND_ASSIGN(const quant::Predictor predictor, quant::Predictor::Load(model.artefact));
  EXPECT_EQ(predictor.artefact().columns, model.features);
  EXPECT_EQ(predictor.artefact().cut_off_ns, model.cut_off_ns);
  EXPECT_EQ(predictor.artefact().valid_from_ns, model.valid_from_ns);
  EXPECT_EQ(predictor.artefact().schema_hash, model.schema_hash);
}

TEST_F(RunTraining, TheRunTellsWhatWasAskedAndWhatCameOut) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string id, Submit(Spec()));
  Await(id);
  BF_ASSERT_OK_AND_ASSIGN(const TrainingRun run, store_.GetRun(id, absl::InfiniteFuture()));
  EXPECT_TRUE(run.has_model);
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded);
  EXPECT_EQ(run.job.principal, "tester");
  EXPECT_EQ(run.spec.symbols, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(run.spec.horizon_bars, 5);
  EXPECT_TRUE(run.spec.model.params.at("seed") == component::ParamValue(int64_t{1}));
  EXPECT_TRUE(run.spec.model.params.at("l2") == component::ParamValue(1.0));
  EXPECT_FALSE(run.spec.range.has_value());
}

TEST_F(RunTraining, NoSymbolsMeansAllOfTheSnapshot) {
  data_.AddSnapshot("snapshots/s", {BarsOfA(), BarsOfB()});
  EXPECT_EQ(Train(Spec({})).artefact_hash, Train(Spec()).artefact_hash);
}

TEST_F(RunTraining, TheSameSpecGivesTheSameBytesAndTheNextVersion) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(Submit(Spec()).value());
  std::vector<int> versions;
  std::vector<std::string> hashes;
  for (const std::string& id : ids) {
    ASSERT_EQ(Await(id).state, jobs::State::kSucceeded);
    BF_ASSERT_OK_AND_ASSIGN(const Model model, store_.GetModel(id, false, absl::InfiniteFuture()));
    versions.push_back(model.version);
    hashes.push_back(model.artefact_hash);
  }
  EXPECT_THAT(versions, ::testing::UnorderedElementsAre(1, 2, 3, 4));
  EXPECT_THAT(hashes, ::testing::Each(hashes[0]));
}

TEST_F(RunTraining, VersionsAreCountedByName) {
  TrainingSpec spec = Spec();
  EXPECT_EQ(Train(spec).version, 1);
  spec.model_name = "momentum-5d";
  EXPECT_EQ(Train(spec).version, 1);
  EXPECT_EQ(Train(spec).version, 2);
}

TEST_F(RunTraining, TheRangeEndsWhatTheModelMayHaveSeen) {
  const quant::Series bars = BarsOfA();
  TrainingSpec spec = Spec({"A"});
  spec.range = quant::TimeRange{bars.times[10], bars.times[300]};
  const Model model = Train(spec);
  EXPECT_EQ(model.cut_off_ns, bars.times[299]);
  EXPECT_EQ(model.rows, 290 - 49 - 6);
  EXPECT_EQ(model.spec.range, spec.range);
}

TEST_F(RunTraining, TheSameRequestIdIsTheSameRun) {
  const std::string request_id = "0190a000-0000-7000-8000-000000000001";
  BF_ASSERT_OK_AND_ASSIGN(const std::string first, Submit(Spec(), request_id));
  BF_ASSERT_OK_AND_ASSIGN(const std::string again, Submit(Spec(), request_id));
  EXPECT_EQ(first, again);
  Await(first);
  EXPECT_EQ(Count("training_run"), "1");
  EXPECT_EQ(Count("model"), "1");
  EXPECT_THAT(Submit(Spec({"A"}), request_id), StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
}

TEST_F(RunTraining, TheSameRequestIsTheSameRunForAReplicaWithOtherThreads) {
  const std::string request_id = "0190a000-0000-7000-8000-000000000002";
  TrainingRunner other(store_, data_, Models(), clock_, 2);
  BF_ASSERT_OK_AND_ASSIGN(const std::string first, Submit(Spec(), request_id));
  EXPECT_EQ(*other.Submit(Spec(), {.principal = "tester", .request_id = request_id}), first);
}

TEST_F(RunTraining, AWrongSpecNamesEveryViolationAndLeavesNothing) {
  TrainingSpec spec = Spec({"A", "A"});
  spec.model = {"crystal_ball", {}};
  spec.snapshot = "today";
  spec.range = quant::TimeRange{9, 3};
  spec.holdout_share = 1;
  const auto id = Submit(spec);
  ASSERT_THAT(id, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_TRAINING_SPEC"));
  EXPECT_EQ(base::DetailsOf(id.status()).violations.size(), 5u) << id.status();
  EXPECT_EQ(Count("training_run"), "0");
  EXPECT_EQ(Count("job"), "0");
}

TEST_F(RunTraining, WrongParametersAreAllNamed) {
  TrainingSpec spec = Spec();
  spec.model.params = {{"trees", int64_t{0}}, {"max_depth", 2.5}, {"colour", std::string("red")}};
  const auto id = Submit(spec);
  ASSERT_THAT(id, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_TRAINING_SPEC"));
  EXPECT_EQ(base::DetailsOf(id.status()).violations.size(), 3u) << id.status();
}

class FailedTraining : public TrainingFixture {
 protected:
  // The run fails at once (nothing of this kind is tried again) and leaves no model.
  base::ErrorDetails ExpectFailure(const TrainingSpec& spec, absl::StatusCode code, std::string_view reason) {
    const std::string id = Submit(spec).value();
    const jobs::Job job = Await(id);
    EXPECT_EQ(job.state, jobs::State::kFailed);
    EXPECT_EQ(job.attempt, 1);
    EXPECT_THAT(job.error, StatusIs(code, std::string(reason)));
    EXPECT_THAT(store_.GetModel(id, false, absl::InfiniteFuture()),
                StatusIs(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND"));
    EXPECT_EQ(Count("model_name"), "0");
    return base::DetailsOf(job.error);
  }
};

TEST_F(FailedTraining, AnUnknownSymbolIsWhatTheDataServiceSaysOfIt) {
  data_.before = [](const std::string& symbol, const clients::CallScope&) {
    return symbol == "NOPE" ? base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL", "there is no NOPE")
                            : absl::OkStatus();
  };
  ExpectFailure(Spec({"A", "NOPE"}), absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL");
}

TEST_F(FailedTraining, SymbolsThatDoNotArriveAreNamed) {
  EXPECT_EQ(
      ExpectFailure(Spec({"A", "NOPE", "NADA"}), absl::StatusCode::kNotFound, "NO_BARS").violations,
      (std::vector<base::FieldViolation>{{"NADA", "has no bars in the range"}, {"NOPE", "has no bars in the range"}}));
}

TEST_F(FailedTraining, UnknownSnapshot) {
  TrainingSpec spec = Spec();
  spec.snapshot = "snapshots/none";
  ExpectFailure(spec, absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND");
}

TEST_F(FailedTraining, SymbolsWithoutBarsInTheRangeAreNamed) {
  TrainingSpec spec = Spec({"A", "B", "SHORT"});
  const quant::Series bars = BarsOfA();
  spec.range = quant::TimeRange{bars.times[100], bars.times[399]};
  EXPECT_EQ(ExpectFailure(spec, absl::StatusCode::kNotFound, "NO_BARS").violations,
            (std::vector<base::FieldViolation>{{"SHORT", "has no bars in the range"}}));
}

TEST_F(FailedTraining, TooFewRows) {
  ExpectFailure(Spec({"SHORT"}), absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS");
}

TEST_F(FailedTraining, BarsThatAreNotBars) {
  quant::Series bars = BarsOfA();
  bars.columns.pop_back();
  data_.AddSnapshot("snapshots/s", {bars, BarsOfB()});
  ExpectFailure(Spec(), absl::StatusCode::kInvalidArgument, "NOT_BARS");
}

TEST_F(FailedTraining, ALostDataServiceIsTriedAgain) {
  int calls = 0;
  data_.before = [&calls](const std::string&, const clients::CallScope&) {
    return calls++ == 0 ? absl::UnavailableError("the data service restarts") : absl::OkStatus();
  };
  BF_ASSERT_OK_AND_ASSIGN(const std::string id, Submit(Spec()));
  const jobs::Job job = Await(id);
  EXPECT_EQ(job.state, jobs::State::kSucceeded) << job.error;
  EXPECT_EQ(job.attempt, 2);
  EXPECT_EQ(Count("model"), "1");
}

class CancelledTraining : public TrainingFixture {};

TEST_F(CancelledTraining, StopsAndKeepsNothing) {
  absl::Notification reading;
  data_.before = [&](const std::string&, const clients::CallScope& scope) {
    reading.Notify();
    while (!scope.cancel.cancelled()) std::this_thread::yield();
    return scope.cancel.Check();
  };
  BF_ASSERT_OK_AND_ASSIGN(const std::string id, Submit(Spec()));
  ASSERT_TRUE(reading.WaitForNotificationWithTimeout(absl::Seconds(30)));
  ASSERT_THAT(store_.RequestCancel(id, absl::InfiniteFuture()), IsOk());
  runner_.WakeUp();
  EXPECT_EQ(Await(id).state, jobs::State::kCancelled);
  EXPECT_EQ(Count("model"), "0");
  EXPECT_THAT(store_.RequestCancel(id, absl::InfiniteFuture()), IsOk());
}

TEST_F(CancelledTraining, AFinishedRunStaysWhatItIs) {
  const Model model = Train(Spec());
  ASSERT_THAT(store_.RequestCancel(model.id, absl::InfiniteFuture()), IsOk());
  EXPECT_EQ(store_.GetRun(model.id, absl::InfiniteFuture())->job.state, jobs::State::kSucceeded);
}

TEST_F(CancelledTraining, AnUnknownRunIsNotFound) {
  EXPECT_THAT(store_.RequestCancel("none", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "TRAINING_RUN_NOT_FOUND"));
}

}  // namespace
}  // namespace breadthflow::training
