#pragma once

#include <string>

#include "absl/status/status.h"

namespace breadthflow::clients {

// The states of every run resource; the numbers are those of the proto.
enum class RunState { kUnspecified = 0, kQueued = 1, kRunning = 2, kSucceeded = 3, kFailed = 4, kCancelled = 5 };

// How far long work in another service has come.
struct RunStatus {
  std::string name;  // "trainingRuns/{id}"
  RunState state = RunState::kUnspecified;
  double progress = 0;  // 0..1
  std::string stage;    // for people
  absl::Status error;   // of a FAILED run
  std::string result;   // name of what the run made; empty until SUCCEEDED

  bool finished() const { return state >= RunState::kSucceeded; }
};

}  // namespace breadthflow::clients
