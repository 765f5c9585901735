#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/postgres/database.h"
#include "services/orchestrator/domain/run.h"

namespace breadthflow::orchestrator {

// NOT_FOUND RUN_NOT_FOUND.
absl::Status RunNotFound(const std::string& run_id);

// The runs with their steps and the jobs of those, as of one instant, newest first; unknown ids are left out.
absl::StatusOr<std::vector<PipelineRun>> Load(postgres::Transaction& tx, const std::vector<std::string>& ids);
// One run. NOT_FOUND RUN_NOT_FOUND.
absl::StatusOr<PipelineRun> LoadOne(postgres::Transaction& tx, const std::string& run_id);

}  // namespace breadthflow::orchestrator
