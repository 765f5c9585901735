#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/quant/calendar.h"
#include "common/quant/calendar_rules.h"
#include "common/quant/calendar_zones.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;

constexpr int kDayMinutes = 24 * 60;

std::optional<SessionHours> WholeDay(CivilDay) { return SessionHours{0, kDayMinutes}; }

int64_t UtcMidnight(CivilDay day) { return UtcInstant(CivilSecond(day)); }

// A session begins in the evening before its day.
constexpr SessionHours kFxHours = {-7 * 60, 17 * 60};

std::optional<SessionHours> FxHours(CivilDay day) {
  const bool closed = (day.month() == 12 && day.day() == 25) || (day.month() == 1 && day.day() == 1);
  return IsWeekend(day) || closed ? std::nullopt : std::optional(kFxHours);
}

int64_t FxDayStart(CivilDay day) { return NewYorkInstant(CivilSecond(day) + int64_t{60} * kFxHours.open_minute); }

}  // namespace

const Calendar& AlwaysOpen() {
  const CivilDay first(1990, 1, 1), last(2030, 12, 31);
  static const Calendar* const calendar =
      new Calendar("24/7", first, last, BuildSessions(first, last, WholeDay, {}, kDayMinutes, UtcInstant), UtcMidnight);
  return *calendar;
}

const Calendar& FxWeek() {
  const CivilDay first(1990, 1, 1), last(2030, 12, 31);
  static const Calendar* const calendar = new Calendar(
      "FX", first, last, BuildSessions(first, last, FxHours, {}, kFxHours.close_minute, NewYorkInstant), FxDayStart);
  return *calendar;
}

Calendar DaysOf(const std::function<int64_t(CivilSecond local)>& instant) {
  const CivilDay first(1900, 1, 1), last(2099, 12, 31);
  return Calendar(std::string(kNoCalendar), first, last, BuildSessions(first, last, WholeDay, {}, kDayMinutes, instant),
                  [instant](CivilDay day) { return instant(CivilSecond(day)); });
}

const Calendar& UtcDays() {
  static const Calendar* const calendar = new Calendar(DaysOf(UtcInstant));
  return *calendar;
}

}  // namespace breadthflow::quant
