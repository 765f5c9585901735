#include "services/orchestrator/domain/run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::orchestrator {
namespace {

bool Active(const StepRun& step) { return step.job && !jobs::IsTerminal(step.job->state); }

absl::Status ErrorOfStep(const std::string& step_id, const absl::Status& error) {
  base::ErrorDetails details = base::DetailsOf(error);
  details.metadata["step"] = step_id;
  return base::MakeError(error.code(), fmt::format("step '{}': {}", step_id, base::Message(error)), details);
}

}  // namespace

RunSummary Summarize(const PipelineRun& run) {
  RunSummary summary;
  bool active = false;
  bool started = false;
  bool cancelled = run.cancel_requested;
  size_t succeeded = 0;
  absl::Time end = absl::InfinitePast();
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const StepRun& step = run.steps[i];
    if (!step.job) continue;
    const jobs::Job& job = *step.job;
    const std::string& id = run.pipeline.steps[i].id;
    active = active || Active(step);
    started = started || job.attempt > 0 || jobs::IsTerminal(job.state);
    cancelled = cancelled || job.state == jobs::State::kCancelled;
    succeeded += step.succeeded();
    summary.progress += step.succeeded() ? 1 : job.progress;
    summary.attempt = std::max(summary.attempt, job.attempt);
    if (job.state == jobs::State::kFailed && summary.error.ok()) summary.error = ErrorOfStep(id, job.error);
    if (job.state == jobs::State::kRunning) {
      summary.stage +=
          fmt::format("{}{}{}{}", summary.stage.empty() ? "" : "; ", id, job.stage.empty() ? "" : ": ", job.stage);
    }
    if (job.start_time != absl::InfinitePast() &&
        (summary.start_time == absl::InfinitePast() || job.start_time < summary.start_time)) {
      summary.start_time = job.start_time;
    }
    end = std::max(end, job.end_time);
  }
  if (!run.steps.empty()) summary.progress /= static_cast<double>(run.steps.size());
  summary.stage = jobs::Truncated(summary.stage, jobs::kMaxStageBytes);
  if (active || !ReadySteps(run).empty()) {
    summary.state = started ? jobs::State::kRunning : jobs::State::kQueued;
    return summary;
  }
  summary.end_time = std::max(end, run.create_time);
  if (succeeded == run.steps.size()) {
    summary.state = jobs::State::kSucceeded;
  } else {
    summary.state = cancelled ? jobs::State::kCancelled : jobs::State::kFailed;
  }
  return summary;
}

std::vector<size_t> ReadySteps(const PipelineRun& run) {
  std::vector<size_t> ready;
  if (run.cancel_requested) return ready;
  const std::vector<std::vector<size_t>> dependencies = Dependencies(run.pipeline);
  for (size_t i = 0; i < run.steps.size(); ++i) {
    if (run.steps[i].job) continue;
    const bool met = std::all_of(dependencies[i].begin(), dependencies[i].end(),
                                 [&](size_t before) { return run.steps[before].succeeded(); });
    if (met) ready.push_back(i);
  }
  return ready;
}

std::vector<bool> SkippedSteps(const PipelineRun& run) {
  std::vector<bool> skipped(run.steps.size(), false);
  const absl::StatusOr<std::vector<size_t>> order = TopologicalOrder(run.pipeline);
  if (!order.ok()) return skipped;
  const std::vector<std::vector<size_t>> dependencies = Dependencies(run.pipeline);
  const auto lost = [&](size_t step) {
    const std::optional<jobs::Job>& job = run.steps[step].job;
    return skipped[step] || (job && jobs::IsTerminal(job->state) && !run.steps[step].succeeded());
  };
  for (const size_t i : *order) {
    skipped[i] = !run.steps[i].job &&
                 (run.cancel_requested || std::any_of(dependencies[i].begin(), dependencies[i].end(), lost));
  }
  return skipped;
}

absl::StatusOr<std::vector<size_t>> StepsToRepeat(const PipelineRun& run, std::string_view from_step) {
  const std::optional<size_t> from = FindStep(run.pipeline, from_step);
  if (!from_step.empty() && !from) {
    base::Violations violations;
    violations.Add("from_step", fmt::format("the pipeline has no step '{}'", from_step));
    return violations.ToStatus("invalid retry");
  }
  if (const jobs::State state = Summarize(run).state; !jobs::IsTerminal(state)) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "RUN_NOT_FINISHED",
        fmt::format("a run can be retried when it has finished; this one is {}", jobs::StateName(state)));
  }
  BF_ASSIGN_OR_RETURN(const std::vector<size_t> order, TopologicalOrder(run.pipeline));
  const std::vector<std::vector<size_t>> dependencies = Dependencies(run.pipeline);
  std::vector<bool> after(run.steps.size(), false);  // `from`, or depends on it
  std::vector<size_t> repeat;
  for (const size_t i : order) {
    after[i] = (from && i == *from) || std::any_of(dependencies[i].begin(), dependencies[i].end(),
                                                   [&](size_t before) { return after[before]; });
    if (after[i] || !run.steps[i].succeeded()) repeat.push_back(i);
  }
  if (repeat.empty()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_RETRY",
                           "every step succeeded; name the step to repeat from");
  }
  std::sort(repeat.begin(), repeat.end());
  return repeat;
}

absl::StatusOr<std::map<std::string, std::string>> ResolveInputs(const Step& step,
                                                                 const std::map<std::string, Outputs>& sources) {
  std::map<std::string, std::string> values;
  for (const auto& [name, from] : step.inputs) {
    const std::optional<OutputRef> ref = ParseOutputRef(from);
    const auto source = ref ? sources.find(ref->step) : sources.end();
    const auto found = source == sources.end() ? Outputs::const_iterator() : source->second.find(ref->output);
    if (source == sources.end() || found == source->second.end()) {
      return base::MakeError(
          absl::StatusCode::kInternal, "MISSING_OUTPUT",
          fmt::format("step '{}' has no value for its input '{}': {} was not made", step.id, name, from));
    }
    values[name] = found->second;
  }
  return values;
}

std::string JobIdOf(std::string_view run_id, std::string_view step_id, int generation) {
  return fmt::format("{}/{}/{}", run_id, step_id, generation);
}

}  // namespace breadthflow::orchestrator
