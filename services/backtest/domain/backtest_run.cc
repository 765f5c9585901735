#include "services/backtest/domain/backtest_run.h"

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/component/fingerprint.h"
#include "common/quant/spec_checks.h"
#include "services/backtest/domain/execution/execution.h"
#include "services/backtest/domain/risk/risk.h"
#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest {
namespace {

// `status` is what making the component of field "spec.<field>" said.
void CheckComponent(const component::ComponentRef& ref, const absl::Status& status, std::string_view field,
                    base::Violations& violations) {
  if (ref.name.empty())
    violations.Add(fmt::format("spec.{}.name", field), "is required");
  else if (absl::IsNotFound(status))
    violations.Add(fmt::format("spec.{}.name", field), base::Message(status));
  else if (!status.ok())
    violations.Merge(fmt::format("spec.{}.params", field), status);
}

}  // namespace

void CheckSpec(const BacktestSpec& spec, base::Violations& violations) {
  quant::CheckName("snapshots", spec.snapshot, "spec.snapshot", violations);
  quant::CheckName("signalRuns", spec.signal_run, "spec.signal_run", violations);
  quant::CheckRunSymbols(spec.symbols, violations);
  if (spec.range.start_ns >= spec.range.end_ns) violations.Add("spec.range", "must end after it starts");
  if (!(spec.initial_cash > 0) || spec.initial_cash > 1e15)
    violations.Add("spec.initial_cash", fmt::format("must be above 0 and at most 1e15, was {}", spec.initial_cash));
  if (!(spec.risk_free_rate > -0.5 && spec.risk_free_rate < 1))
    violations.Add("spec.risk_free_rate", fmt::format("must be a fraction in (-0.5, 1), was {}", spec.risk_free_rate));
  CheckComponent(spec.engine, MakeExecutionEngine(spec.engine).status(), "engine", violations);
  CheckComponent(spec.risk, MakeRiskManager(spec.risk).status(), "risk", violations);
  CheckComponent(spec.sizer, MakeSizer(spec.sizer).status(), "sizer", violations);
}

std::string Fingerprint(const BacktestSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.snapshot).Text(spec.signal_run).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  hash.Int(spec.range.start_ns).Int(spec.range.end_ns).Double(spec.initial_cash);
  for (const component::ComponentRef* ref : {&spec.engine, &spec.risk, &spec.sizer}) component::Append(*ref, hash);
  return hash.Double(spec.risk_free_rate).FinishHex();
}

}  // namespace breadthflow::backtest
