#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/clients/registry_client.h"
#include "common/component/catalog.h"
#include "common/jobs/runner.h"
#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/run.h"
#include "services/orchestrator/store/pipeline_store.h"

namespace breadthflow::orchestrator {

// What callers ask of pipelines. Thread-safe.
class Pipelines {
 public:
  // All must outlive this. `runner` is only told that there is work.
  Pipelines(PipelineStore& store, const component::Catalog<StepEntry>& catalog, clients::RegistryClient& registry,
            jobs::Runner& runner, const base::Clock& clock);

  // Who asks, and what makes the request the same request as another one.
  struct Request {
    std::string principal;
    std::string traceparent;
    std::string request_id;  // may be empty
    absl::Time deadline = absl::InfiniteFuture();
  };

  // INVALID_ARGUMENT INVALID_PIPELINE with every violation. Components that steps name are checked as the registry
  // knows them; when it can not be asked, their services find out later.
  absl::Status Check(const Pipeline& pipeline, const Request& request);

  // Starts a run. The errors of Check, or INVALID_ARGUMENT REQUEST_ID_REUSED. A request that was accepted before is
  // answered without being checked again.
  absl::StatusOr<PipelineRun> Run(const Pipeline& pipeline, const Request& request);

  // NOT_FOUND RUN_NOT_FOUND.
  absl::StatusOr<PipelineRun> Get(const std::string& run_id, absl::Time deadline);

  // Up to `page_size` runs older than the one with the id `before` (empty: from the newest), newest first, and the id
  // to go on with (empty on the last page).
  struct Page {
    std::vector<PipelineRun> runs;
    std::string next;
  };
  absl::StatusOr<Page> List(const std::string& before, int page_size, absl::Time deadline);

  // Asks the run, and what its steps have started, to stop. No-op on a run that has finished. NOT_FOUND.
  absl::StatusOr<PipelineRun> Cancel(const std::string& run_id, absl::Time deadline);

  // Calls `changed` when some run may have changed: see jobs::Runner::WatchAll.
  std::unique_ptr<jobs::Runner::Subscription> Watch(std::function<void()> changed) {
    return runner_.WatchAll(std::move(changed));
  }

  // Repeats a finished run from a step on; see StepsToRepeat.
  absl::StatusOr<PipelineRun> Retry(const std::string& run_id, const std::string& from_step, const Request& request);

 private:
  PipelineStore& store_;
  clients::RegistryClient& registry_;
  jobs::Runner& runner_;
  const base::Clock& clock_;
  const StepKinds kinds_;
  std::set<std::string> not_cancellable_;
};

}  // namespace breadthflow::orchestrator
