#pragma once

#include <string>

#include "absl/status/status.h"

#include "common/base/status.h"

namespace breadthflow::cli {

// Adds what a service refuses in the definition of a resource, each violation under FILE:LINE where the YAML file has
// its field, or the nearest that holds it; a missing field stands where its section begins. Left out are those of a
// line that `violations` complains of already: the service saw only what stood in for it.
void MergeByLine(const absl::Status& refused, const std::string& file, base::Violations& violations);

}  // namespace breadthflow::cli
