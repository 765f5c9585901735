#pragma once

#include "absl/time/time.h"

namespace breadthflow::postgres {

// Jittered pause before try `failures` + 1: 50 ms x 2^(failures - 1), 2 s at most, x U(0.5, 1).
absl::Duration ReconnectPause(int failures);

// A pause for whoever lost a conflict for the `attempt`-th time: 10 ms x 2^(attempt - 1) x U(0, 1).
absl::Duration ConflictPause(int attempt);

}  // namespace breadthflow::postgres
