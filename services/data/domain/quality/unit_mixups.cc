#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/quality/by_class.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/quality/level_changes.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {
namespace {

// Rows of another level than those beside them, but for those of `far`, which are found already.
Finding Lasting(const CheckInput& input, double least, const std::vector<size_t>& far) {
  Finding finding{.check = "unit_mixups", .severity = Severity::kError};
  const std::vector<LevelChange> changes = FindLevelChanges(input, least);
  if (changes.empty()) return finding;
  const std::vector<int> levels = LevelsByRow(input, changes);
  const std::span<const double> close = input.series.Doubles("close");
  int first = 0;
  for (size_t row = 0; row < levels.size(); ++row) {
    if (levels[row] == 0 || !(close[row] > 0) || !input.Judges(row)) continue;
    if (std::binary_search(far.begin(), far.end(), row)) continue;
    if (first == 0) first = levels[row];
    AddImpossibleRow(finding, input.series, row);
  }
  const double factor = std::pow(10, std::abs(first));
  finding.message = fmt::format(
      "{} rows are in another unit, or behind a split of {} that nothing declares: their "
      "close is about {} that of the rows beside them and stays so",
      finding.affected_rows, first > 0 ? fmt::format("1:{:g}", factor) : fmt::format("{:g}:1", factor),
      first > 0 ? fmt::format("{:g} times", factor) : fmt::format("a {:g}th of", factor));
  return finding;
}

}  // namespace

// Rows whose close is `factor` times the level on both sides of them, or that part of it: cents among dollars, a point
// in the wrong place. And rows from which on the level is 100 or 1000 times what it was, or that part of it, until they
// end or it comes back: prices that come in another unit from some day on, or after a split that nothing declares. By
// any other factor a level that stays is no matter of units: a split, or another instrument.
QualityCheckEntry UnitMixups();

QualityCheckEntry UnitMixups() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "unit_mixups", "1.1.0",
                "No close is many times those before and after it, or a small part of them; none changes its unit."};
  AddByClass(entry.params, "lasting_factor", kLastingFactors, 10, 1e9, "",
             "Least power of ten by which a level that stays is another unit.");
  AddByClass(entry.params, "factor", {8, 3, 3, 10, 100}, 2, 1000, "", "Distance from the level on both sides.");
  entry.weight = 0;  // spikes counts these rows
  entry.advice =
      "check the unit (pence for pounds, cents for dollars) and fetch the rows again; where a split made a level that "
      "stays, fetch or import its splits first (--resource split), then the prices again; where the move is real, "
      "release rows that were kept apart (data quarantine QUARANTINE --release), or fetch with --quality-gate store";
  entry.gates = true;
  entry.neighbours = true;
  entry.run = [](const CheckInput& input, const component::Params& params) {
    Finding apart{.check = "unit_mixups", .severity = Severity::kError};
    const double factor = OfClass(params, "factor", input.asset_class);
    const std::vector<size_t> far = FarFromBothSides(input.series.Doubles("close"), factor);
    for (const size_t row : far) {
      if (input.Judges(row)) AddImpossibleRow(apart, input.series, row);
    }
    apart.message =
        fmt::format("{} rows have a close of at least {:g} times the level around them, or at most 1/{:g} of it",
                    apart.affected_rows, factor, factor);
    Finding lasting = Lasting(input, OfClass(params, "lasting_factor", input.asset_class), far);
    std::vector<Finding> findings;
    for (Finding* finding : {&apart, &lasting}) {
      if (finding->affected_rows > 0) findings.push_back(std::move(*finding));
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
