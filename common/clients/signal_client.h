#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/clients/run.h"
#include "common/component/catalog.h"
#include "common/quant/series.h"

namespace breadthflow::rpc {
class Channels;
}

namespace breadthflow::clients {

// What to generate signals from.
struct SignalSpec {
  std::string snapshot;              // "snapshots/{id}": the bars
  std::vector<std::string> symbols;  // empty: all of the snapshot
  component::ComponentRef strategy;
  std::string model;       // "models/{id}": required by strategies that read predictions, refused by others
  quant::TimeRange range;  // of the signals; earlier bars only warm up
};

// How one symbol of a run ended.
struct SignalResult {
  std::string symbol;
  int64_t signal_count = 0;       // one per bar after warm-up
  int64_t warm_up_bar_count = 0;  // bars at the start without a signal
  int64_t long_count = 0;
  int64_t short_count = 0;
  absl::Status error;          // not OK: this symbol failed, and the run with it
  std::string content_sha256;  // 64 hexadecimal digits; empty where it failed
};

struct SignalRun {
  RunStatus status;  // `result` is the name of the run itself once it succeeded: what ReadSignals takes
  SignalSpec spec;
  std::vector<SignalResult> results;  // by symbol; when finished
  std::string strategy_version;
  absl::Time valid_from = absl::InfinitePast();  // first instant at which the strategy was allowed to signal
};

// The signal service as other services see it. Thread-safe. Errors are those of the service, with their details;
// UNAVAILABLE is retried within the deadline where that is safe.
class SignalClient {
 public:
  virtual ~SignalClient() = default;

  // The same request_id (a UUID) gives the same run. Returns its name, "signalRuns/{id}".
  virtual absl::StatusOr<std::string> CreateSignalRun(const SignalSpec& spec, const std::string& request_id,
                                                      const CallScope& scope) = 0;
  virtual absl::StatusOr<SignalRun> GetSignalRun(const std::string& name, const CallScope& scope) = 0;
  virtual absl::Status CancelSignalRun(const std::string& name, const CallScope& scope) = 0;

  // The signals of a run that succeeded, one series per symbol (see quant/signal.h; the variant of the key is the
  // run's id), in the order asked for, or by symbol when `symbols` is empty. NOT_FOUND for a symbol that is not in the
  // run, FAILED_PRECONDITION before the run succeeded.
  virtual absl::StatusOr<std::vector<quant::Series>> ReadSignals(const std::string& name,
                                                                 const std::vector<std::string>& symbols,
                                                                 const CallScope& scope) = 0;
};

// Calls go through the channel "signal" of `channels`, which must outlive the client.
std::unique_ptr<SignalClient> MakeSignalClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
