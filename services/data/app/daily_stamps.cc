#include "services/data/app/daily_stamps.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kApart = 20 * kHour;  // two sessions end at least so far from each other

std::string Instant(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

}  // namespace

absl::Status CheckDailyStamps(SeriesStore& store, const Resource& resource, const quant::Series& series,
                              const std::optional<quant::TimeRange>& replaces, absl::Time deadline) {
  if (series.key.timeframe != quant::Timeframe::kDay || series.empty() || !resource.bars) return absl::OkStatus();
  const bool all_replaced = replaces && replaces->start_ns <= series.times.front() - kApart &&
                            replaces->end_ns >= series.times.back() + kApart;
  if (all_replaced) return absl::OkStatus();
  columnar::ReadOptions options{.range = {series.times.front() - kApart, series.times.back() + kApart},
                                .deadline = deadline};
  // Only times are looked at.
  const auto column =
      std::find_if(resource.fields.begin(), resource.fields.end(), [](const Field& field) { return field.required; });
  if (column != resource.fields.end()) options.columns = {column->name};
  const absl::StatusOr<quant::Series> stored = store.chunks().Read(series.key, options);
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  BF_RETURN_IF_ERROR(stored.status());
  auto next = series.times.begin();
  for (const int64_t time : stored->times) {
    if (replaces && replaces->Contains(time)) continue;
    while (next != series.times.end() && *next <= time - kApart) ++next;
    const bool near = next != series.times.end() && *next < time + kApart;
    if (!near || *next == time || std::binary_search(next, series.times.end(), time)) continue;
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "OTHER_CALENDAR",
        fmt::format("its bar at {} is stored, and the one at {} would be another of the same day: the stored ones keep "
                    "another calendar. Name it (calendar=... by --set of an import, --param of a fetch), keep these "
                    "bars under another name (--source NAME) "
                    "or replace the stored ones (--replace --start ... --end ...)",
                    Instant(time), Instant(*next)));
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
