#include "services/orchestrator/app/pipelines.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/orchestrator/domain/component_check.h"

namespace breadthflow::orchestrator {
namespace {

// A run does not wait long for a check that the services make again.
constexpr absl::Duration kRegistryPatience = absl::Seconds(2);

}  // namespace

Pipelines::Pipelines(PipelineStore& store, const component::Catalog<StepEntry>& catalog,
                     clients::RegistryClient& registry, jobs::Runner& runner, const base::Clock& clock)
    : store_(store), registry_(registry), runner_(runner), clock_(clock), kinds_(KindsOf(catalog)) {
  for (const StepEntry& entry : catalog.entries()) {
    if (!entry.cancellable) not_cancellable_.insert(entry.info.name);
  }
}

absl::Status Pipelines::Check(const Pipeline& pipeline, const Request& request) {
  base::Violations violations;
  violations.Merge("", Validate(pipeline, kinds_));
  const auto registered =
      registry_.ListComponents("", {.deadline = std::min(request.deadline, clock_.Now() + kRegistryPatience),
                                    .traceparent = request.traceparent,
                                    .cancel = {}});
  if (registered.ok()) {
    KnownComponents known;  // they come with the newest version last
    for (const clients::RegisteredComponent& component : *registered) {
      known[component.info.kind][component.info.name] = component.params;
    }
    CheckComponents(pipeline, kinds_, known, violations);
  }
  return violations.ToStatus("invalid pipeline", "INVALID_PIPELINE");
}

absl::StatusOr<PipelineRun> Pipelines::Run(const Pipeline& pipeline, const Request& request) {
  const jobs::SubmitKey key{.principal = request.principal,
                            .method = "RunPipeline",
                            .request_id = request.request_id,
                            .payload_hash = HashOf(pipeline)};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known, store_.FindCreated(key, request.deadline));
  if (known) return store_.Get(*known, request.deadline);
  BF_RETURN_IF_ERROR(Check(pipeline, request));
  PipelineRun run;
  run.id = base::NewUuid(clock_.Now());
  run.pipeline = pipeline;
  run.principal = request.principal;
  run.traceparent = request.traceparent;
  BF_ASSIGN_OR_RETURN(const std::string run_id, store_.Create(key, run, request.deadline));
  runner_.WakeUp();
  return store_.Get(run_id, request.deadline);
}

absl::StatusOr<PipelineRun> Pipelines::Get(const std::string& run_id, absl::Time deadline) {
  return store_.Get(run_id, deadline);
}

absl::StatusOr<Pipelines::Page> Pipelines::List(const std::string& before, int page_size, absl::Time deadline) {
  Page page;
  BF_ASSIGN_OR_RETURN(page.runs, store_.List(before, page_size + 1, deadline));
  if (page.runs.size() > static_cast<size_t>(page_size)) {
    page.runs.resize(static_cast<size_t>(page_size));
    page.next = page.runs.back().id;
  }
  return page;
}

absl::StatusOr<PipelineRun> Pipelines::Cancel(const std::string& run_id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(store_.Cancel(run_id, not_cancellable_, deadline));
  runner_.WakeUp();
  return store_.Get(run_id, deadline);
}

absl::StatusOr<PipelineRun> Pipelines::Retry(const std::string& run_id, const std::string& from_step,
                                             const Request& request) {
  const std::string payload = base::Sha256().Text(run_id).Text(from_step).FinishHex();
  BF_RETURN_IF_ERROR(store_
                         .Retry({.principal = request.principal,
                                 .method = "RetryPipelineRun",
                                 .request_id = request.request_id,
                                 .payload_hash = payload},
                                run_id, from_step, request.deadline)
                         .status());
  runner_.WakeUp();
  return store_.Get(run_id, request.deadline);
}

}  // namespace breadthflow::orchestrator
