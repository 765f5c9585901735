#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {

// Values that look wrong in a way that says what they may have been (repair.h). Nothing is repaired: the finding names
// the first few, for people.
QualityCheckEntry Repairs();

QualityCheckEntry Repairs() {
  QualityCheckEntry entry;
  entry.info = {
      "quality_check", "repairs", "1.0.0",
      "No value looks like one of another unit, a hole among its neighbours, or a split that nobody declared."};
  entry.weight = 0;  // other checks count these rows
  entry.advice =
      "compare what is proposed with another source, and import the rows mended; nothing is repaired by itself";
  entry.run = [](const CheckInput& input, const component::Params&) {
    const std::vector<RepairProposal> proposals = ProposeRepairs(input.series, input.splits);
    if (proposals.empty()) return std::vector<Finding>{};
    Finding finding{.check = "repairs", .severity = Severity::kWarning};
    std::string named;
    constexpr size_t kNamed = 3;
    for (size_t i = 0; i < proposals.size(); ++i) {
      const RepairProposal& one = proposals[i];
      if (finding.examples_ns.empty() || finding.examples_ns.back() != one.time_ns) AddRow(finding, one.time_ns);
      if (i < kNamed) {
        named +=
            fmt::format("{}{} {:g} to {:g}, {}", i == 0 ? "" : "; ", one.field, one.value, one.proposed, one.reason);
      }
    }
    finding.message =
        fmt::format("{} repairs are proposed: {}{}", proposals.size(), named, proposals.size() > kNamed ? "; ..." : "");
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
