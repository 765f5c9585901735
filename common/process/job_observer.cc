#include "common/process/job_observer.h"

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "common/telemetry/scope.h"

namespace breadthflow::process {
namespace {

telemetry::Context ContextOf(const jobs::Job& job) {
  telemetry::Context context{.trace = telemetry::CurrentContext().trace, .run_id = job.id};
  if (!context.trace.valid()) context.trace = telemetry::ContinueTrace(job.traceparent);
  return context;
}

}  // namespace

JobObserver::JobObserver(telemetry::Metrics& metrics, std::string module)
    : metrics_(metrics),
      module_(std::move(module)),
      lease_lost_(metrics.Counter("bf_lease_lost_total", "Attempts whose job was given to another worker.",
                                  {{"module", module_}})),
      rescued_(metrics.Counter("bf_rescued_total", "Jobs taken back from workers that died.", {{"module", module_}})) {}

void JobObserver::Ended(const jobs::Job& job, jobs::State state, const absl::Status& error, absl::Duration elapsed) {
  const std::string outcome(jobs::StateName(state));
  {
    absl::MutexLock lock(&mutex_);
    auto [found, missing] = durations_.try_emplace({job.kind, outcome});
    if (missing) {
      found->second = metrics_.Histogram("bf_job_duration_seconds", "Duration of attempts by kind and outcome.",
                                         {{"module", module_}, {"kind", job.kind}, {"outcome", outcome}});
    }
    found->second.Observe(absl::ToDoubleSeconds(elapsed));
  }
  const telemetry::Scope scope(ContextOf(job));
  const double milliseconds = absl::ToDoubleMilliseconds(elapsed);
  if (error.ok()) {
    telemetry::LogInfo(
        "job ended",
        {{"kind", job.kind}, {"outcome", outcome}, {"attempt", job.attempt}, {"duration_ms", milliseconds}});
    return;
  }
  // A job that can be tried again, or was stopped on purpose, needs nobody to look.
  const bool look = state == jobs::State::kFailed && error.code() == absl::StatusCode::kInternal;
  telemetry::Log(look ? telemetry::Severity::kError : telemetry::Severity::kWarning, "job ended",
                 {{"kind", job.kind},
                  {"outcome", outcome},
                  {"attempt", job.attempt},
                  {"duration_ms", milliseconds},
                  {"reason", base::DetailsOf(error).reason},
                  {"error", base::Message(error)}});
}

void JobObserver::LeaseLost(const jobs::Job& job) {
  lease_lost_.Increment();
  const telemetry::Scope scope(ContextOf(job));
  telemetry::LogWarning("lease_lost", {{"kind", job.kind}, {"attempt", job.attempt}, {"epoch", job.epoch}});
}

void JobObserver::Rescued(const jobs::Job& job) {
  rescued_.Increment();
  const telemetry::Scope scope(ContextOf(job));
  telemetry::LogWarning("job rescued",
                        {{"kind", job.kind}, {"attempt", job.attempt}, {"state", jobs::StateName(job.state)}});
}

void JobObserver::Depth(const jobs::QueueDepth& depth) {
  const std::string state(jobs::StateName(depth.state));
  absl::MutexLock lock(&mutex_);
  auto [found, missing] = depths_.try_emplace({depth.kind, state});
  if (missing) {
    found->second = metrics_.Gauge("bf_queue_depth", "Jobs by kind and state.",
                                   {{"module", module_}, {"queue", depth.kind}, {"state", state}});
  }
  found->second.Set(static_cast<double>(depth.count));
  if (depth.state != jobs::State::kQueued) return;
  auto [oldest, unknown] = oldest_.try_emplace(depth.kind);
  if (unknown) {
    oldest->second = metrics_.Gauge("bf_queue_oldest_ready_seconds", "Age of the oldest job that could run now.",
                                    {{"module", module_}, {"queue", depth.kind}});
  }
  oldest->second.Set(absl::ToDoubleSeconds(depth.oldest_ready));
}

void JobObserver::Trouble(std::string_view what, const absl::Status& error) {
  {
    // Every worker, the rescuer and the watcher meet the same outage again and again.
    absl::MutexLock lock(&mutex_);
    const absl::Time now = absl::Now();
    if (now < quiet_until_ && error.code() == last_trouble_) return;
    quiet_until_ = now + absl::Minutes(1);
    last_trouble_ = error.code();
  }
  telemetry::LogWarning("the job runner will try again",
                        {{"what", what}, {"module", module_}, {"error", base::Message(error)}});
}

}  // namespace breadthflow::process
