#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/quality/by_class.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/quality/level_changes.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {
namespace {

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Usual size of a move at each row: the median absolute log return of up to `window` rows before it.
std::vector<double> UsualMoves(const std::vector<double>& moves, size_t window) {
  std::vector<double> usual(moves.size(), 0);
  std::vector<double> last;
  for (size_t row = 0; row < moves.size(); ++row) {
    last.clear();
    for (size_t i = row - std::min(row, window); i < row; ++i) last.push_back(std::abs(moves[i]));
    if (last.size() >= 5) usual[row] = Median(last);
  }
  return usual;
}

}  // namespace

// Closes that jump: a jump that is taken back by the next row is an error of the data, one by the ratio of a split that
// no event declares is probably an unadjusted split, the others are reported as large moves only. Those to a level that
// unit_mixups finds are left to it. A move from prices that were adjusted as of one day to those of another is none,
// nor one that was accepted before.
QualityCheckEntry Spikes();

QualityCheckEntry Spikes() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "spikes", "1.0.0",
                "No close is far from those beside it, unless a split or dividend explains it."};
  entry.params = {
      component::DoubleParam("usual_moves", 12, 1, 1000, "", "A spike is this many times the usual move before it."),
      component::IntParam("window", 60, 5, 10000, "rows", "Rows over which the usual move is measured.")};
  AddByClass(entry.params, "min_move", {0.2, 0.15, 0.08, 0.5, 2}, 0.01, 10, "log return",
             "Smaller moves are never reported.");
  entry.neighbours = true;
  entry.advice = "compare the rows with another source; a split that is not declared has to be adjusted for";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    const std::span<const double> close = input.series.Doubles("close");
    const std::span<const double> split = input.series.Doubles("split_ratio");
    std::vector<double> moves(close.size(), 0);
    for (size_t row = 1; row < close.size(); ++row) {
      if (!(close[row] > 0) || !(close[row - 1] > 0) || input.IsSeam(row) || input.IsAccepted(row)) continue;
      moves[row] = std::log(close[row] / close[row - 1]);
      if (input.series.basis != quant::PriceBasis::kRaw) continue;
      if (row < split.size() && split[row] > 0 && split[row] != 1) {
        moves[row] += std::log(split[row]);
      } else if (row < input.splits.size() && ExplainedBySplit(moves[row], input.splits[row])) {
        moves[row] += std::log(input.splits[row]);
      }
    }
    const std::vector<double> usual = UsualMoves(moves, static_cast<size_t>(params.Int("window")));
    const double least = OfClass(params, "min_move", input.asset_class);
    // unit_mixups finds these, and the rows behind them.
    const std::vector<LevelChange> changes =
        FindLevelChanges(input, kLastingFactors[static_cast<size_t>(input.asset_class)]);
    const auto changes_level = [&](size_t row) {
      const auto at = std::lower_bound(changes.begin(), changes.end(), row,
                                       [](const LevelChange& one, size_t of) { return one.row < of; });
      return at != changes.end() && at->row == row;
    };
    Finding error{.check = "spikes", .severity = Severity::kError};
    Finding unadjusted{.check = "spikes", .severity = Severity::kError};
    Finding large{.check = "spikes", .severity = Severity::kInfo};
    for (size_t row = 1; row < moves.size(); ++row) {
      const double move = std::abs(moves[row]);
      if (move < least || move < params.Double("usual_moves") * usual[row]) continue;
      const bool taken_back = row + 1 < moves.size() && std::abs(moves[row] + moves[row + 1]) < 0.25 * move;
      if (taken_back) {
        if (input.Judges(row)) AddRow(error, input.series.times[row]);
        ++row;  // the way back is part of it
      } else if (!input.Judges(row) || changes_level(row)) {
        continue;
      } else if (SplitLike(std::exp(moves[row]))) {
        AddRow(unadjusted, input.series.times[row]);
      } else {
        AddRow(large, input.series.times[row]);
      }
    }
    error.message = fmt::format("{} rows jump and come back at once", error.affected_rows);
    unadjusted.message =
        fmt::format("{} moves have the ratio of a split that is not declared", unadjusted.affected_rows);
    large.message = fmt::format("{} moves are unusually large", large.affected_rows);
    std::vector<Finding> findings;
    for (Finding* finding : {&error, &unadjusted, &large}) {
      if (finding->affected_rows > 0) findings.push_back(std::move(*finding));
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
