#include "services/backtest/domain/backtest_run.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/component/fingerprint.h"
#include "services/backtest/domain/execution/execution.h"
#include "services/backtest/domain/risk/risk.h"
#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest {
namespace {

constexpr size_t kMaxNameBytes = 140;

void CheckName(std::string_view collection, std::string_view name, std::string_view field,
               base::Violations& violations) {
  const bool has_id = name.size() > collection.size() + 1 && name.size() <= kMaxNameBytes &&
                      name.substr(0, collection.size()) == collection && name[collection.size()] == '/';
  const std::string_view id = has_id ? name.substr(collection.size() + 1) : std::string_view();
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (!has_id || !plain) violations.Add(field, fmt::format("must be {}/{{id}}, was '{}'", collection, name));
}

void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations) {
  if (symbols.size() > kMaxSymbols)
    violations.Add("spec.symbols", fmt::format("must be at most {}, were {}", kMaxSymbols, symbols.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string& symbol = symbols[i];
    const std::string field = fmt::format("spec.symbols[{}]", i);
    const bool printable = std::all_of(symbol.begin(), symbol.end(), [](char c) { return c > ' ' && c < 127; });
    if (symbol.empty() || symbol.size() > 32 || !printable || symbol.find(',') != std::string::npos)
      violations.Add(field,
                     fmt::format("must be 1 to 32 printable characters without space or comma, was '{}'", symbol));
    else if (!seen.insert(symbol).second)
      violations.Add(field, fmt::format("'{}' is given twice", symbol));
  }
}

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
  CheckName("snapshots", spec.snapshot, "spec.snapshot", violations);
  CheckName("signalRuns", spec.signal_run, "spec.signal_run", violations);
  CheckSymbols(spec.symbols, violations);
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
