#include "services/orchestrator/app/pipeline_runner.h"

#include <algorithm>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/transient.h"

namespace breadthflow::orchestrator {
namespace {

constexpr std::string_view kAbortSuffix = "/abort";

absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// The service may answer if asked again soon. What looks like a mistake of its own is left to the next attempt.
bool IsPassing(const absl::Status& error) {
  return base::IsTransient(error) && error.code() != absl::StatusCode::kInternal &&
         error.code() != absl::StatusCode::kUnknown;
}

// A run that a newer orchestrator accepted.
absl::Status UnknownKind(const std::string& kind) {
  return base::MakeError(absl::StatusCode::kUnimplemented, "UNKNOWN_STEP_KIND",
                         fmt::format("this orchestrator does not know steps of kind '{}'", kind));
}

// Waits, in pieces short enough to notice a cancel.
void Wait(absl::Duration duration, const base::CancelToken& cancel) {
  const absl::Time until = absl::Now() + duration;
  while (!cancel.cancelled() && absl::Now() < until) {
    absl::SleepFor(std::min(until - absl::Now(), absl::Milliseconds(20)));
  }
}

// The error of a step whose downstream run ended without success. A code that the job queue would try again becomes
// FAILED_PRECONDITION: the run will not end differently by being looked at once more.
absl::Status EndedWithout(const std::string& resource, const clients::RunStatus& status) {
  if (status.state == clients::RunState::kCancelled) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "STEP_RUN_CANCELLED",
                           fmt::format("{} was cancelled by someone else", resource));
  }
  base::ErrorDetails details = base::DetailsOf(status.error);
  details.metadata["resource"] = resource;
  details.retry_after.reset();
  const std::string message = fmt::format("{} failed: {}", resource, base::Message(status.error));
  if (!status.error.ok() && !base::IsTransient(status.error)) {
    return base::MakeError(status.error.code(), message, details);
  }
  details.metadata["code"] = base::CodeName(status.error.code());
  if (status.error.ok()) details.reason = "STEP_RUN_FAILED";
  return base::MakeError(absl::StatusCode::kFailedPrecondition, message, details);
}

}  // namespace

PipelineRunner::PipelineRunner(PipelineStore& store, const component::Catalog<StepEntry>& catalog,
                               const Services& services, const base::Clock& clock, Options options)
    : store_(store), clock_(clock), options_(options), kinds_(KindsOf(catalog)) {
  for (const StepEntry& entry : catalog.entries()) steps_[entry.info.name] = entry.make(services);
}

void PipelineRunner::HandleJobs(jobs::Runner& runner) {
  runner.Handle(kStepJob, [this](jobs::JobContext& context) { return RunStep(context); });
  runner.Handle(kAbortJob, [this](jobs::JobContext& context) { return AbortStep(context); });
}

template <typename Result>
Result PipelineRunner::Patiently(jobs::JobContext& context, absl::Duration patience,
                                 const std::function<Result()>& call) {
  absl::Time first_failure = absl::InfiniteFuture();
  absl::Duration pause = absl::Milliseconds(100);
  for (;;) {
    if (absl::Status stopped = context.cancel().Check(); !stopped.ok()) return stopped;
    Result result = call();
    const absl::Status status = StatusOf(result);
    if (status.ok()) return result;
    if (absl::Status stopped = context.cancel().Check(); !stopped.ok()) return stopped;
    if (!IsPassing(status)) return result;
    first_failure = std::min(first_failure, clock_.Now());
    if (clock_.Now() - first_failure >= patience) return result;
    context.Progress(0, fmt::format("waits for its service: {}", base::Message(status)));
    Wait(pause, context.cancel());
    pause = std::min(pause * 2, absl::Seconds(2));
  }
}

absl::StatusOr<StepCall> PipelineRunner::CallOf(const PipelineStore::StepJob& job,
                                                const jobs::JobContext& context) const {
  const Step& step = job.step;
  StepCall call;
  const auto kind = kinds_.find(step.kind);
  if (kind == kinds_.end()) return UnknownKind(step.kind);
  BF_ASSIGN_OR_RETURN(call.params, SortParams(kind->second, step.params));
  BF_ASSIGN_OR_RETURN(call.inputs, ResolveInputs(step, job.sources));
  call.request_id = base::NameUuid(JobIdOf(job.run_id, step.id, job.generation));
  call.scope = {.deadline = absl::InfiniteFuture(), .traceparent = job.traceparent, .cancel = context.cancel()};
  return call;
}

absl::StatusOr<clients::RunStatus> PipelineRunner::WaitForEnd(StepRunner& step, const std::string& resource,
                                                              jobs::JobContext& context) {
  const clients::CallScope scope{
      .deadline = absl::InfiniteFuture(), .traceparent = context.job().traceparent, .cancel = context.cancel()};
  absl::Duration pause = options_.poll_first;
  for (;;) {
    BF_ASSIGN_OR_RETURN(clients::RunStatus status,
                        (Patiently<absl::StatusOr<clients::RunStatus>>(context, options_.patience,
                                                                       [&] { return step.Poll(resource, scope); })));
    if (status.finished()) return status;
    context.Progress(status.progress, status.stage);
    Wait(pause, context.cancel());
    pause = std::min(pause * 1.5, options_.poll_most);
  }
}

absl::StatusOr<jobs::Effects> PipelineRunner::RunStep(jobs::JobContext& context) {
  const std::string job_id = context.job().id;
  BF_ASSIGN_OR_RETURN(const PipelineStore::StepJob job, store_.FindStepJob(job_id));
  BF_ASSIGN_OR_RETURN(const StepCall call, CallOf(job, context));
  StepRunner& step = *steps_.find(job.step.kind)->second;

  std::string resource = job.resource;
  if (resource.empty()) {
    BF_ASSIGN_OR_RETURN(resource, (Patiently<absl::StatusOr<std::string>>(context, options_.patience,
                                                                          [&] { return step.Submit(call); })));
    BF_RETURN_IF_ERROR(store_.RecordResource(job_id, resource));
  }
  BF_ASSIGN_OR_RETURN(const clients::RunStatus status, WaitForEnd(step, resource, context));
  if (status.state != clients::RunState::kSucceeded) return EndedWithout(resource, status);
  BF_ASSIGN_OR_RETURN(Outputs outputs, (Patiently<absl::StatusOr<Outputs>>(
                                           context, options_.patience, [&] { return step.Collect(call, resource); })));
  return jobs::Effects([this, job_id, outputs = std::move(outputs)](postgres::Transaction& tx) {
    return store_.FinishStep(tx, job_id, outputs);
  });
}

absl::StatusOr<jobs::Effects> PipelineRunner::AbortStep(jobs::JobContext& context) {
  const std::string& id = context.job().id;
  BF_ASSIGN_OR_RETURN(const PipelineStore::StepJob job,
                      store_.FindStepJob(id.substr(0, id.size() - kAbortSuffix.size())));
  const auto step = steps_.find(job.step.kind);
  if (step == steps_.end()) return UnknownKind(job.step.kind);
  std::string resource = job.resource;
  if (resource.empty()) {
    // The worker vanished, or was stopped, between submitting and writing down what it got. Submitting again finds it;
    // at worst it makes the run, to be cancelled at once, before a call that is still on its way does.
    if (job.superseded) return jobs::Effects();
    BF_ASSIGN_OR_RETURN(const StepCall call, CallOf(job, context));
    BF_ASSIGN_OR_RETURN(resource, (Patiently<absl::StatusOr<std::string>>(context, options_.abort_patience,
                                                                          [&] { return step->second->Submit(call); })));
  }
  const clients::CallScope scope{
      .deadline = absl::InfiniteFuture(), .traceparent = job.traceparent, .cancel = context.cancel()};
  BF_RETURN_IF_ERROR(
      Patiently<absl::Status>(context, options_.abort_patience, [&] { return step->second->Cancel(resource, scope); }));
  return jobs::Effects();
}

}  // namespace breadthflow::orchestrator
