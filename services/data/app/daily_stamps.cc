#include "services/data/app/daily_stamps.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/quant/timeframe.h"
#include "services/data/domain/series_market.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kApart = 20 * kHour;  // two sessions end at least so far from each other

std::string Instant(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

// Of bars only times are looked at: one column is enough.
std::vector<std::string> OneColumn(const Resource& resource) {
  const auto column =
      std::find_if(resource.fields.begin(), resource.fields.end(), [](const Field& field) { return field.required; });
  if (column == resource.fields.end()) return {};
  return {column->name};
}

// The last days of what is stored before the new rows (or before what they replace) and the first ones of what is
// after them; where there are none, those with which the series begins.
absl::StatusOr<std::vector<int64_t>> Beside(SeriesStore& store, const Resource& resource, const quant::Series& series,
                                            const columnar::SeriesHead& head,
                                            const std::optional<quant::TimeRange>& replaces, absl::Time deadline) {
  constexpr int64_t kFewDays = 10 * 24 * kHour;
  const int64_t before = replaces ? std::min(series.times.front(), replaces->start_ns) : series.times.front();
  const int64_t after = replaces ? std::max(series.times.back() + 1, replaces->end_ns) : series.times.back() + 1;
  std::vector<quant::TimeRange> ranges;
  if (head.first_time_ns < before) {
    const int64_t end = std::min(before, head.last_time_ns + 1);
    ranges.push_back({end - kFewDays, end});
  }
  if (head.last_time_ns >= after) {
    const int64_t start = std::max(after, head.first_time_ns);
    ranges.push_back({start, start + kFewDays});
  }
  ranges.push_back({head.first_time_ns, head.first_time_ns + kFewDays});
  columnar::ReadOptions options{.version = head.version, .columns = OneColumn(resource), .deadline = deadline};
  std::vector<int64_t> times;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i + 1 == ranges.size() && !times.empty()) break;
    options.range = ranges[i];
    BF_ASSIGN_OR_RETURN(const quant::Series rows, store.chunks().Read(series.key, options));
    std::copy_if(rows.times.begin(), rows.times.end(), std::back_inserter(times),
                 [&](int64_t time) { return !replaces || !replaces->Contains(time); });
  }
  return times;
}

// A calendar that may be kept, and the parameters that name it.
using Kept = std::pair<const quant::Calendar*, std::string>;

// Those of which all rows are closes: of the known ones and the dates of UTC, else the one named for the series.
absl::StatusOr<std::vector<Kept>> KeptBy(SeriesStore& store, const quant::SeriesKey& key,
                                         std::span<const int64_t> times, absl::Time deadline) {
  const auto closes = [times](const quant::Calendar& calendar) {
    return std::all_of(times.begin(), times.end(), [&](int64_t time) { return calendar.ClosingAt(time) != nullptr; });
  };
  std::vector<Kept> kept;
  std::vector<std::string_view> names = quant::CalendarNames();
  names.push_back(quant::kNoCalendar);
  for (const std::string_view name : names) {
    BF_ASSIGN_OR_RETURN(const quant::Calendar* calendar, quant::FindCalendar(name));
    if (closes(*calendar)) kept.emplace_back(calendar, fmt::format("calendar={}", name));
  }
  if (!kept.empty()) return kept;
  BF_ASSIGN_OR_RETURN(const NamedMarkets markets, store.Markets({key}, absl::InfiniteFuture(), deadline));
  for (const auto& [of, known] : markets) {
    const SeriesMarket& market = known.market;
    BF_ASSIGN_OR_RETURN(const quant::Calendar* calendar, store.CalendarOf(market));
    if (!closes(*calendar)) continue;
    kept.emplace_back(calendar, fmt::format("calendar={}{}{}", market.calendar,
                                            market.time_zone.empty() ? "" : ", time_zone=", market.time_zone));
  }
  return kept;
}

std::string Names(const std::vector<Kept>& kept) {
  std::string names;
  for (const auto& [calendar, name] : kept) names += (names.empty() ? "" : " or ") + name;
  return names;
}

// Of a day that is `twice.first` in what is stored, at `times`, and would be `twice.second` too.
absl::Status SameDayTwice(SeriesStore& store, const quant::Series& series, std::span<const int64_t> times,
                          std::pair<int64_t, int64_t> twice, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head, store.chunks().Head(series.key, {.deadline = deadline}));
  BF_ASSIGN_OR_RETURN(const std::vector<Kept> kept, KeptBy(store, series.key, times, deadline));
  const std::string names = Names(kept);
  const auto day = [](int64_t time_ns) { return quant::DayOf(quant::FromNanos(time_ns), quant::Timeframe::kDay); };
  const absl::CivilDay first = day(std::min(head.first_time_ns, series.times.front()));
  const absl::CivilDay last = day(std::max(head.last_time_ns, series.times.back()));
  return base::MakeError(
      absl::StatusCode::kFailedPrecondition, "OTHER_CALENDAR",
      fmt::format("its bar at {} is stored, and the one at {} would be another of the same day: the stored ones keep "
                  "{}, and the days of a series keep to one. Name that of the stored ones ({} by --set of an import, "
                  "--param of a fetch), keep these bars under another name (--source NAME), or replace all that are "
                  "stored by files that have all days (--replace --start {} --end {})",
                  Instant(twice.first), Instant(twice.second), names.empty() ? "another calendar" : names,
                  names.empty() ? "calendar=..." : names, absl::FormatCivilTime(first),
                  absl::FormatCivilTime(last + 1)));
}

// Whether a row ends at the time of day at which the sessions next to it do: also on a holiday of that market, and when
// its session ended early.
bool EndsLike(const quant::Calendar& calendar, int64_t time) {
  const quant::Session* last = calendar.LastClosingBy(time);
  const quant::Session* next = calendar.FirstClosingAfter(time);
  return (last != nullptr && (time - last->close_ns) % (24 * kHour) == 0) ||
         (next != nullptr && (next->close_ns - time) % (24 * kHour) == 0);
}

// The first row that ends at another time of day than its sessions, where half or more of the rows that it covers do.
std::optional<int64_t> FirstOff(const quant::Calendar& calendar, std::span<const int64_t> times) {
  const std::span<const quant::Session> sessions = calendar.sessions();
  size_t covered = 0;
  size_t off = 0;
  std::optional<int64_t> first;
  for (const int64_t time : times) {
    if (sessions.empty() || time < sessions.front().close_ns || time > sessions.back().close_ns) continue;
    ++covered;
    if (EndsLike(calendar, time)) continue;
    ++off;
    if (!first) first = time;
  }
  return off * 2 >= covered ? first : std::nullopt;
}

}  // namespace

absl::Status CheckDailyStamps(SeriesStore& store, const Resource& resource, const quant::Series& series,
                              const std::optional<quant::TimeRange>& replaces, absl::Time deadline) {
  if (series.key.timeframe != quant::Timeframe::kDay || series.empty() || !resource.bars) return absl::OkStatus();
  const bool all_replaced = replaces && replaces->start_ns <= series.times.front() - kApart &&
                            replaces->end_ns >= series.times.back() + kApart;
  if (all_replaced) return absl::OkStatus();
  const columnar::ReadOptions options{.range = {series.times.front() - kApart, series.times.back() + kApart},
                                      .columns = OneColumn(resource),
                                      .deadline = deadline};
  const absl::StatusOr<quant::Series> stored = store.chunks().Read(series.key, options);
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  BF_RETURN_IF_ERROR(stored.status());
  auto next = series.times.begin();
  for (const int64_t time : stored->times) {
    if (replaces && replaces->Contains(time)) continue;
    while (next != series.times.end() && *next <= time - kApart) ++next;
    const bool near = next != series.times.end() && *next < time + kApart;
    if (!near || *next == time || std::binary_search(next, series.times.end(), time)) continue;
    return SameDayTwice(store, series, stored->times, {time, *next}, deadline);
  }
  return absl::OkStatus();
}

absl::Status CheckStampsGoOn(SeriesStore& store, const Resource& resource, const quant::Series& series,
                             const columnar::WrittenSeries& written, const std::optional<quant::TimeRange>& replaces,
                             absl::Time deadline) {
  const bool days = series.key.timeframe == quant::Timeframe::kDay && resource.bars;
  if (!days || written.rows_inserted == 0 || written.base_version == 0) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head,
                      store.chunks().Head(series.key, {.version = written.base_version, .deadline = deadline}));
  if (head.rows == 0) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const std::vector<int64_t> stored, Beside(store, resource, series, head, replaces, deadline));
  if (stored.empty()) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const std::vector<Kept> kept, KeptBy(store, series.key, stored, deadline));
  if (kept.empty()) return absl::OkStatus();
  std::vector<int64_t> added(series.times.begin(),
                             std::lower_bound(series.times.begin(), series.times.end(), head.first_time_ns));
  added.insert(added.end(), std::upper_bound(series.times.begin(), series.times.end(), head.last_time_ns),
               series.times.end());
  if (added.empty()) added = series.times;
  std::optional<int64_t> off;
  for (const auto& [calendar, name] : kept) {
    const std::optional<int64_t> first = FirstOff(*calendar, added);
    if (!first) return absl::OkStatus();
    off = first;
  }
  return base::MakeError(
      absl::StatusCode::kFailedPrecondition, "OTHER_CALENDAR",
      fmt::format(
          "its bars that are stored end with the sessions of {0}, as the one at {1}, and the new one at {2} does "
          "not: the new ones keep another calendar. Name that of the stored ones ({0} by --set of an import, "
          "--param of a fetch), keep these bars under another name (--source NAME) or replace all that are "
          "stored (--replace --start ... --end ...)",
          Names(kept), Instant(stored.front()), Instant(*off)));
}

}  // namespace breadthflow::data
