#include "services/signal/domain/signal_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/component/fingerprint.h"
#include "common/quant/signal.h"
#include "common/quant/spec_checks.h"
#include "common/quant/strategies/catalog.h"

namespace breadthflow::signal {
namespace {

std::string FirstSymbol(const std::vector<SymbolResult>& results) {
  for (const SymbolResult& result : results)
    if (!result.error.ok()) return result.symbol;
  return {};
}

// The rules between the parameters of `strategy`, when some of them alone are wrong already (`faults`): those are set
// back to their defaults, and only rules that do not speak of them are added.
void CheckRulesBetween(component::ComponentRef strategy, const base::ErrorDetails& faults,
                       base::Violations& violations) {
  for (const base::FieldViolation& fault : faults.violations) strategy.params.erase(fault.field);
  const absl::Status made = quant::MakeStrategy(strategy).status();
  for (const base::FieldViolation& rule : base::DetailsOf(made).violations) {
    const bool about_a_fault =
        std::any_of(faults.violations.begin(), faults.violations.end(), [&](const base::FieldViolation& fault) {
          return rule.field == fault.field || rule.description.find(fault.field) != std::string::npos;
        });
    if (!about_a_fault) violations.Add("spec.strategy.params." + rule.field, rule.description);
  }
}

}  // namespace

absl::StatusOr<bool> NeedsModel(const component::ComponentRef& strategy) {
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<quant::Strategy> made, quant::MakeStrategy(strategy));
  return !made->Needs().extra.empty();
}

void CheckSpec(const SignalSpec& spec, base::Violations& violations) {
  quant::CheckName("snapshots", spec.snapshot, "spec.snapshot", violations);
  quant::CheckRunSymbols(spec.symbols, violations);
  if (spec.range.start_ns >= spec.range.end_ns) violations.Add("spec.range", "must end after it starts");
  if (!spec.model.empty()) quant::CheckName("models", spec.model, "spec.model", violations);

  const absl::StatusOr<bool> needs_model = NeedsModel(spec.strategy);
  if (spec.strategy.name.empty()) {
    violations.Add("spec.strategy.name", "is required");
  } else if (absl::IsNotFound(needs_model.status())) {
    violations.Add("spec.strategy.name", base::Message(needs_model.status()));
  } else if (!needs_model.ok()) {
    violations.Merge("spec.strategy.params", needs_model.status());
    CheckRulesBetween(spec.strategy, base::DetailsOf(needs_model.status()), violations);
  } else if (*needs_model && spec.model.empty()) {
    violations.Add("spec.model", fmt::format("is required by strategy {}", spec.strategy.name));
  } else if (!*needs_model && !spec.model.empty()) {
    violations.Add("spec.model", fmt::format("is not read by strategy {}", spec.strategy.name));
  }
}

std::string Fingerprint(const SignalSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.snapshot).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  component::Append(spec.strategy, hash);
  return hash.Text(spec.model).Int(spec.range.start_ns).Int(spec.range.end_ns).FinishHex();
}

SymbolResult Summarise(const quant::Series& bars, const quant::Series& signals) {
  SymbolResult result{.symbol = bars.key.symbol, .timeframe = bars.key.timeframe};
  result.signal_count = static_cast<int64_t>(signals.size());
  const auto first =
      signals.empty() ? bars.times.end() : std::lower_bound(bars.times.begin(), bars.times.end(), signals.times[0]);
  result.warm_up_bar_count = first - bars.times.begin();
  for (const int64_t direction : signals.Ints("direction")) {
    result.long_count += direction > 0;
    result.short_count += direction < 0;
  }
  result.content_sha256 = base::ToHex(signals.ContentHash());
  return result;
}

absl::Status FailureOf(const std::vector<SymbolResult>& results) {
  base::ErrorDetails details;
  absl::Status first;
  for (const SymbolResult& result : results) {
    if (result.error.ok()) continue;
    if (first.ok()) {
      first = result.error;
      details.reason = base::DetailsOf(first).reason;
    }
    details.violations.push_back({"symbols." + result.symbol, base::Message(result.error)});
  }
  if (first.ok()) return absl::OkStatus();
  return base::MakeError(first.code(),
                         fmt::format("{} of {} symbols failed; {}: {}", details.violations.size(), results.size(),
                                     FirstSymbol(results), base::Message(first)),
                         details);
}

}  // namespace breadthflow::signal
