#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "services/data/domain/coverage.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/quarantine.h"
#include "services/data/domain/repair.h"

// The columns of a quarantine that are JSON.
namespace breadthflow::data {

std::string ToJson(const std::vector<Finding>& findings);
std::string ToJson(const std::vector<RepairProposal>& proposals);
// What of it is not in the quarantine itself. None is a failure.
std::string ToJson(const std::vector<Coverage>& coverage);

// Back from these texts into `quarantine`, whose id and key are known. DATA_LOSS BAD_QUARANTINE.
absl::Status ReadJson(const std::string& findings, const std::string& proposals, const std::string& coverage,
                      Quarantine& quarantine);

}  // namespace breadthflow::data
