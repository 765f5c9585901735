#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "services/orchestrator/domain/run.h"

namespace breadthflow::orchestrator {

// What the jsonb columns hold. The readers fail with DATA_LOSS STORED_JSON_CORRUPTED on anything that the writers do
// not write. A whole number that was given as a double may come back as an integer; parameters accept both.
std::string ToJson(const Step& step);
absl::StatusOr<Step> StepFromJson(std::string_view json);

std::string ToJson(const Outputs& outputs);
absl::StatusOr<Outputs> OutputsFromJson(std::string_view json);

}  // namespace breadthflow::orchestrator
