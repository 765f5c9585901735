#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// --strategy, --param, --model, --start, --end of signals.
std::vector<Flag> SignalFlags();

// What those flags ask for, still without a snapshot. What is wrong with them is added to `violations`, also what the
// signal service says of them: it is asked, and makes nothing.
absl::StatusOr<signal::v1::CreateSignalRunRequest> SignalRequest(Session& session, const Arguments& arguments,
                                                                 base::Violations& violations);

// Generates signals on `snapshot` and waits for them. `run` holds how the run ended also when it failed.
absl::Status GenerateSignals(Session& session, signal::v1::CreateSignalRunRequest request, const std::string& snapshot,
                             signal::v1::SignalRun& run);

// The signal run that people call `text`: see NameOrLatest.
absl::StatusOr<std::string> SignalRunName(Session& session, const std::string& text);
// The same, but the newest means the newest that succeeded.
absl::StatusOr<std::string> SucceededSignalRunName(Session& session, const std::string& text);

// One row per symbol.
void DescribeSignals(Printer& out, const signal::v1::SignalRun& run);

}  // namespace breadthflow::cli
