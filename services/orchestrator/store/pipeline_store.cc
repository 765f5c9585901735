#include "services/orchestrator/store/pipeline_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/store.h"
#include "services/orchestrator/store/pipeline_json.h"

namespace breadthflow::orchestrator {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::TextArray;
using postgres::Transaction;

constexpr char kInsertRun[] = R"sql(
INSERT INTO pipeline_run (id, pipeline_id, pipeline, principal, traceparent)
VALUES ($1, $2, $3::jsonb, $4, $5))sql";

constexpr char kInsertSteps[] = R"sql(
INSERT INTO pipeline_step (run_id, ordinal, generation, job_id)
SELECT $1, ordinal, $2::integer, job_id FROM unnest($3::integer[], $4::text[]) AS step (ordinal, job_id))sql";

constexpr char kLockRun[] = "SELECT generation FROM pipeline_run WHERE id = $1 FOR UPDATE";

constexpr char kNewestIds[] = "SELECT id FROM pipeline_run WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2::bigint";

// One row per step in its current generation; the pipeline comes with the first. One statement, so that run, steps and
// jobs are of one instant. Two placeholders: the columns of a job and a condition on r.
constexpr char kSelectRuns[] = R"sql(
SELECT r.id, r.generation, r.cancel_requested, r.create_time, r.update_time, r.principal, r.traceparent,
  CASE WHEN s.ordinal = 0 THEN r.pipeline::text END,
  s.generation, s.resource, s.outputs::text, j.id IS NOT NULL, {}
FROM pipeline_run r
CROSS JOIN LATERAL (
  SELECT DISTINCT ON (ordinal) * FROM pipeline_step WHERE run_id = r.id ORDER BY ordinal, generation DESC
) s
LEFT JOIN job j ON j.id = s.job_id
WHERE r.id = ANY ($1::text[])
ORDER BY r.id DESC, s.ordinal)sql";
constexpr int kJobColumn = 12;

constexpr char kSelectStep[] = "SELECT run_id, ordinal, generation, resource FROM pipeline_step WHERE job_id = $1";

constexpr char kRecordResource[] = "UPDATE pipeline_step SET resource = $2 WHERE job_id = $1 AND resource = ''";

constexpr char kRecordOutputs[] = "UPDATE pipeline_step SET outputs = $2::jsonb WHERE job_id = $1 RETURNING run_id";

absl::Status RunNotFound(const std::string& run_id) {
  return base::MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND",
                         fmt::format("there is no pipeline run '{}'", run_id));
}

absl::StatusOr<std::vector<PipelineRun>> Load(Transaction& tx, const std::vector<std::string>& ids) {
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(fmt::format(kSelectRuns, jobs::JobStore::Columns("j")), {TextArray(ids)}));
  std::vector<PipelineRun> runs;
  for (const Row& row : rows) {
    if (runs.empty() || runs.back().id != row.Text(0)) {
      PipelineRun run;
      run.id = row.Text(0);
      run.generation = static_cast<int>(row.Int(1));
      run.cancel_requested = row.Bool(2);
      run.create_time = row.Time(3);
      run.update_time = row.Time(4);
      run.principal = row.Text(5);
      run.traceparent = row.Text(6);
      BF_ASSIGN_OR_RETURN(run.pipeline, PipelineFromJson(row.Text(7)));
      runs.push_back(std::move(run));
    }
    StepRun step;
    step.generation = static_cast<int>(row.Int(8));
    step.resource = row.Text(9);
    BF_ASSIGN_OR_RETURN(step.outputs, OutputsFromJson(row.Text(10)));
    if (row.Bool(11)) step.job = jobs::JobStore::FromRow(row, kJobColumn);
    runs.back().steps.push_back(std::move(step));
  }
  return runs;
}

absl::StatusOr<PipelineRun> LoadOne(Transaction& tx, const std::string& run_id) {
  BF_ASSIGN_OR_RETURN(std::vector<PipelineRun> runs, Load(tx, {run_id}));
  if (runs.empty()) return RunNotFound(run_id);
  return std::move(runs.front());
}

absl::StatusOr<PipelineRun> LockAndLoad(Transaction& tx, const std::string& run_id) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kLockRun, {run_id}));
  if (rows.empty()) return RunNotFound(run_id);
  return LoadOne(tx, run_id);
}

absl::Status InsertSteps(Transaction& tx, const PipelineRun& run, const std::vector<size_t>& steps, int generation) {
  std::vector<int64_t> ordinals;
  std::vector<std::string> job_ids;
  for (const size_t step : steps) {
    ordinals.push_back(static_cast<int64_t>(step));
    job_ids.push_back(JobIdOf(run.id, run.pipeline.steps[step].id, generation));
  }
  return tx
      .Execute(kInsertSteps,
               {run.id, static_cast<int64_t>(generation), postgres::IntArray(ordinals), TextArray(job_ids)})
      .status();
}

absl::Status EnqueueReady(Transaction& tx, const PipelineRun& run) {
  for (const size_t step : ReadySteps(run)) {
    BF_RETURN_IF_ERROR(
        jobs::JobStore::Enqueue(tx, {.id = JobIdOf(run.id, run.pipeline.steps[step].id, run.steps[step].generation),
                                     .kind = kStepJob,
                                     .principal = run.principal,
                                     .traceparent = run.traceparent}));
  }
  return absl::OkStatus();
}

// Asks the active jobs among `steps` to stop and enqueues what stops their work elsewhere.
absl::Status CancelSteps(Transaction& tx, const PipelineRun& run, const std::set<std::string>& not_cancellable) {
  std::vector<std::string> abort_ids;
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const StepRun& step = run.steps[i];
    if (!step.job) continue;
    BF_RETURN_IF_ERROR(jobs::JobStore::RequestCancel(tx, step.job->id).status());
    const bool stops = !jobs::IsTerminal(step.job->state) || step.job->state == jobs::State::kCancelled;
    if (stops && step.job->attempt > 0 && !not_cancellable.contains(run.pipeline.steps[i].kind)) {
      abort_ids.push_back(step.job->id + "/abort");
    }
  }
  BF_ASSIGN_OR_RETURN(const std::vector<jobs::Job> known, jobs::JobStore::GetAll(tx, abort_ids));
  for (const std::string& id : abort_ids) {
    if (std::any_of(known.begin(), known.end(), [&](const jobs::Job& job) { return job.id == id; })) continue;
    BF_RETURN_IF_ERROR(jobs::JobStore::Enqueue(
        tx,
        {.id = id, .kind = kAbortJob, .principal = run.principal, .traceparent = run.traceparent, .priority = 100}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> PipelineStore::Create(const jobs::SubmitKey& key, const PipelineRun& run) {
  return jobs::SubmitOnce(database_, key, [&](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_RETURN_IF_ERROR(
        tx.Execute(kInsertRun, {run.id, run.pipeline.id, ToJson(run.pipeline), run.principal, run.traceparent})
            .status());
    PipelineRun first = run;
    first.generation = 1;
    first.steps.assign(run.pipeline.steps.size(), StepRun{});
    std::vector<size_t> all(first.steps.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    BF_RETURN_IF_ERROR(InsertSteps(tx, first, all, 1));
    BF_RETURN_IF_ERROR(EnqueueReady(tx, first));
    return run.id;
  });
}

absl::StatusOr<PipelineRun> PipelineStore::Get(const std::string& run_id) {
  absl::StatusOr<PipelineRun> run = RunNotFound(run_id);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        run = LoadOne(tx, run_id);
        return run.status();
      },
      {.read_only = true}));
  return run;
}

absl::StatusOr<std::vector<PipelineRun>> PipelineStore::List(const std::string& before, int limit) {
  std::vector<PipelineRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kNewestIds, {before, static_cast<int64_t>(limit)}));
        std::vector<std::string> ids;
        for (const Row& row : rows) ids.push_back(row.Text(0));
        BF_ASSIGN_OR_RETURN(runs, Load(tx, ids));
        return absl::OkStatus();
      },
      {.read_only = true}));
  return runs;
}

absl::Status PipelineStore::Cancel(const std::string& run_id, const std::set<std::string>& not_cancellable) {
  // Asking twice changes nothing more, so a COMMIT whose outcome is not known may simply be repeated.
  const postgres::TransactOptions options{.took_effect = [](Transaction&) { return false; }};
  return database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const PipelineRun before, LoadOne(tx, run_id));
        bool active = false;
        for (const StepRun& step : before.steps) {
          if (!step.job || jobs::IsTerminal(step.job->state)) continue;
          active = true;
          BF_RETURN_IF_ERROR(jobs::JobStore::RequestCancel(tx, step.job->id).status());
        }
        BF_ASSIGN_OR_RETURN(const PipelineRun run, LockAndLoad(tx, run_id));
        if (!active && jobs::IsTerminal(Summarize(run).state)) return absl::OkStatus();
        BF_RETURN_IF_ERROR(
            tx.Execute("UPDATE pipeline_run SET cancel_requested = true, update_time = now() WHERE id = $1", {run_id})
                .status());
        return CancelSteps(tx, run, not_cancellable);
      },
      options);
}

absl::StatusOr<std::string> PipelineStore::Retry(const jobs::SubmitKey& key, const std::string& run_id,
                                                 const std::string& from_step) {
  return jobs::SubmitOnce(database_, key, [&](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_ASSIGN_OR_RETURN(PipelineRun run, LockAndLoad(tx, run_id));
    BF_ASSIGN_OR_RETURN(const std::vector<size_t> repeat, StepsToRepeat(run, from_step));
    ++run.generation;
    run.cancel_requested = false;
    for (const size_t step : repeat) run.steps[step] = StepRun{.generation = run.generation};
    BF_RETURN_IF_ERROR(tx.Execute("UPDATE pipeline_run SET generation = $2::integer, cancel_requested = false, "
                                  "update_time = now() WHERE id = $1",
                                  {run_id, static_cast<int64_t>(run.generation)})
                           .status());
    BF_RETURN_IF_ERROR(InsertSteps(tx, run, repeat, run.generation));
    BF_RETURN_IF_ERROR(EnqueueReady(tx, run));
    return run_id;
  });
}

absl::StatusOr<PipelineStore::StepJob> PipelineStore::FindStepJob(const std::string& job_id) {
  StepJob found;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kSelectStep, {job_id}));
        if (rows.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "STEP_NOT_FOUND",
                                 fmt::format("no step of a pipeline has the job '{}'", job_id));
        }
        BF_ASSIGN_OR_RETURN(found.run, LoadOne(tx, rows[0].Text(0)));
        found.step = static_cast<size_t>(rows[0].Int(1));
        found.generation = static_cast<int>(rows[0].Int(2));
        found.resource = rows[0].Text(3);
        return absl::OkStatus();
      },
      {.read_only = true}));
  return found;
}

absl::Status PipelineStore::RecordResource(const std::string& job_id, const std::string& resource) {
  const postgres::TransactOptions options{.took_effect = [](Transaction&) { return false; }};
  return database_.Transact(
      [&](Transaction& tx) {
        return tx.Execute(kRecordResource, {job_id, resource}).status();
      },
      options);
}

absl::Status PipelineStore::FinishStep(Transaction& tx, const std::string& job_id, const Outputs& outputs) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kRecordOutputs, {job_id, ToJson(outputs)}));
  if (rows.empty()) return base::MakeError(absl::StatusCode::kNotFound, "STEP_NOT_FOUND", "the step is gone");
  BF_ASSIGN_OR_RETURN(const PipelineRun run, LockAndLoad(tx, rows[0].Text(0)));
  BF_RETURN_IF_ERROR(tx.Execute("UPDATE pipeline_run SET update_time = now() WHERE id = $1", {run.id}).status());
  return EnqueueReady(tx, run);
}

}  // namespace breadthflow::orchestrator
