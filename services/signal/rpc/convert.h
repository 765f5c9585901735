#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/signal/v1/signal.pb.h"

#include "common/base/status.h"
#include "services/signal/domain/signal_run.h"

namespace breadthflow::signal {

inline constexpr char kCollection[] = "signalRuns";

// Violations of the form of the request; what the values mean is checked by CheckSpec.
SignalSpec FromProto(const v1::SignalSpec& spec, base::Violations& violations);

v1::SignalRun ToProto(const SignalRun& run);

}  // namespace breadthflow::signal
