#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/component/catalog.h"
#include "common/jobs/runner.h"
#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/store/pipeline_store.h"

namespace breadthflow::orchestrator {

// Does the work of steps' jobs: submits to the service, waits for the downstream run to end, takes its outputs.
//
// - Every attempt submits with the same request_id (a name-based UUID of run, step and generation), so that one that
//   comes after a crash finds what the one before started.
// - A service that can not be reached is waited for: that costs no attempt until `patience` has passed.
// - A downstream run that FAILED is final for the generation: RetryPipelineRun begins the next one.
// - A step that succeeds enqueues the steps after it in the transaction that makes it SUCCEEDED.
class PipelineRunner {
 public:
  struct Options {
    absl::Duration poll_first = absl::Milliseconds(20);  // between looks at the downstream run; grows by half ...
    absl::Duration poll_most = absl::Milliseconds(500);  // ... to this
    absl::Duration patience = absl::Minutes(10);         // with a service that does not answer
    absl::Duration abort_patience = absl::Minutes(1);    // the same, to stop what a cancelled step had started
  };

  // All must outlive the runner that handles the jobs.
  PipelineRunner(PipelineStore& store, const component::Catalog<StepEntry>& catalog, const Services& services,
                 const base::Clock& clock, Options options);

  // Makes `runner` do the jobs of steps. Before its Start.
  void HandleJobs(jobs::Runner& runner);

 private:
  absl::StatusOr<jobs::Effects> RunStep(jobs::JobContext& context);
  absl::StatusOr<jobs::Effects> AbortStep(jobs::JobContext& context);

  absl::StatusOr<StepCall> CallOf(const PipelineStore::StepJob& job, const jobs::JobContext& context) const;
  absl::StatusOr<clients::RunStatus> WaitForEnd(StepRunner& step, const std::string& resource,
                                                jobs::JobContext& context);
  // Calls `call` until its error is not one that waiting cures, or `patience` has passed since the first of them.
  template <typename Result>
  Result Patiently(jobs::JobContext& context, absl::Duration patience, const std::function<Result()>& call);

  PipelineStore& store_;
  const base::Clock& clock_;
  const Options options_;
  const StepKinds kinds_;
  std::map<std::string, std::unique_ptr<StepRunner>, std::less<>> steps_;
};

}  // namespace breadthflow::orchestrator
