#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// --snapshot.
Flag SnapshotFlag();

// The newest or the one that --snapshot names; without it a new one of --symbols at --timeframe and --source, or of all
// series that are stored there. Its name. A snapshot has its own source: --source beside --snapshot is a violation.
absl::StatusOr<std::string> SnapshotFor(Session& session, const Arguments& arguments);

// What can be said of the flags of SnapshotFor without a server.
void CheckSnapshotFlags(const Arguments& arguments, base::Violations& violations);

// The snapshot that people call `text`: see NameOrLatest.
absl::StatusOr<std::string> SnapshotName(Session& session, const std::string& text);

}  // namespace breadthflow::cli
