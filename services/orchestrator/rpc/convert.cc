#include "services/orchestrator/rpc/convert.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"

namespace breadthflow::orchestrator {
namespace {

// A job that stands for the run as a whole.
jobs::Job JobOf(const PipelineRun& run) {
  const RunSummary summary = Summarize(run);
  jobs::Job job;
  job.id = run.id;
  job.state = summary.state;
  job.progress = summary.progress;
  job.stage = summary.stage;
  job.error = summary.error;
  job.attempt = summary.attempt;
  job.create_time = run.create_time;
  job.start_time = summary.start_time;
  job.end_time = summary.end_time;
  return job;
}

// Where a step stands that has no job yet, or never got one because the run ended before.
jobs::Job JobOfWaiting(const PipelineRun& run) {
  jobs::Job job;
  job.create_time = run.create_time;
  return job;
}

}  // namespace

v1::Pipeline ToProto(const Pipeline& pipeline) {
  v1::Pipeline proto;
  proto.set_id(pipeline.id);
  proto.set_description(pipeline.description);
  for (const Step& step : pipeline.steps) {
    v1::PipelineStep& added = *proto.add_steps();
    added.set_id(step.id);
    added.set_kind(step.kind);
    for (const auto& [name, value] : step.params) (*added.mutable_params())[name] = rpc::ToProto(value);
    added.mutable_inputs()->insert(step.inputs.begin(), step.inputs.end());
    for (const std::string& id : step.depends_on) added.add_depends_on(id);
  }
  return proto;
}

absl::StatusOr<Pipeline> FromProto(const v1::Pipeline& proto) {
  base::Violations violations;
  Pipeline pipeline{proto.id(), proto.description(), {}};
  for (int i = 0; i < proto.steps_size(); ++i) {
    const v1::PipelineStep& given = proto.steps(i);
    Step step{given.id(),
              given.kind(),
              {},
              {given.inputs().begin(), given.inputs().end()},
              {given.depends_on().begin(), given.depends_on().end()}};
    for (const auto& [name, value] : given.params()) {
      step.params[name] = rpc::FromProto(value, fmt::format("pipeline.steps[{}].params.{}", i, name), violations);
    }
    pipeline.steps.push_back(std::move(step));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid pipeline", "INVALID_PIPELINE"));
  return pipeline;
}

v1::PipelineRun ToProto(const PipelineRun& run) {
  v1::PipelineRun proto;
  proto.set_name("pipelineRuns/" + run.id);
  *proto.mutable_pipeline() = ToProto(run.pipeline);
  *proto.mutable_job() = rpc::ToProto(JobOf(run));
  absl::Time changed = run.update_time;
  const std::vector<bool> skipped = SkippedSteps(run);
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const StepRun& step = run.steps[i];
    v1::StepStatus& status = *proto.add_steps();
    status.set_step(run.pipeline.steps[i].id);
    status.set_kind(run.pipeline.steps[i].kind);
    *status.mutable_job() = rpc::ToProto(step.job ? *step.job : JobOfWaiting(run));
    status.set_generation(step.generation);
    status.set_resource(step.resource);
    status.set_skipped(skipped[i]);
    if (step.succeeded()) status.mutable_outputs()->insert(step.outputs.begin(), step.outputs.end());
    if (step.job) changed = std::max({changed, step.job->start_time, step.job->end_time});
  }
  *proto.mutable_update_time() = rpc::ToProto(changed);
  return proto;
}

v1::StepKind ToProto(const StepKind& kind) {
  v1::StepKind proto;
  *proto.mutable_info() = rpc::ToProto(kind.info, kind.params);
  for (const std::string& name : kind.required_inputs) proto.add_required_inputs(name);
  for (const std::string& name : kind.optional_inputs) proto.add_optional_inputs(name);
  for (const std::string& name : kind.outputs) proto.add_outputs(name);
  for (const ComponentSlot& slot : kind.slots) {
    v1::ComponentSlot& added = *proto.add_component_slots();
    added.set_param(slot.param);
    added.set_component_kind(slot.component_kind);
  }
  return proto;
}

}  // namespace breadthflow::orchestrator
