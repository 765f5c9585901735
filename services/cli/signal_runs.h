#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "services/cli/command.h"
#include "services/cli/session.h"

namespace breadthflow::cli {

// The flags of a signal run: strategy, its parameters, model, range.
std::vector<Flag> SignalFlags();

// Generates signals over `snapshot` as `arguments` say and waits for the end. `run` holds the run, also when it failed.
absl::Status GenerateSignals(Session& session, const Arguments& arguments, const std::string& snapshot,
                             signal::v1::SignalRun& run);

void DescribeSignals(Printer& out, const signal::v1::SignalRun& run);

}  // namespace breadthflow::cli
