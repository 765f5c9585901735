#include "services/orchestrator/store/pipeline_rows.h"

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

// One row per step. One statement, so that run, steps and jobs are of one instant. {}: the columns of a job.
constexpr char kSelectRuns[] = R"sql(
SELECT r.id, r.pipeline_id, r.description, r.generation, r.cancel_requested, r.create_time, r.update_time, r.principal,
  r.traceparent, s.definition::text, s.generation, s.resource, s.outputs::text, j.id IS NOT NULL, {}
FROM pipeline_run r
JOIN pipeline_step s ON s.run_id = r.id AND NOT s.superseded
LEFT JOIN job j ON j.id = s.job_id
WHERE r.id = ANY ($1::text[])
ORDER BY r.id DESC, s.ordinal)sql";
constexpr int kJobColumn = 14;

}  // namespace

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
      run.pipeline = {row.Text(1), row.Text(2), {}};
      run.generation = static_cast<int>(row.Int(3));
      run.cancel_requested = row.Bool(4);
      run.create_time = row.Time(5);
      run.update_time = row.Time(6);
      run.principal = row.Text(7);
      run.traceparent = row.Text(8);
      runs.push_back(std::move(run));
    }
    BF_ASSIGN_OR_RETURN(Step definition, StepFromJson(row.Text(9)));
    runs.back().pipeline.steps.push_back(std::move(definition));
    StepRun step;
    step.generation = static_cast<int>(row.Int(10));
    step.resource = row.Text(11);
    BF_ASSIGN_OR_RETURN(step.outputs, OutputsFromJson(row.Text(12)));
    if (row.Bool(13)) step.job = jobs::JobStore::FromRow(row, kJobColumn);
    runs.back().steps.push_back(std::move(step));
  }
  return runs;
}

absl::StatusOr<PipelineRun> LoadOne(Transaction& tx, const std::string& run_id) {
  BF_ASSIGN_OR_RETURN(std::vector<PipelineRun> runs, Load(tx, {run_id}));
  if (runs.empty()) return RunNotFound(run_id);
  return std::move(runs.front());
}

}  // namespace breadthflow::orchestrator
