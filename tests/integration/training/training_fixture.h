#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/jobs/runner.h"
#include "common/postgres/database.h"
#include "services/training/app/predictor.h"
#include "services/training/app/training_runner.h"
#include "services/training/domain/models/catalog.h"
#include "services/training/store/training_store.h"
#include "tests/support/bars.h"
#include "tests/support/fake_data_client.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::training {

// The training service without its RPCs, on a database of its own, with workers that run.
class TrainingFixture : public ::testing::Test {
 protected:
  TrainingFixture() {
    data_.AddSnapshot("snapshots/s", {BarsOfA(), BarsOfB(), testing::RandomWalk("SHORT", 70, 3)});
    EXPECT_THAT(store_.Migrate(), testing::IsOk());
    runner_.Handle(TrainingRunner::kJobKind, [this](jobs::JobContext& context) { return training_.Run(context); });
    EXPECT_THAT(runner_.Start(), testing::IsOk());
  }
  ~TrainingFixture() override { runner_.Drain(absl::Seconds(10)); }

  static quant::Series BarsOfA() { return testing::RandomWalk("A", 400, 1); }
  static quant::Series BarsOfB() { return testing::RandomWalk("B", 380, 2); }

  static TrainingSpec Spec(std::vector<std::string> symbols = {"A", "B"}) {
    TrainingSpec spec;
    spec.snapshot = "snapshots/s";
    spec.symbols = std::move(symbols);
    spec.model = {"random_forest", {{"trees", int64_t{10}}, {"max_depth", int64_t{3}}}};
    return spec;
  }

  absl::StatusOr<std::string> Submit(const TrainingSpec& spec, const std::string& request_id = "") {
    absl::StatusOr<std::string> id = training_.Submit(spec, {.principal = "tester", .request_id = request_id});
    runner_.WakeUp();
    return id;
  }

  // The job in its final state.
  jobs::Job Await(const std::string& id) {
    absl::Notification done;
    jobs::Job last;
    const auto subscription = runner_.Watch(id, [&](const jobs::Job* job) {
      if (job == nullptr || !jobs::IsTerminal(job->state) || done.HasBeenNotified()) return;
      last = *job;
      done.Notify();
    });
    EXPECT_TRUE(done.WaitForNotificationWithTimeout(absl::Seconds(60))) << id << " does not end";
    return last;
  }

  // Submits, waits for success, and returns the model.
  Model Train(const TrainingSpec& spec, bool with_artefact = false) {
    const std::string id = Submit(spec).value();
    const jobs::Job job = Await(id);
    EXPECT_EQ(job.state, jobs::State::kSucceeded) << job.error;
    return store_.GetModel(id, with_artefact, absl::InfiniteFuture()).value();
  }

  std::string Count(const std::string& table) { return test_database_.Sql("SELECT count(*) FROM training." + table); }

  testing::TestDatabase test_database_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = test_database_.url(), .schema = "training", .pool_size = 6});
  base::SystemClock clock_;
  testing::FakeDataClient data_;
  TrainingStore store_{*database_};
  TrainingRunner training_{store_, data_, Models(), clock_, 1};
  ModelPredictor predictor_{store_};
  jobs::Runner runner_{*database_, {.workers = 2, .poll_interval = absl::Milliseconds(50)}};
};

}  // namespace breadthflow::training
