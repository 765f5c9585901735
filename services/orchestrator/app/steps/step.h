#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/clients/backtest_client.h"
#include "common/clients/call.h"
#include "common/clients/data_client.h"
#include "common/clients/run.h"
#include "common/clients/signal_client.h"
#include "common/clients/training_client.h"
#include "common/component/catalog.h"
#include "services/orchestrator/domain/run.h"
#include "services/orchestrator/domain/step_kind.h"

namespace breadthflow::orchestrator {

// The services that steps call. Lent by the module; outlive every step.
struct Services {
  clients::DataClient& data;
  clients::SignalClient& signal;
  clients::TrainingClient& training;
  clients::BacktestClient& backtest;
};

// What a step is asked to do.
struct StepCall {
  StepParams params;
  std::map<std::string, std::string> inputs;  // values: "snapshot" -> "snapshots/..."
  std::string request_id;                     // the same for every attempt of one generation
  clients::CallScope scope;
};

// A call to a service, taken apart so that it survives crashes between its parts: another worker starts again with
// Submit, gets the same work, and waits on. Holds no state of a run; thread-safe.
class StepRunner {
 public:
  virtual ~StepRunner() = default;

  // Starts the work, or finds what an earlier attempt with this request_id started, and returns its resource name.
  virtual absl::StatusOr<std::string> Submit(const StepCall& call) = 0;
  // How far the work has come.
  virtual absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope& scope) = 0;
  // Asks the work to stop; nothing happens if it has ended.
  virtual absl::Status Cancel(const std::string& resource, const clients::CallScope& scope) = 0;
  // The outputs of work that succeeded: exactly those of the kind. An error fails the step.
  virtual absl::StatusOr<Outputs> Collect(const StepCall& call, const std::string& resource) = 0;
};

// A kind of step.
struct StepEntry : StepKind {
  bool cancellable = true;  // Submit starts work that goes on by itself and can be stopped
  std::unique_ptr<StepRunner> (*make)(const Services& services) = nullptr;
};

// All kinds of steps: `fetch`, `snapshot`, `train`, `signals`, `backtest` ...
const component::Catalog<StepEntry>& StepCatalog();

// The same without the means to run them, for validation.
StepKinds KindsOf(const component::Catalog<StepEntry>& catalog);

}  // namespace breadthflow::orchestrator
