#include "services/data/domain/asked_rows.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/time/civil_time.h"

#include "common/quant/calendar_zones.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::TimeRange;

constexpr int64_t kHourNs = int64_t{3600} * 1'000'000'000;

// From where the day begins first (UTC+14) to where it begins last (UTC-12).
TimeRange BeginningsOf(absl::CivilDay day) {
  const int64_t start = quant::UtcInstant(absl::CivilSecond(day));
  return {start - 14 * kHourNs, start + 12 * kHourNs + 1};
}

// The days on which rows take effect.
class EffectDays {
 public:
  EffectDays(const Resource& resource, const Series& rows) {
    if (resource.takes_effect.empty()) return;
    column_ = rows.Find(resource.takes_effect);
    if (column_ != nullptr) days_ = std::get_if<std::vector<std::string>>(&column_->values);
  }
  bool any() const { return days_ != nullptr; }

  // The first instant of `range` at which the row may take effect; nothing when there is none.
  std::optional<int64_t> Within(const TimeRange& range, size_t row) const {
    absl::CivilDay day;
    if (days_ == nullptr || !column_->present(row) || !absl::ParseCivilTime((*days_)[row], &day)) return std::nullopt;
    const TimeRange begins = BeginningsOf(day);
    const int64_t first = std::max(begins.start_ns, range.start_ns);
    return first < std::min(begins.end_ns, range.end_ns) ? std::optional(first) : std::nullopt;
  }

 private:
  const quant::Column* column_ = nullptr;
  const std::vector<std::string>* days_ = nullptr;
};

template <typename Values>
void Keep(const std::vector<size_t>& rows, Values& values) {
  for (size_t i = 0; i < rows.size(); ++i) {
    // Rows ascend: none is needed again that is written over here.
    if (rows[i] != i) values[i] = std::move(values[rows[i]]);
  }
  values.resize(rows.size());
}

void Keep(const std::vector<size_t>& rows, std::vector<bool>& values) {
  for (size_t i = 0; i < rows.size(); ++i) values[i] = values[rows[i]];
  values.resize(rows.size());
}

}  // namespace

std::vector<size_t> KeepAsked(const Resource& resource, TimeRange range, Series& rows) {
  std::vector<size_t> kept;
  const EffectDays effect(resource, rows);
  if (!effect.any()) {
    const auto begin = std::lower_bound(rows.times.begin(), rows.times.end(), range.start_ns);
    const auto end = std::lower_bound(begin, rows.times.end(), range.end_ns);
    kept.resize(static_cast<size_t>(end - begin));
    std::iota(kept.begin(), kept.end(), static_cast<size_t>(begin - rows.times.begin()));
    if (kept.size() < rows.size()) rows = rows.Slice(range);
    return kept;
  }
  for (size_t row = 0; row < rows.size();) {
    const size_t first = row;
    bool counts = range.Contains(rows.times[first]);
    for (; row < rows.size() && rows.times[row] == rows.times[first]; ++row) {
      counts = counts || effect.Within(range, row).has_value();
    }
    for (size_t one = first; counts && one < row; ++one) kept.push_back(one);
  }
  if (kept.size() == rows.size()) return kept;
  Keep(kept, rows.times);
  for (quant::Column& column : rows.columns) {
    std::visit([&](auto& values) { Keep(kept, values); }, column.values);
    if (!column.valid.empty()) Keep(kept, column.valid);
  }
  return kept;
}

std::vector<int64_t> InstantsWithin(const Resource& resource, TimeRange range, const Series& rows) {
  const EffectDays effect(resource, rows);
  std::vector<int64_t> instants;
  instants.reserve(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    if (range.Contains(rows.times[row])) {
      instants.push_back(rows.times[row]);
    } else if (const std::optional<int64_t> instant = effect.Within(range, row)) {
      instants.push_back(*instant);
    }
  }
  return instants;
}

}  // namespace breadthflow::data
