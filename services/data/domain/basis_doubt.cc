#include "services/data/domain/basis_doubt.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

namespace breadthflow::data {
namespace {

// The closes of a series by row; none where the column is not there or is of another type.
struct Closes {
  const quant::Column* column = nullptr;
  const std::vector<double>* values = nullptr;

  explicit Closes(const quant::Series& series) : column(series.Find("close")) {
    if (column != nullptr) values = std::get_if<std::vector<double>>(&column->values);
  }
  bool Has(size_t row) const { return column->present(row) && (*values)[row] > 0; }
};

constexpr double kHalfCent = 0.0051;
constexpr int64_t kOneIn = 20;  // closes that may have been corrected, too

// Two closes of one instant.
struct Pair {
  double before = 0;
  double now = 0;

  bool IsScaledBy(double factor) const {
    return std::abs(now - before * factor) <= std::max(kSameFactor * now, kHalfCent * (1 + factor));
  }
};

std::vector<Pair> PairsOf(const quant::Series& stored, const quant::Series& rows) {
  const Closes before(stored);
  const Closes now(rows);
  std::vector<Pair> pairs;
  if (before.values == nullptr || now.values == nullptr) return pairs;
  size_t at = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    while (at < stored.size() && stored.times[at] < rows.times[row]) ++at;
    if (at == stored.size()) break;
    if (stored.times[at] != rows.times[row] || !before.Has(at) || !now.Has(row)) continue;
    pairs.push_back({(*before.values)[at], (*now.values)[row]});
  }
  return pairs;
}

}  // namespace

std::optional<BasisDoubt> FindBasisDoubt(const quant::Series& stored, const quant::Series& rows) {
  const Closes before(stored);
  const Closes now(rows);
  if (before.values == nullptr || now.values == nullptr) return std::nullopt;
  BasisDoubt doubt;
  int64_t run = 0;
  int64_t longest = 0;
  double of_run = 1;
  size_t at = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    while (at < stored.size() && stored.times[at] < rows.times[row]) ++at;
    if (at == stored.size()) break;
    if (stored.times[at] != rows.times[row] || !before.Has(at) || !now.Has(row)) continue;
    ++doubt.common_rows;
    const double factor = (*now.values)[row] / (*before.values)[at];
    if (std::abs(factor - 1) <= kSameClose) {
      run = 0;
      continue;
    }
    if (doubt.differing++ == 0) {
      doubt.time_ns = rows.times[row];
      doubt.factor = factor;
    }
    const bool same = run > 0 && std::abs(factor / of_run - 1) <= kSameFactor;
    if (!same) of_run = factor;
    run = same ? run + 1 : 1;
    longest = std::max(longest, run);
  }
  const bool most = doubt.differing >= kFewestRows && doubt.differing * 2 > doubt.common_rows;
  if (!most && longest < kRunRows) return std::nullopt;
  doubt.text = fmt::format(
      "of {} closes that are stored, {} would change by more than {:.0f} %, the first one on {} by the factor {:.4g}",
      doubt.common_rows, doubt.differing, kSameClose * 100,
      absl::FormatTime("%Y-%m-%d", quant::FromNanos(doubt.time_ns - 1), absl::UTCTimeZone()), doubt.factor);
  return doubt;
}

std::optional<OneFactor> FindOneFactor(const quant::Series& stored, const quant::Series& rows) {
  const std::vector<Pair> pairs = PairsOf(stored, rows);
  OneFactor found{.common_rows = static_cast<int64_t>(pairs.size())};
  if (found.common_rows < kFewestRows) return std::nullopt;
  std::vector<double> factors;
  factors.reserve(pairs.size());
  for (const Pair& pair : pairs) factors.push_back(pair.now / pair.before);
  const auto middle = factors.begin() + static_cast<std::ptrdiff_t>(factors.size() / 2);
  std::nth_element(factors.begin(), middle, factors.end());
  found.factor = *middle;
  if (std::abs(found.factor - 1) <= kSameClose) return std::nullopt;
  found.scaled =
      std::count_if(pairs.begin(), pairs.end(), [&](const Pair& pair) { return pair.IsScaledBy(found.factor); });
  if ((found.common_rows - found.scaled) * kOneIn > found.common_rows) return std::nullopt;
  return found;
}

}  // namespace breadthflow::data
