#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/submit.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "services/orchestrator/domain/run.h"

namespace breadthflow::orchestrator {

// The tables of the orchestrator's schema from number 100 on; those of jobs come before.
const std::vector<postgres::Migration>& Migrations();

// Kinds of jobs. A step's job has the id JobIdOf(run, step, generation); the job that stops what a cancelled step had
// started in its service has the same id with "/abort" behind it.
inline constexpr char kStepJob[] = "pipeline_step";
inline constexpr char kAbortJob[] = "pipeline_abort";

// Runs of pipelines and their steps. Every change commits together with the jobs that it makes or cancels. Thread-safe.
//
// Locks are taken in one order, jobs before runs, because finishing a step locks its job first.
class PipelineStore {
 public:
  // `database` must outlive the store.
  explicit PipelineStore(postgres::Database& database) : database_(database) {}

  // Writes the run (id, pipeline, principal, traceparent) and enqueues its first steps; returns its id, or that of the
  // run which the same key made before. Errors: see jobs::SubmitOnce.
  absl::StatusOr<std::string> Create(const jobs::SubmitKey& key, const PipelineRun& run, absl::Time deadline);

  // The run that `key` made before; nullopt when it made none. INVALID_ARGUMENT REQUEST_ID_REUSED.
  absl::StatusOr<std::optional<std::string>> FindCreated(const jobs::SubmitKey& key, absl::Time deadline);

  // NOT_FOUND RUN_NOT_FOUND.
  absl::StatusOr<PipelineRun> Get(const std::string& run_id, absl::Time deadline);
  // Up to `limit` runs older than the one with the id `before` (empty: from the newest), newest first.
  absl::StatusOr<std::vector<PipelineRun>> List(const std::string& before, int limit, absl::Time deadline);

  // Asks every job of the run to stop and lets no further step begin; for those that may have started something in
  // their service, unless their kind is one of `not_cancellable`, a job is enqueued that stops it. No-op on a run that
  // has finished. NOT_FOUND.
  absl::Status Cancel(const std::string& run_id, const std::set<std::string>& not_cancellable, absl::Time deadline);

  // Begins a new generation of the steps that StepsToRepeat names; returns the run's id. NOT_FOUND, and the errors of
  // StepsToRepeat and SubmitOnce.
  absl::StatusOr<std::string> Retry(const jobs::SubmitKey& key, const std::string& run_id, const std::string& from_step,
                                    absl::Time deadline);

  // The step that a job works for, with what it needs. NOT_FOUND STEP_NOT_FOUND.
  struct StepJob {
    std::string run_id;
    Step step;
    int generation = 1;
    bool superseded = false;                 // by a later generation; only an abort can meet that
    std::string resource;                    // what it started, if that was written down
    std::map<std::string, Outputs> sources;  // outputs of the steps that it depends on
    std::string traceparent;
  };
  absl::StatusOr<StepJob> FindStepJob(const std::string& job_id);

  // Remembers what a step started; the first answer stays.
  absl::Status RecordResource(const std::string& job_id, const std::string& resource);

  // For the transaction in which a step's job succeeds: writes its outputs and enqueues the steps that are ready now.
  absl::Status FinishStep(postgres::Transaction& tx, const std::string& job_id, const Outputs& outputs);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::orchestrator
