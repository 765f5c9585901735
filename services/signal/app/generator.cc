#include "services/signal/app/generator.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/clients/bars.h"
#include "common/quant/strategies/strategy.h"
#include "services/signal/app/predictions.h"

namespace breadthflow::signal {
namespace {

absl::Status CheckSymbols(const SignalSpec& spec, const clients::SnapshotInfo& snapshot) {
  const std::set<std::string> known(snapshot.spec.symbols.begin(), snapshot.spec.symbols.end());
  base::Violations violations;
  for (size_t i = 0; i < spec.symbols.size(); ++i) {
    if (!known.contains(spec.symbols[i]))
      violations.Add(fmt::format("spec.symbols[{}]", i),
                     fmt::format("'{}' is not in {}", spec.symbols[i], spec.snapshot));
  }
  return violations.ToStatus("unknown symbols", "UNKNOWN_SYMBOL");
}

absl::Status NoBars(const std::string& symbol, const std::string& snapshot) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_BARS",
                         fmt::format("{} has no bars of {}", snapshot, symbol));
}

absl::Status NoSignals(const Generated& generated, const quant::Strategy& strategy) {
  int64_t most_bars = 0;
  for (const SymbolResult& result : generated.results) most_bars = std::max(most_bars, result.warm_up_bar_count);
  const std::string from =
      generated.valid_from == absl::InfinitePast()
          ? std::string()
          : fmt::format(", and the model may be asked from {} on",
                        absl::FormatTime(absl::RFC3339_sec, generated.valid_from, absl::UTCTimeZone()));
  return base::MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_SIGNALS",
      fmt::format("no symbol has a signal in the range: the longest series has {} bars, the strategy "
                  "needs {} to warm up{}",
                  most_bars, strategy.WarmUp() + 1, from));
}

// True for what must not be blamed on one symbol: the run stops or is tried again.
bool ConcernsTheRun(const absl::Status& status) {
  return base::IsTransient(status) || absl::IsDataLoss(status) || absl::IsPermissionDenied(status);
}

}  // namespace

absl::Status Generator::CheckInputs(const SignalSpec& spec, const clients::CallScope& scope) const {
  BF_ASSIGN_OR_RETURN(const clients::SnapshotInfo snapshot, data_.GetSnapshot(spec.snapshot, scope));
  BF_RETURN_IF_ERROR(CheckSymbols(spec, snapshot));
  if (spec.model.empty()) return absl::OkStatus();
  return training_.GetModel(spec.model, /*with_artefact=*/false, scope).status();
}

absl::StatusOr<Generated> Generator::Run(const SignalSpec& spec, const std::string& run_id,
                                         const std::function<void(double, std::string_view)>& progress,
                                         const clients::CallScope& scope) const {
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<quant::Strategy> strategy, quant::MakeStrategy(spec.strategy));
  BF_ASSIGN_OR_RETURN(const clients::SnapshotInfo snapshot, data_.GetSnapshot(spec.snapshot, scope));
  BF_RETURN_IF_ERROR(CheckSymbols(spec, snapshot));

  Generated generated;
  std::optional<Predictions> predictions;
  quant::GenerateOptions options{.range = spec.range, .variant = run_id, .cancel = scope.cancel};
  if (!spec.model.empty()) {
    progress(0, "loading the model");
    BF_ASSIGN_OR_RETURN(predictions, Predictions::Load(training_, spec.model, scope));
    generated.valid_from = predictions->valid_from();
    options.range.start_ns = std::max(options.range.start_ns, quant::ToNanos(generated.valid_from));
  }

  const auto one = [&](const quant::Series& bars) -> absl::StatusOr<quant::Series> {
    if (bars.empty()) return NoBars(bars.key.symbol, spec.snapshot);
    if (!predictions) return quant::GenerateSignals(*strategy, bars, nullptr, options);
    BF_ASSIGN_OR_RETURN(const quant::Series predicted, predictions->For(bars, scope));
    return quant::GenerateSignals(*strategy, bars, &predicted, options);
  };

  const size_t symbol_count = spec.symbols.empty() ? snapshot.spec.symbols.size() : spec.symbols.size();
  clients::ReadQuery query;
  query.snapshot = spec.snapshot;
  query.symbols = spec.symbols;
  BF_RETURN_IF_ERROR(clients::ReadEachBars(
      data_, query,
      [&](quant::Series bars) -> absl::Status {
        BF_RETURN_IF_ERROR(scope.cancel.Check());
        const absl::StatusOr<quant::Series> signals = one(bars);
        if (!signals.ok()) {
          if (ConcernsTheRun(signals.status())) return signals.status();
          generated.results.push_back(
              {.symbol = bars.key.symbol, .timeframe = bars.key.timeframe, .error = signals.status()});
          return absl::OkStatus();
        }
        generated.results.push_back(Summarise(bars, *signals));
        if (!signals->empty()) {
          BF_ASSIGN_OR_RETURN(StoredSignals stored, store_.Write(*signals));
          generated.signals.push_back(std::move(stored));
        }
        progress(static_cast<double>(generated.results.size()) / static_cast<double>(symbol_count),
                 fmt::format("{} of {} symbols", generated.results.size(), symbol_count));
        return absl::OkStatus();
      },
      scope));

  std::sort(generated.results.begin(), generated.results.end(),
            [](const SymbolResult& a, const SymbolResult& b) { return a.symbol < b.symbol; });
  if (generated.results.size() != symbol_count) {
    return base::MakeError(
        absl::StatusCode::kInternal, "SYMBOLS_MISSING",
        fmt::format("{} gave {} of {} symbols", spec.snapshot, generated.results.size(), symbol_count));
  }
  const bool any_failed = std::any_of(generated.results.begin(), generated.results.end(),
                                      [](const SymbolResult& result) { return !result.error.ok(); });
  if (!any_failed && generated.signals.empty()) return NoSignals(generated, *strategy);
  return generated;
}

}  // namespace breadthflow::signal
