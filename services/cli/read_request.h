#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "breadthflow/data/v1/data_service.pb.h"

#include "services/cli/command.h"
#include "services/cli/session.h"

namespace breadthflow::cli {

// The flags that say which rows of which series are read, for every verb that reads: symbols, timeframe, start, end,
// snapshot, resource, source, and those of read_flags.h.
std::vector<Flag> ReadFlags();

// What they ask for. INVALID_ARGUMENT USAGE with every violation, also those that were there before.
absl::StatusOr<data::v1::ReadSeriesRequest> ReadRequestOf(Session& session, const Arguments& arguments,
                                                          base::Violations& violations);

// An INVALID_ARGUMENT of the server under the names of these flags; every other status as it is.
absl::Status ByReadFlag(const absl::Status& read);

}  // namespace breadthflow::cli
