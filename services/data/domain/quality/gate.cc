#include "services/data/domain/quality/gate.h"

#include <algorithm>
#include <utility>

namespace breadthflow::data {

GateResult Gate(const quant::Series& rows, const quant::Calendar& calendar) {
  GateResult result;
  if (rows.empty()) return result;
  const CheckInput input{rows, calendar, {}};
  std::vector<size_t> impossible;
  for (const QualityCheckEntry& check : QualityChecks().entries()) {
    if (!check.gates) continue;
    for (Finding& finding : check.run(input, component::Params::Check(check.params, {}).value())) {
      if (finding.impossible_rows.empty()) continue;
      impossible.insert(impossible.end(), finding.impossible_rows.begin(), finding.impossible_rows.end());
      result.findings.push_back(std::move(finding));
    }
  }
  std::stable_sort(result.findings.begin(), result.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  std::sort(impossible.begin(), impossible.end());
  result.impossible_rows = std::unique(impossible.begin(), impossible.end()) - impossible.begin();
  return result;
}

}  // namespace breadthflow::data
