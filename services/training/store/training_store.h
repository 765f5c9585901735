#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "common/jobs/runner.h"
#include "common/jobs/submit.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "services/training/domain/records.h"

namespace breadthflow::training {

// Numbers 100 and up: training_run, model and what belongs to them.
const std::vector<postgres::Migration>& Migrations();

// A page of a list, newest first. `next` is the cursor of the next page; empty on the last one.
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next;
};

// The only one that speaks SQL to the training schema. Thread-safe. Every method fails with UNAVAILABLE when the
// database can not be reached and DEADLINE_EXCEEDED after `deadline`.
class TrainingStore {
 public:
  // `database` must outlive the store.
  explicit TrainingStore(postgres::Database& database) : database_(database) {}

  // Jobs first, then ours.
  absl::Status Migrate(const base::CancelToken& cancel = {});

  // Writes run and job in one transaction and returns the run's id (job.id); the same key gives the id of the first
  // call. Errors of jobs::SubmitOnce.
  absl::StatusOr<std::string> Submit(const jobs::SubmitKey& key, const jobs::NewJob& job, const TrainingSpec& spec,
                                     std::string_view model_version, absl::Time deadline);

  // NOT_FOUND `TRAINING_RUN_NOT_FOUND`.
  absl::StatusOr<TrainingRun> GetRun(const std::string& id, absl::Time deadline);
  // Runs older than the cursor (empty: from the newest).
  absl::StatusOr<Page<TrainingRun>> ListRuns(int page_size, const std::string& cursor, absl::Time deadline);
  // Cancels a queued job, asks a running one to stop, leaves a finished one. NOT_FOUND `TRAINING_RUN_NOT_FOUND`.
  absl::Status RequestCancel(const std::string& id, absl::Time deadline);

  // What a job has to write at its end: the model with the next version of its name. `model.version` and create_time
  // are the database's.
  static jobs::Effects SaveModel(Model model);

  // NOT_FOUND `MODEL_NOT_FOUND`.
  absl::StatusOr<Model> GetModel(const std::string& id, bool with_artefact, absl::Time deadline);
  // Models (of one name, or of all when it is empty) older than the cursor, without artefacts.
  absl::StatusOr<Page<Model>> ListModels(const std::string& model_name, int page_size, const std::string& cursor,
                                         absl::Time deadline);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::training
