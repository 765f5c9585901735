#include "services/data/domain/quality/level_changes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "absl/time/time.h"

#include "common/quant/timeframe.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {
namespace {

constexpr size_t kSide = 5;      // rows on each side that make a level
constexpr double kSlack = 1.35;  // what prices may move beside it
constexpr std::array<double, 6> kPowersOfTen = {1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr double kMostBesideSplit = 3;  // times that prices may move on the day of a split that is declared

double Median(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

// 2 for about 100, -2 for about a hundredth; 0 where there is none from `least` on: so mostly, and at once.
int PowerOf(double ratio, double least) {
  const double up = std::max(ratio, 1 / ratio);
  if (!(up > least / kSlack)) return 0;
  int power = 0;
  for (const double factor : kPowersOfTen) {
    ++power;
    if (factor >= least && up > factor / kSlack && up < factor * kSlack) return ratio > 1 ? power : -power;
  }
  return 0;
}

// How far apart rows may be of which the one says what the other should be.
int64_t MostApart(quant::Timeframe timeframe) {
  return absl::ToInt64Nanoseconds(absl::Hours(24) * (timeframe == quant::Timeframe::kMonth ? 190 : 35));
}

// Whether prices behind row `before` and up to `row` begin to be adjusted as of another day.
bool IsSeam(const CheckInput& input, size_t before, size_t row) {
  for (size_t at = before + 1; at <= row; ++at) {
    if (input.IsSeam(at)) return true;
  }
  return false;
}

// Whether splits that take effect behind row `before` and up to `row` explain the move between them. A split of about
// that size is why the level changed, however much the prices fell on that day besides (ExplainedBySplit says whether
// what is left is a usual move).
bool IsDeclared(const CheckInput& input, size_t before, size_t row, double move) {
  if (input.series.basis != quant::PriceBasis::kRaw) return false;
  const std::span<const double> column = input.series.Doubles("split_ratio");
  double own = 1;
  double apart = 1;
  for (size_t at = before + 1; at <= row; ++at) {
    if (at < column.size() && column[at] > 0) own *= column[at];
    if (at < input.splits.size()) apart *= input.splits[at];
  }
  const double ratio = own != 1 ? own : apart;
  return ratio > 0 && ratio != 1 && std::abs(move + std::log(ratio)) < std::log(kMostBesideSplit);
}

}  // namespace

std::vector<LevelChange> FindLevelChanges(const CheckInput& input, double least) {
  std::vector<LevelChange> changes;
  if (input.series.basis == quant::PriceBasis::kNotPrices) return changes;
  const std::span<const double> close = input.series.Doubles("close");
  std::vector<size_t> rows;
  std::vector<double> values;
  for (size_t row = 0; row < close.size(); ++row) {
    if (!(close[row] > 0)) continue;
    rows.push_back(row);
    values.push_back(close[row]);
  }
  if (values.size() < 3) return changes;
  const std::vector<size_t> far = FarFromBothSides(values, least / kSlack);
  const auto stands_out = [&](size_t at) { return std::binary_search(far.begin(), far.end(), at); };
  const std::span<const double> all = values;
  const std::vector<int64_t>& times = input.series.times;
  const int64_t apart = MostApart(input.series.key.timeframe);
  for (size_t at = 1; at < values.size(); ++at) {
    const int power = PowerOf(values[at] / values[at - 1], least);
    if (power == 0 || stands_out(at) || stands_out(at - 1)) continue;
    if (times[rows[at]] - times[rows[at - 1]] > apart) continue;
    const size_t side = std::min(at, kSide);
    const double before = Median(all.subspan(at - side, side));
    const double after = Median(all.subspan(at, std::min(kSide, values.size() - at)));
    if (PowerOf(after / before, least) != power || input.IsAccepted(rows[at])) continue;
    if (IsSeam(input, rows[at - 1], rows[at])) continue;
    if (IsDeclared(input, rows[at - 1], rows[at], std::log(values[at] / values[at - 1]))) continue;
    changes.push_back({.row = rows[at], .before = rows[at - 1], .power = power});
  }
  return changes;
}

std::vector<int> LevelsByRow(const CheckInput& input, const std::vector<LevelChange>& changes) {
  const size_t rows = input.series.size();
  std::vector<int> levels(rows, 0);
  for (const LevelChange& change : changes) levels[change.row] = change.power;
  std::partial_sum(levels.begin(), levels.end(), levels.begin());
  const std::vector<int64_t>& times = input.series.times;
  const auto first = std::lower_bound(times.begin(), times.end(), input.judged.start_ns) - times.begin();
  const auto end = std::lower_bound(times.begin(), times.end(), input.judged.end_ns) - times.begin();
  int from = levels.empty() ? 0 : levels.front();
  if (first > 0) {
    from = levels[static_cast<size_t>(first) - 1];
  } else if (static_cast<size_t>(end) < rows) {
    from = levels[static_cast<size_t>(end)];
  }
  for (int& level : levels) level -= from;
  return levels;
}

}  // namespace breadthflow::data
