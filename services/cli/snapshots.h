#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// --snapshot.
Flag SnapshotFlag();

// The newest or the one that --snapshot names; without it a new one of --symbols at --timeframe and --source, or of all
// series that are stored there. Its name. A snapshot has its own source: --source beside --snapshot is a violation.
absl::StatusOr<std::string> SnapshotFor(Session& session, const Arguments& arguments);

// --symbols --timeframe --source --snapshot --start --end: of the verbs that show a snapshot or its quality.
std::vector<Flag> SnapshotFlags();

// The snapshot that such a verb is about: the one that its argument or --snapshot names, else a new one as SnapshotFor
// makes it, of the rows from --start to --end. --start and --end beside a snapshot are a violation.
absl::StatusOr<std::string> SnapshotOf(Session& session, const Arguments& arguments);

// What can be said of the flags of SnapshotFor without a server.
void CheckSnapshotFlags(const Arguments& arguments, base::Violations& violations);

// The snapshot that people call `text`: see NameOrLatest.
absl::StatusOr<std::string> SnapshotName(Session& session, const std::string& text);

}  // namespace breadthflow::cli
