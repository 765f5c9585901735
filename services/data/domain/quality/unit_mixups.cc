#include <utility>

#include <fmt/format.h>

#include "services/data/domain/quality/by_class.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {

// Rows whose close is `factor` times the level on both sides of them, or that part of it: cents among dollars, a point
// in the wrong place. A level that stays is another matter: that is a split or another instrument.
QualityCheckEntry UnitMixups();

QualityCheckEntry UnitMixups() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "unit_mixups", "1.0.0",
                "No close is many times those before and after it, or a small part of them."};
  AddByClass(entry.params, "factor", {8, 3, 3, 10, 100}, 2, 1000, "", "Distance from the level on both sides.");
  entry.weight = 0;  // spikes counts these rows
  entry.advice = "check the unit (pence for pounds, cents for dollars) and fetch the rows again";
  entry.gates = true;
  entry.neighbours = true;
  entry.run = [](const CheckInput& input, const component::Params& params) {
    Finding finding{.check = "unit_mixups", .severity = Severity::kError};
    const double factor = OfClass(params, "factor", input.asset_class);
    for (const size_t row : FarFromBothSides(input.series.Doubles("close"), factor)) {
      if (input.Judges(row)) AddImpossibleRow(finding, input.series, row);
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message =
        fmt::format("{} rows have a close of at least {:g} times the level around them, or at most a {:g}th",
                    finding.affected_rows, factor, factor);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
