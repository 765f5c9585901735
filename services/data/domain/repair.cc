#include "services/data/domain/repair.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace breadthflow::data {
namespace {

constexpr std::array<double, 14> kSplitRatios = {2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 50, 1.5, 100};
constexpr size_t kSide = 5;          // values on each side that make a level
constexpr double kUnit = 100;        // hundredths for wholes
constexpr double kUnitSlack = 1.35;  // what a price may move beside it
constexpr double kLeastSplit = 0.35;
constexpr double kUsualMoves = 12;
constexpr size_t kWindow = 60;

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Median of the positive values of [begin, end), or nullopt when there are fewer than `least`.
std::optional<double> Level(std::span<const double> values, size_t begin, size_t end, size_t least) {
  std::vector<double> level;
  for (size_t i = begin; i < std::min(end, values.size()); ++i) {
    if (values[i] > 0) level.push_back(values[i]);
  }
  if (level.size() < least) return std::nullopt;
  return Median(level);
}

// Rows near a change of level of more than `factor` from one row to the next.
std::set<size_t> NearJumps(std::span<const double> values, double factor) {
  std::set<size_t> rows;
  for (size_t row = 1; row < values.size(); ++row) {
    const double before = values[row - 1];
    const double after = values[row];
    if (after < factor * before && before < factor * after) continue;
    for (size_t i = row - std::min(row, kSide); i < std::min(row + kSide, values.size()); ++i) rows.insert(i);
  }
  return rows;
}

class Proposer {
 public:
  Proposer(const quant::Series& series, std::span<const double> splits) : series_(series), splits_(splits) {}

  std::vector<RepairProposal> Propose() {
    for (const std::string_view name : {"open", "high", "low", "close", "adj_close"}) {
      const quant::Column* column = series_.Find(name);
      if (column == nullptr || column->type() != quant::ColumnType::kDouble) continue;
      Holes(*column);
      Units(*column);
    }
    Splits();
    std::stable_sort(all_.begin(), all_.end(), [](const RepairProposal& a, const RepairProposal& b) {
      return std::tie(a.time_ns, a.field) < std::tie(b.time_ns, b.field);
    });
    if (all_.size() > kMaxProposals) all_.resize(kMaxProposals);
    return std::move(all_);
  }

 private:
  void Add(std::string check, size_t row, const std::string& field, double value, double proposed, std::string reason) {
    all_.push_back({std::move(check), series_.times[row], field, value, proposed, std::move(reason)});
  }

  void Holes(const quant::Column& column) {
    const auto& values = std::get<std::vector<double>>(column.values);
    const auto there = [&](size_t row) { return column.present(row) && values[row] > 0; };
    for (size_t row = 1; row + 1 < values.size(); ++row) {
      if (there(row) || !there(row - 1) || !there(row + 1)) continue;
      Add("positive_prices", row, column.name, column.present(row) ? values[row] : 0,
          (values[row - 1] + values[row + 1]) / 2, "nothing between two prices: their mean");
    }
  }

  void Units(const quant::Column& column) {
    const auto& values = std::get<std::vector<double>>(column.values);
    std::vector<double> present(values.size(), 0);
    for (size_t row = 0; row < values.size(); ++row) {
      if (column.present(row)) present[row] = values[row];
    }
    for (const size_t row : NearJumps(present, kUnit / kUnitSlack)) {
      if (!(present[row] > 0)) continue;
      const auto before = Level(present, row - std::min(row, kSide), row, 1);
      const auto after = Level(present, row + 1, row + 1 + kSide, 1);
      const auto is = [&](const std::optional<double>& level, double factor) {
        return !level || std::abs(std::log(present[row] / *level / factor)) < std::log(kUnitSlack);
      };
      if (!before && !after) continue;
      if (is(before, kUnit) && is(after, kUnit)) {
        Add("unit_mixups", row, column.name, present[row], present[row] / kUnit,
            "a hundred times its neighbours: a mix-up of units");
      } else if (is(before, 1 / kUnit) && is(after, 1 / kUnit)) {
        Add("unit_mixups", row, column.name, present[row], present[row] * kUnit,
            "a hundredth of its neighbours: a mix-up of units");
      }
    }
  }

  void Splits() {
    const std::span<const double> close = series_.Doubles("close");
    const quant::Column* declared = series_.Find("split_ratio");
    const std::span<const double> ratios = series_.Doubles("split_ratio");
    const auto move = [&](size_t row) {
      return close[row] > 0 && close[row - 1] > 0 ? std::log(close[row] / close[row - 1]) : 0.0;
    };
    for (size_t row = 1; row < close.size(); ++row) {
      const double jump = move(row);
      const std::optional<double> split = SplitLike(std::exp(jump));
      if (std::abs(jump) < kLeastSplit || !split) continue;
      if (declared != nullptr && row < ratios.size() && declared->present(row) && ratios[row] != 1) continue;
      if (row < splits_.size() && ExplainedBySplit(jump, splits_[row])) continue;
      const auto taken_back = [&](size_t at) { return std::abs(jump + move(at)) < 0.25 * std::abs(jump); };
      if ((row + 1 < close.size() && taken_back(row + 1)) || (row > 1 && taken_back(row - 1))) continue;
      std::vector<double> usual;
      for (size_t i = row - std::min(row - 1, kWindow); i < row; ++i) usual.push_back(std::abs(move(i)));
      if (usual.size() < kSide || std::abs(jump) < kUsualMoves * Median(usual)) continue;
      Add("spikes", row, "split_ratio", 1, jump < 0 ? *split : 1 / *split,
          fmt::format("the close changes by the ratio of a split of {:g} that is not declared", *split));
    }
  }

  const quant::Series& series_;
  const std::span<const double> splits_;
  std::vector<RepairProposal> all_;
};

}  // namespace

std::optional<double> SplitLike(double ratio) {
  const double up = ratio < 1 ? 1 / ratio : ratio;
  const auto* found = std::find_if(kSplitRatios.begin(), kSplitRatios.end(),
                                   [&](double split) { return std::abs(up / split - 1) < 0.02; });
  return found == kSplitRatios.end() ? std::nullopt : std::optional(*found);
}

bool ExplainedBySplit(double move, double ratio) {
  constexpr double kMostLeft = 0.25;  // what prices may move on that day besides
  return ratio > 0 && std::abs(move + std::log(ratio)) < std::min(kMostLeft, 0.25 * std::abs(move));
}

std::vector<size_t> FarFromBothSides(std::span<const double> values, double factor) {
  std::vector<size_t> rows;
  for (const size_t row : NearJumps(values, factor)) {
    const auto before = Level(values, row - std::min(row, kSide), row, 2);
    const auto after = Level(values, row + 1, row + 1 + kSide, 2);
    if (!before || !after || !(values[row] > 0)) continue;
    if (values[row] >= factor * std::max(*before, *after) || values[row] * factor <= std::min(*before, *after)) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<RepairProposal> ProposeRepairs(const quant::Series& series, std::span<const double> splits) {
  return Proposer(series, splits).Propose();
}

}  // namespace breadthflow::data
