#pragma once

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/clients/data_client.h"
#include "common/clients/signal_client.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/domain/outcome.h"

namespace breadthflow::backtest {

// Brings the inputs of a backtest together and runs it. Thread-safe. The clients must outlive it.
class Backtester {
 public:
  Backtester(clients::DataClient& data, clients::SignalClient& signals) : data_(data), signals_(signals) {}

  // Asks the other services whether `spec`, which CheckSpec accepted, can be run. NOT_FOUND for the snapshot or the
  // signal run; FAILED_PRECONDITION SIGNALS_NOT_READY while the signal run has not succeeded; INVALID_ARGUMENT
  // UNUSABLE_SYMBOLS with every symbol that is not in the signal run or has no signals in it, and when the signals were
  // made from another snapshot.
  absl::Status CheckInputs(const BacktestSpec& spec, const clients::CallScope& scope) const;

  // Checks, reads bars and signals, simulates and measures. Errors: those of CheckInputs, of the other services and of
  // RunBacktest.
  absl::StatusOr<Outcome> Run(const BacktestSpec& spec, const std::function<void(double, std::string_view)>& progress,
                              const clients::CallScope& scope) const;

 private:
  // The symbols to simulate.
  absl::StatusOr<std::vector<std::string>> Symbols(const BacktestSpec& spec, const clients::CallScope& scope) const;

  clients::DataClient& data_;
  clients::SignalClient& signals_;
};

}  // namespace breadthflow::backtest
