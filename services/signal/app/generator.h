#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/data_client.h"
#include "common/clients/training_client.h"
#include "services/signal/domain/signal_run.h"
#include "services/signal/store/signal_store.h"

namespace breadthflow::signal {

// What a run produced: stored chunks that nobody sees yet, and one result per symbol, by symbol.
struct Generated {
  absl::Time valid_from = absl::InfinitePast();
  std::vector<SymbolResult> results;
  std::vector<StoredSignals> signals;
};

// Turns the bars of a snapshot, adjusted for splits, into stored signals. Bars arrive and go symbol by symbol: memory
// is bounded by the largest series. Thread-safe. The clients and the store must outlive it.
class Generator {
 public:
  Generator(clients::DataClient& data, clients::TrainingClient& training, SignalStore& store)
      : data_(data), training_(training), store_(store) {}

  // Asks the other services whether `spec`, which CheckSpec accepted, can be run: INVALID_ARGUMENT UNKNOWN_SYMBOL with
  // every symbol that the snapshot does not have, NOT_FOUND for the snapshot or the model.
  absl::Status CheckInputs(const SignalSpec& spec, const clients::CallScope& scope) const;

  // Runs `spec` for all symbols. A symbol that fails has its error in its result and does not stop the others; what
  // concerns the whole run (no snapshot, no model, cancelled, no database) is returned. FAILED_PRECONDITION NO_SIGNALS
  // when nothing failed but no symbol has a single signal.
  absl::StatusOr<Generated> Run(const SignalSpec& spec, const std::string& run_id,
                                const std::function<void(double, std::string_view)>& progress,
                                const clients::CallScope& scope) const;

 private:
  clients::DataClient& data_;
  clients::TrainingClient& training_;
  SignalStore& store_;
};

}  // namespace breadthflow::signal
