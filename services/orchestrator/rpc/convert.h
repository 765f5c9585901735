#pragma once

#include "absl/status/statusor.h"
#include "breadthflow/orchestrator/v1/pipeline.pb.h"
#include "breadthflow/orchestrator/v1/pipeline_service.pb.h"

#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/run.h"

// Messages of orchestrator.v1 <-> domain types.
namespace breadthflow::orchestrator {

v1::Pipeline ToProto(const Pipeline& pipeline);
// INVALID_ARGUMENT INVALID_PIPELINE for what the domain type can not hold: parameters without a value. What the
// pipeline means is for Validate.
absl::StatusOr<Pipeline> FromProto(const v1::Pipeline& pipeline);

v1::PipelineRun ToProto(const PipelineRun& run);
v1::StepKind ToProto(const StepKind& kind);

}  // namespace breadthflow::orchestrator
