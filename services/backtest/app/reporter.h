#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/clients/data_client.h"
#include "common/clients/signal_client.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/domain/report/report.h"
#include "services/backtest/store/backtest_store.h"

namespace breadthflow::backtest {

// Puts the report of a run together from what was stored. Thread-safe. The store and the clients must outlive it.
class Reporter {
 public:
  Reporter(BacktestStore& store, clients::DataClient& data, clients::SignalClient& signals)
      : store_(store), data_(data), signals_(signals) {}

  // Symbols, monthly returns, refusals (at most 1,000), metrics and curves of a run that has succeeded.
  absl::StatusOr<report::Report> Summary(const BacktestRun& run, const clients::CallScope& scope) const;

  // The same with what only a page needs: trades, fills, closes of each symbol from the snapshot, lineage and
  // `sections`.
  absl::StatusOr<report::Report> Full(const BacktestRun& run, std::vector<report::Section> sections,
                                      const clients::CallScope& scope) const;

 private:
  absl::StatusOr<std::vector<report::PriceHistory>> Prices(const BacktestRun& run, const report::Report& report,
                                                           const clients::CallScope& scope) const;
  absl::Status AddLineage(const BacktestRun& run, report::Report& report, const clients::CallScope& scope) const;

  BacktestStore& store_;
  clients::DataClient& data_;
  clients::SignalClient& signals_;
};

}  // namespace breadthflow::backtest
