#include "services/orchestrator/store/pipeline_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/store.h"
#include "services/orchestrator/store/pipeline_json.h"
#include "services/orchestrator/store/pipeline_rows.h"

namespace breadthflow::orchestrator {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::TextArray;
using postgres::Transaction;

constexpr char kInsertRun[] =
    "INSERT INTO pipeline_run (id, pipeline_id, description, principal, traceparent) VALUES ($1, $2, $3, $4, $5)";

// $3 .. $6: ordinal, definition, waits_for, job_id, one array each.
constexpr char kInsertSteps[] = R"sql(
INSERT INTO pipeline_step (run_id, generation, ordinal, definition, waits_for, job_id)
SELECT $1, $2::integer, ordinal, definition::jsonb, waits_for::integer[], job_id
FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[]) AS step (ordinal, definition, waits_for, job_id))sql";

constexpr char kSupersede[] =
    "UPDATE pipeline_step SET superseded = true WHERE run_id = $1 AND NOT superseded AND ordinal = ANY ($2::integer[])";

constexpr char kLockRun[] =
    "SELECT cancel_requested, principal, traceparent FROM pipeline_run WHERE id = $1 FOR UPDATE";

constexpr char kNewestIds[] = "SELECT id FROM pipeline_run WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2::bigint";

constexpr char kSelectStep[] = R"sql(
SELECT s.run_id, s.definition::text, s.generation, s.superseded, s.resource, r.traceparent
FROM pipeline_step s JOIN pipeline_run r ON r.id = s.run_id WHERE s.job_id = $1)sql";

constexpr char kSelectSources[] = R"sql(
SELECT source.definition ->> 'id', source.outputs::text
FROM pipeline_step s
JOIN pipeline_step source
  ON source.run_id = s.run_id AND source.ordinal = ANY (s.waits_for) AND NOT source.superseded
WHERE s.job_id = $1)sql";

constexpr char kRecordResource[] = "UPDATE pipeline_step SET resource = $2 WHERE job_id = $1 AND resource = ''";

constexpr char kRecordOutputs[] =
    "UPDATE pipeline_step SET outputs = $2::jsonb WHERE job_id = $1 RETURNING run_id, ordinal";

// The rule of ReadySteps, for those that waited for step $2 of run $1: a long pipeline must not be read whole each time
// that a step ends.
constexpr char kReadyAfter[] = R"sql(
SELECT s.job_id
FROM pipeline_step s
WHERE s.run_id = $1 AND NOT s.superseded AND $2::integer = ANY (s.waits_for)
  AND NOT EXISTS (SELECT FROM job WHERE id = s.job_id)
  AND NOT EXISTS (
    SELECT FROM pipeline_step before LEFT JOIN job j ON j.id = before.job_id
    WHERE before.run_id = s.run_id AND NOT before.superseded AND before.ordinal = ANY (s.waits_for)
      AND j.state IS DISTINCT FROM $3::smallint)
ORDER BY s.ordinal)sql";

absl::StatusOr<PipelineRun> LockAndLoad(Transaction& tx, const std::string& run_id) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kLockRun, {run_id}));
  if (rows.empty()) return RunNotFound(run_id);
  return LoadOne(tx, run_id);
}

absl::Status InsertSteps(Transaction& tx, const PipelineRun& run, const std::vector<size_t>& steps, int generation) {
  const std::vector<std::vector<size_t>> dependencies = Dependencies(run.pipeline);
  std::vector<int64_t> ordinals;
  std::vector<std::string> definitions, waits_for, job_ids;
  for (const size_t step : steps) {
    ordinals.push_back(static_cast<int64_t>(step));
    definitions.push_back(ToJson(run.pipeline.steps[step]));
    waits_for.push_back(postgres::IntArray({dependencies[step].begin(), dependencies[step].end()}));
    job_ids.push_back(JobIdOf(run.id, run.pipeline.steps[step].id, generation));
  }
  return tx
      .Execute(kInsertSteps, {run.id, static_cast<int64_t>(generation), postgres::IntArray(ordinals),
                              TextArray(definitions), TextArray(waits_for), TextArray(job_ids)})
      .status();
}

absl::Status EnqueueStep(Transaction& tx, const std::string& job_id, const std::string& principal,
                         const std::string& traceparent) {
  return jobs::JobStore::Enqueue(tx,
                                 {.id = job_id, .kind = kStepJob, .principal = principal, .traceparent = traceparent});
}

absl::Status EnqueueReady(Transaction& tx, const PipelineRun& run) {
  for (const size_t step : ReadySteps(run)) {
    const std::string job_id = JobIdOf(run.id, run.pipeline.steps[step].id, run.steps[step].generation);
    BF_RETURN_IF_ERROR(EnqueueStep(tx, job_id, run.principal, run.traceparent));
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

absl::StatusOr<std::string> PipelineStore::Create(const jobs::SubmitKey& key, const PipelineRun& run,
                                                  absl::Time deadline) {
  const auto create = [&](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_RETURN_IF_ERROR(
        tx.Execute(kInsertRun, {run.id, run.pipeline.id, run.pipeline.description, run.principal, run.traceparent})
            .status());
    PipelineRun first = run;
    first.generation = 1;
    first.steps.assign(run.pipeline.steps.size(), StepRun{});
    std::vector<size_t> all(first.steps.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    BF_RETURN_IF_ERROR(InsertSteps(tx, first, all, 1));
    BF_RETURN_IF_ERROR(EnqueueReady(tx, first));
    return run.id;
  };
  return jobs::SubmitOnce(database_, key, create, {.deadline = deadline});
}

absl::StatusOr<std::optional<std::string>> PipelineStore::FindCreated(const jobs::SubmitKey& key, absl::Time deadline) {
  return jobs::FindSubmitted(database_, key, {.deadline = deadline});
}

absl::StatusOr<PipelineRun> PipelineStore::Get(const std::string& run_id, absl::Time deadline) {
  absl::StatusOr<PipelineRun> run = RunNotFound(run_id);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        run = LoadOne(tx, run_id);
        return run.status();
      },
      {.deadline = deadline, .read_only = true}));
  return run;
}

absl::StatusOr<std::vector<PipelineRun>> PipelineStore::List(const std::string& before, int limit,
                                                             absl::Time deadline) {
  std::vector<PipelineRun> runs;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kNewestIds, {before, static_cast<int64_t>(limit)}));
        std::vector<std::string> ids;
        for (const Row& row : rows) ids.push_back(row.Text(0));
        BF_ASSIGN_OR_RETURN(runs, Load(tx, ids));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return runs;
}

absl::Status PipelineStore::Cancel(const std::string& run_id, const std::set<std::string>& not_cancellable,
                                   absl::Time deadline) {
  // Asking twice changes nothing more, so a COMMIT whose outcome is not known may simply be repeated.
  const postgres::TransactOptions options{.deadline = deadline, .took_effect = [](Transaction&) { return false; }};
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
                                                 const std::string& from_step, absl::Time deadline) {
  const auto repeat_from = [&](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_ASSIGN_OR_RETURN(PipelineRun run, LockAndLoad(tx, run_id));
    BF_ASSIGN_OR_RETURN(const std::vector<size_t> repeat, StepsToRepeat(run, from_step));
    ++run.generation;
    run.cancel_requested = false;
    for (const size_t step : repeat) run.steps[step] = StepRun{.generation = run.generation};
    BF_RETURN_IF_ERROR(tx.Execute("UPDATE pipeline_run SET generation = $2::integer, cancel_requested = false, "
                                  "update_time = now() WHERE id = $1",
                                  {run_id, static_cast<int64_t>(run.generation)})
                           .status());
    BF_RETURN_IF_ERROR(tx.Execute(kSupersede, {run_id, postgres::IntArray({repeat.begin(), repeat.end()})}).status());
    BF_RETURN_IF_ERROR(InsertSteps(tx, run, repeat, run.generation));
    BF_RETURN_IF_ERROR(EnqueueReady(tx, run));
    return run_id;
  };
  return jobs::SubmitOnce(database_, key, repeat_from, {.deadline = deadline});
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
        found.run_id = rows[0].Text(0);
        BF_ASSIGN_OR_RETURN(found.step, StepFromJson(rows[0].Text(1)));
        found.generation = static_cast<int>(rows[0].Int(2));
        found.superseded = rows[0].Bool(3);
        found.resource = rows[0].Text(4);
        found.traceparent = rows[0].Text(5);
        BF_ASSIGN_OR_RETURN(const Rows sources, tx.Query(kSelectSources, {job_id}));
        for (const Row& row : sources) {
          BF_ASSIGN_OR_RETURN(found.sources[row.Text(0)], OutputsFromJson(row.Text(1)));
        }
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
  const std::string run_id = rows[0].Text(0);
  BF_ASSIGN_OR_RETURN(const Rows runs, tx.Query(kLockRun, {run_id}));
  if (runs.empty()) return RunNotFound(run_id);
  BF_RETURN_IF_ERROR(tx.Execute("UPDATE pipeline_run SET update_time = now() WHERE id = $1", {run_id}).status());
  if (runs[0].Bool(0)) return absl::OkStatus();  // cancel was asked: nothing more begins
  BF_ASSIGN_OR_RETURN(const Rows ready,
                      tx.Query(kReadyAfter, {run_id, rows[0].Int(1), static_cast<int64_t>(jobs::State::kSucceeded)}));
  for (const Row& row : ready) {
    BF_RETURN_IF_ERROR(EnqueueStep(tx, row.Text(0), runs[0].Text(1), runs[0].Text(2)));
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::orchestrator
