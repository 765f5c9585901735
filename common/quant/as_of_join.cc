#include "common/quant/as_of_join.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

constexpr size_t kNone = std::numeric_limits<size_t>::max();

absl::Status Check(std::span<const int64_t> times, const Series& right, const AsOfOptions& options) {
  base::Violations violations;
  const auto ascending = [&](std::span<const int64_t> values, std::string_view field) {
    const auto fault = std::is_sorted_until(values.begin(), values.end());
    if (fault == values.end()) return;
    violations.Add(field, fmt::format("row {} is before the row before it", fault - values.begin()));
  };
  ascending(times, "times");
  ascending(right.times, "right.times");
  if (options.ttl < absl::ZeroDuration()) violations.Add("ttl", "must not be negative");
  for (const Column& column : right.columns) {
    if (column.size() != right.size()) violations.Add(column.name, "has not as many values as the series has rows");
  }
  for (const std::string& name : options.columns) {
    if (right.Find(name) == nullptr) violations.Add("columns", fmt::format("{} has no '{}'", right.key.resource, name));
  }
  return violations.ToStatus(fmt::format("{} of {} can not be joined", right.key.resource, right.key.symbol),
                             "INVALID_JOIN");
}

// The row of `right` that is known at each time, or kNone. Only rows that `counts` are looked at.
template <typename Counts>
std::vector<size_t> KnownRows(std::span<const int64_t> times, const Series& right, const AsOfOptions& options,
                              Counts counts) {
  const bool forever = options.ttl == absl::InfiniteDuration();
  const int64_t ttl = absl::ToInt64Nanoseconds(options.ttl);
  std::vector<size_t> rows(times.size(), kNone);
  size_t known = kNone, next = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    for (; next < right.size() && right.times[next] <= times[i]; ++next) {
      if (!counts(next)) continue;
      if (known == kNone || !options.replaces || options.replaces(right, known, next)) known = next;
    }
    // The age may exceed what 63 bits hold, not what 64 do.
    if (known == kNone) continue;
    const uint64_t age = static_cast<uint64_t>(times[i]) - static_cast<uint64_t>(right.times[known]);
    if (forever || age <= static_cast<uint64_t>(ttl)) rows[i] = known;
  }
  return rows;
}

Column Take(const Column& column, std::span<const size_t> rows) {
  Column taken{.name = column.name, .values = {}, .valid = {}};
  std::vector<bool> valid(rows.size(), true);
  bool all = true;
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> out(rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
          if (rows[i] != kNone && column.present(rows[i])) {
            out[i] = values[rows[i]];
          } else {
            valid[i] = all = false;
          }
        }
        taken.values = std::move(out);
      },
      column.values);
  if (!all) taken.valid = std::move(valid);
  return taken;
}

}  // namespace

Replaces ByColumn(std::string column) {
  return [column = std::move(column)](const Series& right, size_t current, size_t candidate) {
    const Column* found = right.Find(column);
    if (found == nullptr) return true;
    if (!found->present(candidate)) return !found->present(current);
    if (!found->present(current)) return true;
    return std::visit([&](const auto& values) { return !(values[candidate] < values[current]); }, found->values);
  };
}

absl::StatusOr<Series> AsOfJoin(std::span<const int64_t> times, const Series& right, const AsOfOptions& options) {
  BF_RETURN_IF_ERROR(Check(times, right, options));
  Series out{.key = right.key, .basis = right.basis, .times = {times.begin(), times.end()}, .columns = {}};
  std::vector<const Column*> columns;
  for (const std::string& name : options.columns) columns.push_back(right.Find(name));
  if (options.columns.empty()) {
    for (const Column& column : right.columns) columns.push_back(&column);
  }
  std::vector<size_t> rows;
  if (!options.skip_missing) rows = KnownRows(times, right, options, [](size_t) { return true; });
  for (const Column* column : columns) {
    if (options.skip_missing) {
      rows = KnownRows(times, right, options, [&](size_t row) { return column->present(row); });
    }
    out.columns.push_back(Take(*column, rows));
  }
  return out;
}

}  // namespace breadthflow::quant
