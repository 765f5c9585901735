#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// The snapshot that a command works on: the one it was given ("latest" is the newest), else a new one of --symbols (or
// of everything stored) in --timeframe, which is said. The command declares SnapshotFlag(), SymbolsFlag() and
// TimeframeFlag().
absl::StatusOr<std::string> SnapshotFor(Session& session, const Arguments& arguments);

Flag SnapshotFlag();

}  // namespace breadthflow::cli
