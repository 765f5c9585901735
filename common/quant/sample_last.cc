#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/status.h"
#include "common/quant/resample.h"
#include "common/quant/resample_intervals.h"

namespace breadthflow::quant {
namespace {

// The values of those rows.
Column Taken(const Column& from, const std::vector<size_t>& rows) {
  Column to{.name = from.name, .values = {}, .valid = {}};
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> taken;
        for (const size_t row : rows) taken.push_back(values[row]);
        to.values = std::move(taken);
      },
      from.values);
  if (from.valid.empty()) return to;
  for (const size_t row : rows) to.valid.push_back(from.valid[row]);
  return to;
}

// The highest value of each of the intervals, of "low" the lowest.
Column Extremes(const Column& from, const std::vector<double>& numbers, const std::vector<size_t>& first,
                const std::vector<size_t>& last) {
  std::vector<double> values;
  std::vector<bool> valid;
  for (size_t i = 0; i < first.size(); ++i) {
    double extreme = numbers[first[i]];
    bool known = true;
    for (size_t row = first[i]; row <= last[i]; ++row) {
      known = known && from.present(row);
      extreme = from.name == "low" ? std::min(extreme, numbers[row]) : std::max(extreme, numbers[row]);
    }
    values.push_back(known ? extreme : 0);
    valid.push_back(known);
  }
  Column to{.name = from.name, .values = std::move(values), .valid = {}};
  if (std::find(valid.begin(), valid.end(), false) != valid.end()) to.valid = std::move(valid);
  return to;
}

}  // namespace

absl::StatusOr<Resampled> SampleLast(const Series& rows, Timeframe timeframe, const Calendar& calendar,
                                     std::optional<int64_t> watermark_ns) {
  base::Violations violations;
  if (timeframe == Timeframe::kTick) violations.Add("timeframe", "must be 1min or longer");
  if (!std::is_sorted(rows.times.begin(), rows.times.end())) violations.Add("times", "must be ascending");
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid resampling", "INVALID_RESAMPLE"));
  BF_RETURN_IF_ERROR(CheckCalendarRange(rows.times, false, calendar));
  Resampled out;
  out.bars = {.key = rows.key, .basis = rows.basis, .times = {}, .columns = {}};
  out.bars.key.timeframe = timeframe;
  const int64_t watermark = watermark_ns.value_or(rows.empty() ? INT64_MIN : rows.times.back());
  Intervals intervals(calendar, timeframe);
  std::vector<size_t> first, last;  // rows of each interval
  size_t pending = 0;               // rows of the interval that is not over
  for (size_t row = 0; row < rows.size(); ++row) {
    const int64_t position = rows.times[row] - 1;
    const Session* session = intervals.SessionAt(position);
    if (session == nullptr) {
      ++out.outside_rows;
      continue;
    }
    const int64_t end = intervals.End(*session, position);
    if (end > watermark) {
      ++pending;
    } else if (!out.bars.times.empty() && out.bars.times.back() == end) {
      last.back() = row;
    } else {
      out.bars.times.push_back(end);
      first.push_back(row);
      last.push_back(row);
    }
  }
  out.pending_rows = pending;
  for (const Column& from : rows.columns) {
    const auto* numbers = std::get_if<std::vector<double>>(&from.values);
    if (numbers != nullptr && (from.name == "high" || from.name == "low")) {
      out.bars.columns.push_back(Extremes(from, *numbers, first, last));
    } else {
      out.bars.columns.push_back(Taken(from, from.name == "open" ? first : last));
    }
  }
  return out;
}

}  // namespace breadthflow::quant
