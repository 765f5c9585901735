#include "services/data/domain/reconciliation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

using quant::Column;
using quant::Series;

constexpr std::array<std::string_view, 8> kAdjusted = {"open", "high",      "low",    "close",
                                                       "vwap", "adj_close", "volume", "dividend"};

bool IsNumber(const Column* column) { return column != nullptr && column->type() != quant::ColumnType::kText; }

std::optional<double> NumberAt(const Column& column, size_t row) {
  if (!column.present(row)) return std::nullopt;
  if (const auto* doubles = std::get_if<std::vector<double>>(&column.values)) return (*doubles)[row];
  return static_cast<double>(std::get<std::vector<int64_t>>(column.values)[row]);
}

std::vector<std::string> Compared(const Series& one, const Series& other, const std::vector<std::string>& fields) {
  std::vector<std::string> names;
  for (const Column& column : one.columns) {
    const bool wanted =
        fields.empty() ? !IsExtra(column.name) : std::find(fields.begin(), fields.end(), column.name) != fields.end();
    if (wanted && IsNumber(&column) && IsNumber(other.Find(column.name))) names.push_back(column.name);
  }
  return names;
}

// Positions of the rows that both have, and in `result` what only one has.
std::vector<std::pair<size_t, size_t>> Match(const Series& one, const Series& other, SeriesReconciliation& result) {
  std::vector<std::pair<size_t, size_t>> pairs;
  const auto unmatched = [&](int64_t time) {
    if (result.unmatched_ns.size() < kMaxUnmatched) result.unmatched_ns.push_back(time);
  };
  size_t a = 0;
  size_t b = 0;
  while (a < one.size() || b < other.size()) {
    if (b == other.size() || (a < one.size() && one.times[a] < other.times[b])) {
      ++result.only_rows;
      unmatched(one.times[a++]);
    } else if (a == one.size() || other.times[b] < one.times[a]) {
      ++result.only_other_rows;
      unmatched(other.times[b++]);
    } else {
      pairs.emplace_back(a++, b++);
    }
  }
  result.common_rows = static_cast<int64_t>(pairs.size());
  return pairs;
}

// Marks in `differs` the pairs on which the columns do.
FieldReconciliation Compare(const Column& one, const Column& other, const std::vector<int64_t>& times,
                            const std::vector<std::pair<size_t, size_t>>& pairs, double tolerance,
                            std::vector<bool>& differs) {
  FieldReconciliation field{.field = one.name, .examples = {}};
  std::vector<std::pair<double, Disagreement>> differing;
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    const auto& [a, b] = pairs[pair];
    const std::optional<double> value = NumberAt(one, a);
    const std::optional<double> other_value = NumberAt(other, b);
    if (!value || !other_value) continue;
    ++field.compared_rows;
    const double difference = RelativeDifference(*value, *other_value);
    field.max_difference = std::max(field.max_difference, difference);
    if (difference <= tolerance) continue;
    differing.push_back({difference, {times[a], *value, *other_value}});
    differs[pair] = true;
  }
  field.differing_rows = static_cast<int64_t>(differing.size());
  const size_t shown = std::min(differing.size(), kMaxDisagreements);
  std::partial_sort(differing.begin(), differing.begin() + static_cast<ptrdiff_t>(shown), differing.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second.time_ns < b.second.time_ns;
                    });
  for (size_t i = 0; i < shown; ++i) field.examples.push_back(differing[i].second);
  return field;
}

}  // namespace

double RelativeDifference(double a, double b) {
  if (a == b) return 0;
  return std::fabs(a - b) / std::max(std::fabs(a), std::fabs(b));
}

absl::StatusOr<SeriesReconciliation> Reconcile(const Series& one, const Series& other, double tolerance,
                                               const std::vector<std::string>& fields,
                                               std::span<const AnchoredRows> anchors,
                                               std::span<const AnchoredRows> other_anchors) {
  const std::vector<std::string> names = Compared(one, other, fields);
  const auto adjusted = std::find_first_of(names.begin(), names.end(), kAdjusted.begin(), kAdjusted.end());
  if (adjusted != names.end() && one.basis != other.basis) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "BASIS_DIFFERS",
                           fmt::format("{}: prices of {} are {}, those of {} are {}: {} can not be compared",
                                       one.key.symbol, one.key.variant, quant::ToText(one.basis), other.key.variant,
                                       quant::ToText(other.basis), *adjusted));
  }
  if (adjusted != names.end() &&
      !std::equal(anchors.begin(), anchors.end(), other_anchors.begin(), other_anchors.end())) {
    const auto text = [](std::span<const AnchoredRows> of) { return ToText(PriceAnchors(of.begin(), of.end())); };
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "BASIS_DIFFERS",
        fmt::format("{}: prices of {} are adjusted for splits as of {}, those of {} as of {}: {} can "
                    "not be compared",
                    one.key.symbol, one.key.variant, text(anchors), other.key.variant, text(other_anchors), *adjusted));
  }
  SeriesReconciliation result{.symbol = one.key.symbol, .unmatched_ns = {}, .differing_ns = {}, .fields = {}};
  const std::vector<std::pair<size_t, size_t>> pairs = Match(one, other, result);
  std::vector<bool> differs(pairs.size(), false);
  for (const std::string& name : names) {
    result.fields.push_back(Compare(*one.Find(name), *other.Find(name), one.times, pairs, tolerance, differs));
    result.agrees &= result.fields.back().differing_rows == 0;
  }
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    if (!differs[pair]) continue;
    ++result.differing_rows;
    if (result.differing_ns.size() < kMaxDisagreements) result.differing_ns.push_back(one.times[pairs[pair].first]);
  }
  return result;
}

}  // namespace breadthflow::data
