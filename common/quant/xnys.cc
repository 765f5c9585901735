#include <cstdint>
#include <optional>

#include "common/quant/calendar.h"
#include "common/quant/calendar_rules.h"
#include "common/quant/calendar_zones.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;
using absl::Weekday;

constexpr SessionHours kRegular = {9 * 60 + 30, 16 * 60};
constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr AroundSession kAround = {.before_ns = 330 * kMinuteNs, .closing_ns = kMinuteNs, .after_ns = 240 * kMinuteNs};

// A Saturday is observed on Friday, a Sunday on Monday.
CivilDay NearestWorkday(CivilDay day) {
  switch (absl::GetWeekday(day)) {
    case Weekday::saturday:
      return day - 1;
    case Weekday::sunday:
      return day + 1;
    default:
      return day;
  }
}

bool IsNewYear(CivilDay day) {
  // Not observed on the Friday before: that is the last trading day of the accounting year.
  const CivilDay first(day.year(), 1, 1);
  return day == (absl::GetWeekday(first) == Weekday::sunday ? first + 1 : first);
}

bool IsHoliday(CivilDay day) {
  const int64_t year = day.year();
  return IsNewYear(day) || (year >= 1998 && day == NthWeekday(3, Weekday::monday, year, 1)) ||
         day == NthWeekday(3, Weekday::monday, year, 2) || day == Easter(year) - 2 ||
         day == LastWeekday(Weekday::monday, year, 5) ||
         (year >= 2022 && day == NearestWorkday(CivilDay(year, 6, 19))) ||
         day == NearestWorkday(CivilDay(year, 7, 4)) || day == NthWeekday(1, Weekday::monday, year, 9) ||
         day == NthWeekday(4, Weekday::thursday, year, 11) || day == NearestWorkday(CivilDay(year, 12, 25));
}

// Half days around the holidays; `day` is a session.
bool IsHalfDay(CivilDay day) {
  const int64_t year = day.year();
  const Weekday weekday = absl::GetWeekday(day);
  if (day == NthWeekday(4, Weekday::thursday, year, 11) + 1) return year >= 1992;
  if (day == CivilDay(year, 12, 24)) return weekday != Weekday::friday;
  if (day == CivilDay(year, 7, 3) && year >= 1995) {
    // Wednesday the 3rd became the half day of a Thursday holiday in 2013; before, it was Friday the 5th.
    return weekday == Weekday::wednesday ? year >= 2013 : weekday != Weekday::friday;
  }
  if (day == CivilDay(year, 7, 5)) return weekday == Weekday::friday && year >= 1996 && year < 2013;
  return false;
}

std::optional<SessionHours> HoursOf(CivilDay day) {
  if (IsWeekend(day) || IsHoliday(day)) return std::nullopt;
  SessionHours hours = kRegular;
  if (IsHalfDay(day)) hours.close_minute = day.year() < 1993 ? 14 * 60 : 13 * 60;
  return hours;
}

int64_t DayStart(CivilDay day) { return NewYorkInstant(CivilSecond(day)); }

}  // namespace

const Calendar& Xnys() {
  const CivilDay first(1990, 1, 1), last(2030, 12, 31);
  static const Calendar* const calendar = new Calendar(
      "XNYS", first, last,
      BuildSessions(first, last, HoursOf, CalendarExceptions("xnys"), kRegular.close_minute, NewYorkInstant), DayStart,
      kAround);
  return *calendar;
}

}  // namespace breadthflow::quant
