#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/jobs/job.h"
#include "common/quant/series.h"

namespace breadthflow::signal {

// What to generate signals from.
struct SignalSpec {
  std::string snapshot;              // "snapshots/{id}": the bars
  std::vector<std::string> symbols;  // empty: all of the snapshot
  component::ComponentRef strategy;
  std::string model;       // "models/{id}"; exactly for strategies that read predictions
  quant::TimeRange range;  // of the signals; earlier bars only warm up
};

// How one symbol of a run ended.
struct SymbolResult {
  std::string symbol;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  int64_t signal_count = 0;
  int64_t warm_up_bar_count = 0;  // bars at the start without a signal
  int64_t long_count = 0;
  int64_t short_count = 0;
  std::string content_sha256;  // of the signals; empty where the symbol failed
  absl::Status error;
};

struct SignalRun {
  std::string id;
  SignalSpec spec;
  std::string strategy_version;
  absl::Time valid_from = absl::InfinitePast();  // first decision time allowed; of a model: cut-off plus purge
  std::vector<SymbolResult> results;             // by symbol; of a finished run
  jobs::Job job;
};

// True when the strategy reads predictions and so needs a model. NOT_FOUND, INVALID_PARAMS as quant::MakeStrategy.
absl::StatusOr<bool> NeedsModel(const component::ComponentRef& strategy);

// Adds everything that can be said against a spec without asking anybody: fields "spec.snapshot",
// "spec.strategy.name", "spec.strategy.params.rsi_period" ...
void CheckSpec(const SignalSpec& spec, base::Violations& violations);

// SHA-256 in hexadecimal: equal for equal specs. What makes two requests with one request_id the same request.
std::string Fingerprint(const SignalSpec& spec);

// Counts what a strategy said about `bars`.
SymbolResult Summarise(const quant::Series& bars, const quant::Series& signals);

// The run's error when symbols failed: the code of the first one, a violation for each ("symbols.MSFT").
// OK when none did.
absl::Status FailureOf(const std::vector<SymbolResult>& results);

}  // namespace breadthflow::signal
