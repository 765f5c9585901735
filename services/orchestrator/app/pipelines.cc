#include "services/orchestrator/app/pipelines.h"

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace breadthflow::orchestrator {

Pipelines::Pipelines(PipelineStore& store, const component::Catalog<StepEntry>& catalog, jobs::Runner& runner,
                     const base::Clock& clock)
    : store_(store), runner_(runner), clock_(clock), kinds_(KindsOf(catalog)) {
  for (const StepEntry& entry : catalog.entries()) {
    if (!entry.cancellable) not_cancellable_.insert(entry.info.name);
  }
}

absl::StatusOr<PipelineRun> Pipelines::Run(const Pipeline& pipeline, const Request& request) {
  BF_RETURN_IF_ERROR(Validate(pipeline, kinds_));
  PipelineRun run;
  run.id = base::NewUuid(clock_.Now());
  run.pipeline = pipeline;
  run.principal = request.principal;
  run.traceparent = request.traceparent;
  BF_ASSIGN_OR_RETURN(const std::string run_id, store_.Create({.principal = request.principal,
                                                               .method = "RunPipeline",
                                                               .request_id = request.request_id,
                                                               .payload_hash = HashOf(pipeline)},
                                                              run));
  runner_.WakeUp();
  return store_.Get(run_id);
}

absl::StatusOr<PipelineRun> Pipelines::Get(const std::string& run_id) { return store_.Get(run_id); }

absl::StatusOr<Pipelines::Page> Pipelines::List(const std::string& before, int page_size) {
  Page page;
  BF_ASSIGN_OR_RETURN(page.runs, store_.List(before, page_size + 1));
  if (page.runs.size() > static_cast<size_t>(page_size)) {
    page.runs.resize(static_cast<size_t>(page_size));
    page.next = page.runs.back().id;
  }
  return page;
}

absl::StatusOr<PipelineRun> Pipelines::Cancel(const std::string& run_id) {
  BF_RETURN_IF_ERROR(store_.Cancel(run_id, not_cancellable_));
  runner_.WakeUp();
  return store_.Get(run_id);
}

absl::StatusOr<PipelineRun> Pipelines::Retry(const std::string& run_id, const std::string& from_step,
                                             const Request& request) {
  const std::string payload = base::Sha256().Text(run_id).Text(from_step).FinishHex();
  BF_RETURN_IF_ERROR(store_
                         .Retry({.principal = request.principal,
                                 .method = "RetryPipelineRun",
                                 .request_id = request.request_id,
                                 .payload_hash = payload},
                                run_id, from_step)
                         .status());
  runner_.WakeUp();
  return store_.Get(run_id);
}

}  // namespace breadthflow::orchestrator
