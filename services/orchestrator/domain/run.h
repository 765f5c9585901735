#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "services/orchestrator/domain/pipeline.h"

// Runs of pipelines: what their steps' jobs say about the whole. A run keeps no state of its own that could disagree
// with its steps: it is derived, every time it is read.
//
//   no job has started                                                  QUEUED
//   a job is queued or running, or could be                             RUNNING
//   else, all steps succeeded                                           SUCCEEDED
//   else, cancel was asked                                              CANCELLED
//   else                                                                FAILED
namespace breadthflow::orchestrator {

// Names of what a step made, by the outputs of its kind: "snapshot" -> "snapshots/...".
using Outputs = std::map<std::string, std::string>;

// One step of a run, in its current generation.
struct StepRun {
  int generation = 1;
  std::optional<jobs::Job> job;  // absent while it waits for other steps
  std::string resource;          // what it started: "fetchRuns/..."; empty before
  Outputs outputs;               // when it succeeded

  bool succeeded() const { return job && job->state == jobs::State::kSucceeded; }
};

struct PipelineRun {
  std::string id;
  Pipeline pipeline;
  int generation = 1;  // grows with each retry
  bool cancel_requested = false;
  absl::Time create_time;
  absl::Time update_time;
  std::string principal;
  std::string traceparent;
  std::vector<StepRun> steps;  // as many and in the same order as in the pipeline
};

// The run as a whole, in the words of a job.
struct RunSummary {
  jobs::State state = jobs::State::kQueued;
  double progress = 0;  // mean over the steps
  std::string stage;    // what its active steps do: "train: fold 2 of 5"
  absl::Status error;   // of the first step that failed, naming it; also while others still run
  int attempt = 0;      // of the step that needed most
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();  // only in a terminal state
};
RunSummary Summarize(const PipelineRun& run);

// Positions of the steps that can start now: they have no job and all they depend on has succeeded. None once cancel
// was asked. A step that failed holds up only those that depend on it.
std::vector<size_t> ReadySteps(const PipelineRun& run);

// For each step, whether it will not run unless the run is retried: it has no job, and cancel was asked or a step that
// it depends on, however far back, has failed or was cancelled.
std::vector<bool> SkippedSteps(const PipelineRun& run);

// Positions of the steps that a retry repeats: all that have not succeeded, and `from_step`, if one is named, with
// everything that depends on it. The others keep their results.
// Errors: FAILED_PRECONDITION RUN_NOT_FINISHED; FAILED_PRECONDITION NOTHING_TO_RETRY when all succeeded and no step was
// named; INVALID_ARGUMENT when there is no such step.
absl::StatusOr<std::vector<size_t>> StepsToRepeat(const PipelineRun& run, std::string_view from_step);

// The values of a step's inputs, from the outputs of the steps they come from. INTERNAL MISSING_OUTPUT if one has none.
absl::StatusOr<std::map<std::string, std::string>> ResolveInputs(const Step& step,
                                                                 const std::map<std::string, Outputs>& sources);

// One step in one generation: the id of its job, and what its request_id is made from.
std::string JobIdOf(std::string_view run_id, std::string_view step_id, int generation);

}  // namespace breadthflow::orchestrator
