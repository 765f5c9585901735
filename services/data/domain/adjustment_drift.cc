#include "services/data/domain/adjustment_drift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace breadthflow::data {
namespace {

using quant::TimeRange;

constexpr int64_t kReach = int64_t{7} * 86'400 * 1'000'000'000;
constexpr double kRounding = 5e-5;  // of what providers round; a quarterly dividend is some ten times that

bool Differs(const quant::Series& a, size_t row_a, const quant::Series& b, size_t row_b, std::string_view name) {
  const quant::Column* of_a = a.Find(name);
  const quant::Column* of_b = b.Find(name);
  if (of_a == nullptr || of_b == nullptr || !of_a->present(row_a) || !of_b->present(row_b)) return false;
  if (of_a->type() != quant::ColumnType::kDouble || of_b->type() != quant::ColumnType::kDouble) return false;
  const double one = a.Doubles(name)[row_a];
  const double other = b.Doubles(name)[row_b];
  return std::abs(one - other) > kRounding * std::max(std::abs(one), std::abs(other));
}

}  // namespace

std::vector<TimeRange> WithNeighbours(std::vector<TimeRange> ranges, std::span<const Coverage> known) {
  for (TimeRange& range : ranges) {
    bool before = false;
    bool after = false;
    bool inside = false;
    for (const Coverage& one : known) {
      if (one.outcome != Outcome::kOk) continue;
      inside |= one.range.start_ns < range.end_ns && one.range.end_ns > range.start_ns;
      before |= one.range.end_ns == range.start_ns;
      after |= one.range.start_ns == range.end_ns;
    }
    if (inside) continue;
    if (before) range.start_ns -= kReach;
    if (after) range.end_ns += kReach;
  }
  std::vector<TimeRange> merged;
  for (const TimeRange& range : ranges) {
    if (!merged.empty() && range.start_ns <= merged.back().end_ns) {
      merged.back().end_ns = std::max(merged.back().end_ns, range.end_ns);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

TimeRange Hull(std::span<const TimeRange> ranges, std::span<const Coverage> known) {
  TimeRange hull{INT64_MAX, INT64_MIN};
  const auto add = [&](const TimeRange& range) {
    hull = {std::min(hull.start_ns, range.start_ns), std::max(hull.end_ns, range.end_ns)};
  };
  for (const TimeRange& range : ranges) add(range);
  for (const Coverage& one : known) {
    if (one.outcome != Outcome::kFailed) add(one.range);
  }
  return hull;
}

bool PricesDiffer(const quant::Series& stored, const quant::Series& fetched) {
  constexpr std::array<std::string_view, 4> kPrices = {"open", "high", "low", "close"};
  size_t a = 0;
  size_t b = 0;
  while (a < stored.size() && b < fetched.size() && stored.times[a] != fetched.times[b]) {
    stored.times[a] < fetched.times[b] ? ++a : ++b;
  }
  if (a == stored.size() || b == fetched.size()) return false;
  if (Differs(stored, a, fetched, b, "adj_close")) return true;
  if (fetched.basis != quant::PriceBasis::kSplitAdjusted &&
      fetched.basis != quant::PriceBasis::kSplitAndDividendAdjusted) {
    return false;
  }
  return std::any_of(kPrices.begin(), kPrices.end(),
                     [&](std::string_view name) { return Differs(stored, a, fetched, b, name); });
}

}  // namespace breadthflow::data
