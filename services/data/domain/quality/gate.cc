#include "services/data/domain/quality/gate.h"

#include <algorithm>
#include <utility>

#include "services/data/domain/quality/report.h"

namespace breadthflow::data {

std::vector<Finding> Gate(const quant::Series& rows, int64_t now_ns) {
  if (rows.empty()) return {};
  constexpr int64_t kClocksDiffer = 60'000'000'000;
  const int64_t known_by = now_ns + kClocksDiffer;
  const CheckInput input{rows, quant::Xnys(), {}, {}, known_by};
  const auto& checks = QualityChecks().entries();
  const bool impossible = std::any_of(checks.begin(), checks.end(), [&](const QualityCheckEntry& check) {
    if (!check.gates) return false;
    const std::vector<Finding> findings = check.run(input, component::Params::Check(check.params, {}).value());
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.impossible; });
  });
  if (!impossible) return {};
  return std::move(CheckQuality(rows, quant::Xnys(), {}, known_by).findings);
}

}  // namespace breadthflow::data
