#include "services/backtest/app/backtester.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/clients/bars.h"

namespace breadthflow::backtest {
namespace {

absl::Status CheckCount(std::string_view what, size_t found, size_t wanted) {
  if (found == wanted) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kInternal, "SYMBOLS_MISSING",
                         fmt::format("{} gave {} of {} symbols", what, found, wanted));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Backtester::Symbols(const BacktestSpec& spec,
                                                             const clients::CallScope& scope) const {
  BF_RETURN_IF_ERROR(data_.GetSnapshot(spec.snapshot, scope).status());
  BF_ASSIGN_OR_RETURN(const clients::SignalRun run, signals_.GetSignalRun(spec.signal_run, scope));
  if (run.status.state != clients::RunState::kSucceeded) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "SIGNALS_NOT_READY",
                           fmt::format("{} must have succeeded{}", spec.signal_run,
                                       run.status.finished() ? ", but did not" : ", but is still at work"));
  }
  base::Violations violations;
  if (run.spec.snapshot != spec.snapshot) {
    violations.Add("spec.snapshot", fmt::format("must be the one that {} was made from, {}, was {}", spec.signal_run,
                                                run.spec.snapshot, spec.snapshot));
  }
  std::map<std::string, int64_t> counts;
  for (const clients::SignalResult& result : run.results) counts[result.symbol] = result.signal_count;
  std::vector<std::string> symbols = spec.symbols;
  if (symbols.empty())
    for (const auto& [symbol, count] : counts) symbols.push_back(symbol);
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string field = spec.symbols.empty() ? "symbols." + symbols[i] : fmt::format("spec.symbols[{}]", i);
    const auto found = counts.find(symbols[i]);
    if (found == counts.end())
      violations.Add(field, fmt::format("'{}' is not in {}", symbols[i], spec.signal_run));
    else if (found->second == 0)
      violations.Add(field, fmt::format("'{}' has no signals in {}", symbols[i], spec.signal_run));
  }
  if (symbols.empty()) violations.Add("spec.signal_run", "has no symbols");
  BF_RETURN_IF_ERROR(violations.ToStatus("these inputs can not be backtested", "UNUSABLE_SYMBOLS"));
  return symbols;
}

absl::Status Backtester::CheckInputs(const BacktestSpec& spec, const clients::CallScope& scope) const {
  return Symbols(spec, scope).status();
}

absl::StatusOr<Outcome> Backtester::Run(const BacktestSpec& spec,
                                        const std::function<void(double, std::string_view)>& progress,
                                        const clients::CallScope& scope) const {
  progress(0, "checking inputs");
  BF_ASSIGN_OR_RETURN(const std::vector<std::string> symbols, Symbols(spec, scope));
  progress(0.1, "reading signals");
  BF_ASSIGN_OR_RETURN(const std::vector<quant::Series> signals, signals_.ReadSignals(spec.signal_run, symbols, scope));
  BF_RETURN_IF_ERROR(CheckCount(spec.signal_run, signals.size(), symbols.size()));

  progress(0.3, "reading bars");
  clients::ReadQuery query;
  query.snapshot = spec.snapshot;
  query.symbols = symbols;
  query.range = spec.range;
  query.fields = {"open", "high", "low", "close", "volume"};
  BF_ASSIGN_OR_RETURN(const std::vector<quant::Series> bars, clients::ReadBars(data_, query, scope));
  BF_RETURN_IF_ERROR(CheckCount(spec.snapshot, bars.size(), symbols.size()));

  progress(0.6, fmt::format("simulating {} symbols", symbols.size()));
  BF_ASSIGN_OR_RETURN(Outcome outcome, RunBacktest(spec, bars, signals, scope.cancel));
  progress(0.9, "storing results");
  return outcome;
}

}  // namespace breadthflow::backtest
