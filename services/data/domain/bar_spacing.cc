#include "services/data/domain/bar_spacing.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/quant/calendar.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

struct Range {
  int64_t least;
  int64_t most;
};
// Days between one bar and the next where nothing is missing: holidays move the last session of a week or a month.
constexpr Range kWeekly = {5 * kDay + 12 * kHour, 8 * kDay + 12 * kHour};
constexpr Range kMonthly = {25 * kDay, 36 * kDay};

// "1 minute", "3 hours", "31 days".
std::string Length(int64_t nanos) {
  for (const auto& [unit, name] : {std::pair(kDay, "day"), std::pair(kHour, "hour"), std::pair(kMinute, "minute")}) {
    if (nanos >= unit) return fmt::format("{} {}{}", nanos / unit, name, nanos / unit == 1 ? "" : "s");
  }
  return "less than a minute";
}

// What is between a bar of a day and the one before at least, and between those of less than a day more than that.
int64_t LeastOf(Timeframe timeframe) {
  return timeframe == Timeframe::kDay ? 20 * kHour : absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe)) / 2;
}

// Whether two rows, the earlier one first, are of one week or month, whose days may be those of any time zone.
bool InOne(Timeframe timeframe, int64_t early, int64_t late) {
  constexpr absl::Duration kWest = absl::Hours(13), kEast = absl::Hours(14);  // a day ends when the next begins
  const absl::CivilDay from = absl::ToCivilDay(absl::FromUnixNanos(early) - kWest, absl::UTCTimeZone());
  const absl::CivilDay to = absl::ToCivilDay(absl::FromUnixNanos(late) + kEast, absl::UTCTimeZone());
  if (timeframe == Timeframe::kMonth) return absl::CivilMonth(from) == absl::CivilMonth(to);
  return to < absl::NextWeekday(from, absl::Weekday::monday);
}

// Whether a row comes too early after the one before.
bool TooClose(Timeframe timeframe, int64_t before, int64_t time) {
  if (timeframe == Timeframe::kWeek || timeframe == Timeframe::kMonth) return InOne(timeframe, before, time);
  return timeframe == Timeframe::kDay ? time - before < LeastOf(timeframe) : time - before <= LeastOf(timeframe);
}

// All gaps are in the range, or of many all but one in a hundred: an exchange was closed in the middle of a week once.
// Of some rows the first and the last one may be of a part of a week or a month, with which a history begins and ends.
bool All(std::span<const int64_t> times, Range range) {
  constexpr size_t kOneIn = 100;
  constexpr size_t kSome = 6;
  const bool parts = range.least > kDay;
  if (parts && times.size() >= kSome && times[1] - times[0] < range.least) times = times.subspan(1);
  if (parts && times.size() >= kSome && times.back() - times[times.size() - 2] < range.least)
    times = times.first(times.size() - 1);
  size_t others = 0;
  for (size_t row = 1; row < times.size(); ++row) {
    const int64_t gap = times[row] - times[row - 1];
    others += gap < range.least || gap > range.most ? 1 : 0;
  }
  return times.size() >= 3 && others * kOneIn <= times.size() - 1;
}

// Distances of rows within their sessions: neither over a break, nor the last one before a break, where a bar may be
// cut short.
struct Steps {
  std::map<int64_t, size_t> counts;
  size_t all = 0;
};
constexpr int64_t kBreak = 2 * kHour;  // a longer lunch than this ends a session as the night does

Steps StepsOf(std::span<const int64_t> times) {
  Steps steps;
  for (size_t row = 1; row + 1 < times.size(); ++row) {
    const int64_t step = times[row] - times[row - 1];
    if (step <= 0 || step >= kBreak || times[row + 1] - times[row] >= kBreak) continue;
    ++steps.counts[step];
    ++steps.all;
  }
  return steps;
}

// The larger size, if any, whose bars the steps are of: it is the most common one, and practically all are multiples of
// it. Rows of thin trading are on such a grid by chance now and then, not one after the other.
std::optional<Timeframe> LargerSize(const Steps& steps, Timeframe timeframe) {
  constexpr size_t kFewest = 40;
  constexpr size_t kOneIn = 100;
  if (steps.all < kFewest) return std::nullopt;
  const auto usual = std::max_element(steps.counts.begin(), steps.counts.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const Timeframe larger : {Timeframe::kMin5, Timeframe::kMin15, Timeframe::kMin30, Timeframe::kHour1}) {
    const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(larger));
    if (larger <= timeframe || usual->first != length) continue;
    size_t others = 0;
    for (const auto& [step, count] : steps.counts) others += step % length == 0 ? 0 : count;
    if (others * kOneIn <= steps.all) return larger;
  }
  return std::nullopt;
}

// Whether a session of any calendar ends then.
bool EndsASession(int64_t time) {
  const auto names = quant::CalendarNames();
  return std::any_of(names.begin(), names.end(), [time](const auto& name) {
    const auto sessions = quant::FindCalendar(name).value()->sessions();
    const auto at = std::lower_bound(sessions.begin(), sessions.end(), time,
                                     [](const quant::Session& session, int64_t end) { return session.close_ns < end; });
    return at != sessions.end() && at->close_ns == time;
  });
}

// Whether two rows end at one time of day, also when clocks changed between them.
bool AtOneTimeOfDay(int64_t a, int64_t b) {
  constexpr int64_t kNear = 5 * kMinute;
  const int64_t apart = std::abs(a - b) % kDay;
  const int64_t off = std::min(apart, kDay - apart);
  return off <= kNear || std::abs(off - kHour) <= kNear;
}

}  // namespace

void TellOfSpacing(const SpacingFault& fault, std::vector<std::string>& notes) {
  if (std::find(notes.begin(), notes.end(), fault.note) == notes.end()) notes.push_back(fault.note);
}

std::optional<SpacingFault> FindLargerBars(std::span<const int64_t> times, Timeframe timeframe) {
  if (quant::IntradayLength(timeframe) <= absl::ZeroDuration()) return std::nullopt;
  const Steps steps = StepsOf(times);
  const std::optional<Timeframe> larger = LargerSize(steps, timeframe);
  if (!larger) return std::nullopt;
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(*larger));
  size_t row = 1;
  while (row + 1 < times.size() && times[row] - times[row - 1] != length) ++row;
  const std::string_view size = quant::ToText(*larger);
  const std::string_view said = quant::ToText(timeframe);
  return SpacingFault{
      row,
      fmt::format("is {0} after the row before, as {1} of {2} rows within their sessions are, and the others are "
                  "multiples of that apart: bars of {3} and not of {4} (--timeframe {3})",
                  Length(length), steps.counts.at(length), steps.all, size, said),
      fmt::format(
          "all rows of a session are {0} apart, or multiples of that, and are taken for bars of {1}: if they are "
          "bars of {2}, drop them and name that size (--timeframe {2})",
          Length(length), said, size)};
}

std::optional<SpacingFault> FindOddDays(std::span<const int64_t> times) {
  size_t odd = 0;
  std::optional<size_t> first;
  for (size_t row = 0; row < times.size(); ++row) {
    const bool like_another = (row > 0 && AtOneTimeOfDay(times[row], times[row - 1])) ||
                              (row + 1 < times.size() && AtOneTimeOfDay(times[row], times[row + 1]));
    if (like_another || EndsASession(times[row])) continue;
    ++odd;
    if (!first) first = row;
  }
  if (times.size() < 2 || odd * 2 < times.size()) return std::nullopt;
  return SpacingFault{
      *first, fmt::format("ends at {} UTC, when no session does, and {} of {} rows end at times of day "
                          "of their own",
                          absl::FormatTime("%H:%M:%S", absl::FromUnixNanos(times[*first]), absl::UTCTimeZone()), odd,
                          times.size())};
}

std::optional<SpacingFault> FindSpacingFault(std::span<const int64_t> times, Timeframe timeframe) {
  if (timeframe == Timeframe::kTick || times.empty()) return std::nullopt;
  const bool intraday = quant::IntradayLength(timeframe) > absl::ZeroDuration();
  const std::string_view name = quant::ToText(timeframe);
  size_t close = 0;
  std::optional<size_t> first;
  for (size_t row = 1; row < times.size(); ++row) {
    if (times[row] <= times[row - 1] || !TooClose(timeframe, times[row - 1], times[row])) continue;
    ++close;
    if (!first) first = row;
  }
  // The last bar of a session may be cut short, and so may each one when few are asked for.
  if (first && (!intraday || close * 2 > times.size())) {
    return SpacingFault{*first, fmt::format("is {} after the row before: these are no bars of {} (--timeframe)",
                                            Length(times[*first] - times[*first - 1]), name)};
  }
  if (auto larger = FindLargerBars(times, timeframe)) return larger;
  constexpr Range kDaily = {20 * kHour, INT64_MAX};
  for (const auto& [range, larger, of] :
       {std::tuple(kDaily, "days", intraday), std::tuple(kWeekly, "weeks", timeframe == Timeframe::kDay),
        std::tuple(kMonthly, "months", timeframe == Timeframe::kDay || timeframe == Timeframe::kWeek)}) {
    if (of && All(times, range)) {
      const size_t row = times[1] - times[0] < range.least ? 2 : 1;
      return SpacingFault{row, fmt::format("is {} after the row before, and so are all others: bars of {} and not of "
                                           "{} (--timeframe)",
                                           Length(times[row] - times[row - 1]), larger, name)};
    }
  }
  return std::nullopt;
}

}  // namespace breadthflow::data
