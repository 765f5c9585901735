#include "services/training/store/training_store.h"

#include <set>

#include "common/base/hash.h"
#include "tests/integration/training/training_fixture.h"

namespace breadthflow::training {
namespace {

using testing::IsOk;
using testing::StatusIs;

class Store : public TrainingFixture {
 protected:
  // A stored run that no worker will take, so that models can be written for it by hand.
  std::string AddRun(const std::string& id) {
    jobs::NewJob job;
    job.id = id;
    job.kind = "by hand";
    TrainingSpec spec = Spec();
    spec.model_name = "m";
    spec = Complete(spec, &(*Models().Find("random_forest"))->params, absl::OkStatus()).value();
    return store_.Submit({}, job, spec, "1.0.0", absl::InfiniteFuture()).value();
  }

  static Model ByHand(const std::string& id, const std::string& name = "m") {
    Model model;
    model.id = id;
    model.spec.model_name = name;
    model.cut_off_ns = 5;
    model.valid_from_ns = 6;
    model.features = {"x", "y"};
    model.schema_hash = std::string(64, 'a');
    model.rows = 3;
    model.artefact = std::string("bytes \0 and \xff more", 18);
    model.artefact_hash = base::Sha256HexOf(model.artefact);
    model.scores = {{"auc", 0.7, 0.5, 0.5, "words"}, {"ic", 0.2, 0.1, std::nullopt, "more words"}};
    model.importances = {{"y", 0.75}, {"x", 0.25}};
    return model;
  }

  absl::Status Save(const Model& model) {
    return database_->Transact([&](postgres::Transaction& tx) { return TrainingStore::SaveModel(model)(tx); });
  }
};

TEST_F(Store, AModelComesBackWithEveryFieldAndByte) {
  AddRun("r1");
  const Model saved = ByHand("r1");
  ASSERT_THAT(Save(saved), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const Model model, store_.GetModel("r1", true, absl::InfiniteFuture()));
  EXPECT_EQ(model.version, 1);
  EXPECT_EQ(model.artefact, saved.artefact);
  EXPECT_EQ(model.features, saved.features);
  EXPECT_EQ(model.importances, saved.importances);
  ASSERT_EQ(model.scores.size(), 2u);
  EXPECT_EQ(model.scores[0].name, "auc");
  EXPECT_EQ(model.scores[0].baseline, 0.5);
  EXPECT_EQ(model.scores[1].baseline, std::nullopt);
  EXPECT_EQ(model.scores[1].description, "more words");
  EXPECT_EQ(model.cut_off_ns, 5);
  EXPECT_EQ(model.valid_from_ns, 6);
  EXPECT_GT(model.create_time, absl::UnixEpoch());
  EXPECT_TRUE(store_.GetModel("r1", false, absl::InfiniteFuture())->artefact.empty());
}

TEST_F(Store, ARunHasOneModelHoweverOftenItsEffectsAreWritten) {
  AddRun("r1");
  ASSERT_THAT(Save(ByHand("r1")), IsOk());
  EXPECT_THAT(Save(ByHand("r1")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Count("model"), "1");
  EXPECT_EQ(test_database_.Sql("SELECT last_version FROM training.model_name WHERE name = 'm'"), "1")
      << "a refused model must not use up a version";
}

TEST_F(Store, RefusesAnArtefactThatDoesNotHaveItsHash) {
  AddRun("r1");
  Model model = ByHand("r1");
  model.artefact += "x";
  EXPECT_THAT(Save(model), StatusIs(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION"));
  EXPECT_EQ(Count("model_name"), "0");
}

TEST_F(Store, ModelsAreListedNewestFirstInPagesWithoutHolesOrTwins) {
  for (int i = 0; i < 7; ++i) {
    const std::string id = "r" + std::to_string(i);
    AddRun(id);
    ASSERT_THAT(Save(ByHand(id, i % 2 == 0 ? "even" : "odd")), IsOk());
  }
  std::vector<std::string> ids;
  std::string cursor;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const Page<Model> page, store_.ListModels("", 3, cursor, absl::InfiniteFuture()));
    EXPECT_LE(page.items.size(), 3u);
    for (const Model& model : page.items) {
      ids.push_back(model.id);
      EXPECT_TRUE(model.artefact.empty());
      EXPECT_EQ(model.scores.size(), 2u);
    }
    cursor = page.next;
  } while (!cursor.empty());
  EXPECT_EQ(ids, (std::vector<std::string>{"r6", "r5", "r4", "r3", "r2", "r1", "r0"}));
  BF_ASSERT_OK_AND_ASSIGN(const Page<Model> odd, store_.ListModels("odd", 50, "", absl::InfiniteFuture()));
  EXPECT_EQ(odd.items.size(), 3u);
  EXPECT_EQ(odd.next, "");
  EXPECT_EQ(store_.ListModels("unknown", 50, "", absl::InfiniteFuture())->items.size(), 0u);
}

TEST_F(Store, RunsAreListedNewestFirstInPages) {
  for (const char* id : {"a", "b", "c"}) AddRun(id);
  BF_ASSERT_OK_AND_ASSIGN(const Page<TrainingRun> first, store_.ListRuns(2, "", absl::InfiniteFuture()));
  ASSERT_EQ(first.items.size(), 2u);
  EXPECT_EQ(first.items[0].id, "c");
  BF_ASSERT_OK_AND_ASSIGN(const Page<TrainingRun> rest, store_.ListRuns(2, first.next, absl::InfiniteFuture()));
  ASSERT_EQ(rest.items.size(), 1u);
  EXPECT_EQ(rest.items[0].id, "a");
  EXPECT_EQ(rest.next, "");
}

TEST_F(Store, WhatIsNotThereIsNotFound) {
  EXPECT_THAT(store_.GetRun("none", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "TRAINING_RUN_NOT_FOUND"));
  EXPECT_THAT(store_.GetModel("none", true, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND"));
}

TEST_F(Store, MigratingAgainChangesNothing) {
  AddRun("r1");
  EXPECT_THAT(store_.Migrate(), IsOk());
  EXPECT_THAT(store_.GetRun("r1", absl::InfiniteFuture()), IsOk());
}

TEST_F(Store, AnUnreachableDatabaseIsUnavailable) {
  const auto nowhere = postgres::Database::Open(
      {.url = "host=/nonexistent dbname=x", .schema = "training", .acquire_timeout = absl::Milliseconds(200)});
  TrainingStore store(*nowhere);
  EXPECT_THAT(store.GetRun("r", absl::Now() + absl::Seconds(5)), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace breadthflow::training
