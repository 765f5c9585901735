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

// What a backtest is asked to do. Empty means the service's default where the comment says so.
struct BacktestSpec {
  std::string snapshot;              // "snapshots/{id}": the bars
  std::string signal_run;            // "signalRuns/{id}": the decisions
  std::vector<std::string> symbols;  // of the signal run; empty: all
  quant::TimeRange range;            // simulated time; whole by default: from the first signal to the last bar
  double initial_cash = 100'000;
  component::ComponentRef engine{.name = "standard", .params = {}};       // execution
  component::ComponentRef risk{.name = "standard", .params = {}};         // limits
  component::ComponentRef sizer{.name = "fixed_fraction", .params = {}};  // position sizes
  double risk_free_rate = 0;                                              // annual, fraction
};

struct BacktestMetric {
  std::string name;  // "sharpe"
  double value = 0;
  std::string unit;         // "fraction", "money", "ratio", "days", "count"
  std::string description;  // formula, for people
};

struct BacktestRun {
  RunStatus status;  // `result` is the run's own name once it succeeded
  BacktestSpec spec;
  std::vector<BacktestMetric> metrics;  // those that are defined; in the order for people
  std::string digest;                   // SHA-256 of trades, equity and metrics, 64 hexadecimal digits
  int64_t trade_count = 0;              // round trips
  int64_t fill_count = 0;
  int64_t refusal_count = 0;
};

// One round trip, or with `open` a position still held at the end, valued at the last price.
struct BacktestTrade {
  int64_t sequence = 0;  // from 0
  std::string symbol;
  absl::Time entry_time, exit_time;
  double quantity = 0;  // + long, - short
  double entry_price = 0, exit_price = 0;
  double pnl = 0;  // money, after all costs
  double return_fraction = 0;
  double commission = 0;  // of entry and exit, money
  bool open = false;
  std::string exit_reason;  // "signal", "stop_loss" ...; empty while open
  int64_t bar_count = 0;
};

// A table of another service that the report shows beside its own: quality, model scores, lineage.
struct BacktestReportSection {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // one cell per column
};

// The backtest service as its callers see it. Implementations are thread-safe. Errors are those of the service, details
// included; UNAVAILABLE when it can not be reached.
class BacktestClient {
 public:
  virtual ~BacktestClient() = default;

  // The name of the run, "backtestRuns/...". The same request_id (a UUID) gives the same run. INVALID_ARGUMENT with
  // every violation.
  virtual absl::StatusOr<std::string> CreateBacktestRun(const BacktestSpec& spec, const std::string& request_id,
                                                        const CallScope& scope) = 0;
  virtual absl::StatusOr<BacktestRun> GetBacktestRun(const std::string& name, const CallScope& scope) = 0;
  virtual absl::Status CancelBacktestRun(const std::string& name, const CallScope& scope) = 0;

  // All trades of a succeeded run in the order of their exit, those still open last. FAILED_PRECONDITION before.
  virtual absl::StatusOr<std::vector<BacktestTrade>> ListTrades(const std::string& name, const CallScope& scope) = 0;

  // Columns equity, cash, exposure, benchmark, drawdown: one row per bar time. FAILED_PRECONDITION before it succeeded.
  virtual absl::StatusOr<quant::Series> ReadEquityCurve(const std::string& name, const CallScope& scope) = 0;

  // One HTML page that needs nothing else, with `sections` beside the run's own. FAILED_PRECONDITION as above.
  virtual absl::StatusOr<std::string> GetReportHtml(const std::string& name,
                                                    const std::vector<BacktestReportSection>& sections,
                                                    const CallScope& scope) = 0;
};

// Calls go through the channel "backtest" of `channels`, which must outlive the client.
std::unique_ptr<BacktestClient> MakeBacktestClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
