#include <algorithm>
#include <optional>

#include "common/quant/calendar.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;
using absl::Weekday;

constexpr int kFirstYear = 1990;
constexpr int kLastYear = 2030;
constexpr int64_t kSecondNs = 1'000'000'000;

// The n-th (from 1) such weekday of a month.
CivilDay Nth(int n, Weekday weekday, int64_t year, int month) {
  return absl::NextWeekday(CivilDay(year, month, 1) - 1, weekday) + 7 * (n - 1);
}

CivilDay Last(Weekday weekday, int64_t year, int month) {
  return absl::PrevWeekday(CivilDay(absl::CivilMonth(year, month) + 1), weekday);
}

// Sunday of the western Easter (Meeus/Jones/Butcher, Gregorian).
CivilDay Easter(int64_t year) {
  const int64_t a = year % 19, b = year / 100, c = year % 100;
  const int64_t d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int64_t h = (19 * a + b - d - g + 15) % 30;
  const int64_t i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int64_t m = (a + 11 * h + 22 * l) / 451;
  const int64_t month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
  return CivilDay(year, month, day);
}

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

bool IsRegularHoliday(CivilDay day) {
  const int64_t year = day.year();
  return IsNewYear(day) || (year >= 1998 && day == Nth(3, Weekday::monday, year, 1)) ||
         day == Nth(3, Weekday::monday, year, 2) || day == Easter(year) - 2 || day == Last(Weekday::monday, year, 5) ||
         (year >= 2022 && day == NearestWorkday(CivilDay(year, 6, 19))) ||
         day == NearestWorkday(CivilDay(year, 7, 4)) || day == Nth(1, Weekday::monday, year, 9) ||
         day == Nth(4, Weekday::thursday, year, 11) || day == NearestWorkday(CivilDay(year, 12, 25));
}

bool IsSpecialClosing(CivilDay day) {
  static const CivilDay kClosings[] = {
      CivilDay(1994, 4, 27),                                                                         // Nixon
      CivilDay(2001, 9, 11),  CivilDay(2001, 9, 12),  CivilDay(2001, 9, 13), CivilDay(2001, 9, 14),  // attacks
      CivilDay(2004, 6, 11),                                                                         // Reagan
      CivilDay(2007, 1, 2),                                                                          // Ford
      CivilDay(2012, 10, 29), CivilDay(2012, 10, 30),                                                // hurricane Sandy
      CivilDay(2018, 12, 5),                                                                         // Bush
      CivilDay(2025, 1, 9),                                                                          // Carter
  };
  return std::find(std::begin(kClosings), std::end(kClosings), day) != std::end(kClosings);
}

struct Hours {
  int open_minute = 9 * 60 + 30;
  int close_minute = 16 * 60;
};

struct SpecialHours {
  CivilDay day;
  Hours hours;
};

// Days that no rule gives. Openings delayed by a minute or two (moments of silence) are not listed.
std::optional<Hours> FindSpecialHours(CivilDay day) {
  static const SpecialHours kSpecial[] = {
      {CivilDay(1994, 2, 11), {570, 870}},   // snow
      {CivilDay(1995, 12, 18), {630, 960}},  // computer trouble
      {CivilDay(1996, 1, 8), {660, 840}},    // blizzard
      {CivilDay(1997, 10, 27), {570, 930}},  // circuit breaker
      {CivilDay(1997, 12, 26), {570, 780}},  // day after Christmas
      {CivilDay(1999, 12, 31), {570, 780}},  // eve of the year 2000
      {CivilDay(2002, 9, 11), {720, 960}},   // first anniversary of the attacks
      {CivilDay(2003, 12, 26), {570, 780}},  // day after Christmas
      {CivilDay(2005, 6, 1), {570, 956}},    // communication failure
  };
  for (const SpecialHours& special : kSpecial)
    if (special.day == day) return special.hours;
  return std::nullopt;
}

// Half days around the holidays; `day` is a session.
bool IsHalfDay(CivilDay day) {
  const int64_t year = day.year();
  const Weekday weekday = absl::GetWeekday(day);
  if (day == Nth(4, Weekday::thursday, year, 11) + 1) return year >= 1992;
  if (day == CivilDay(year, 12, 24)) return weekday != Weekday::friday;
  if (day == CivilDay(year, 7, 3) && year >= 1995) {
    // Wednesday the 3rd became the half day of a Thursday holiday in 2013; before, it was Friday the 5th.
    return weekday == Weekday::wednesday ? year >= 2013 : weekday != Weekday::friday;
  }
  if (day == CivilDay(year, 7, 5)) return weekday == Weekday::friday && year >= 1996 && year < 2013;
  return false;
}

Hours HoursOf(CivilDay day) {
  if (const std::optional<Hours> special = FindSpecialHours(day)) return *special;
  Hours hours;
  if (IsHalfDay(day)) hours.close_minute = day.year() < 1993 ? 14 * 60 : 13 * 60;
  return hours;
}

// Days on which daylight saving time begins and ends, each at 02:00 wall clock.
CivilDay DaylightStart(int64_t year) {
  return year >= 2007 ? Nth(2, Weekday::sunday, year, 3) : Nth(1, Weekday::sunday, year, 4);
}

CivilDay DaylightEnd(int64_t year) {
  return year >= 2007 ? Nth(1, Weekday::sunday, year, 11) : Last(Weekday::sunday, year, 10);
}

constexpr int kStandardOffset = -5 * 3600;
constexpr int kDaylightOffset = -4 * 3600;

std::vector<Session> BuildSessions() {
  std::vector<Session> sessions;
  const CivilDay end(kLastYear + 1, 1, 1);
  for (CivilDay day(kFirstYear, 1, 1); day < end; ++day) {
    const Weekday weekday = absl::GetWeekday(day);
    if (weekday == Weekday::saturday || weekday == Weekday::sunday) continue;
    if (IsRegularHoliday(day) || IsSpecialClosing(day)) continue;
    const Hours hours = HoursOf(day);
    const CivilSecond midnight(day);
    sessions.push_back({.day = day,
                        .open_ns = NewYorkInstant(midnight + 60 * hours.open_minute),
                        .close_ns = NewYorkInstant(midnight + 60 * hours.close_minute),
                        .early = hours.close_minute < Hours().close_minute});
  }
  return sessions;
}

}  // namespace

int NewYorkOffsetSeconds(int64_t time_ns) {
  const CivilSecond standard = absl::ToCivilSecond(absl::FromUnixNanos(time_ns), absl::UTCTimeZone()) + kStandardOffset;
  const CivilSecond begin = CivilSecond(DaylightStart(standard.year())) + 2 * 3600;
  const CivilSecond end = CivilSecond(DaylightEnd(standard.year())) + 3600;
  return standard >= begin && standard < end ? kDaylightOffset : kStandardOffset;
}

int64_t NewYorkInstant(CivilSecond local) {
  const CivilSecond begin = CivilSecond(DaylightStart(local.year())) + 3 * 3600;
  const CivilSecond end = CivilSecond(DaylightEnd(local.year())) + 2 * 3600;
  const int offset = local >= begin && local < end ? kDaylightOffset : kStandardOffset;
  return absl::ToUnixSeconds(absl::FromCivil(local - offset, absl::UTCTimeZone())) * kSecondNs;
}

const Calendar& Xnys() {
  static const Calendar* const calendar =
      new Calendar("XNYS", CivilDay(kFirstYear, 1, 1), CivilDay(kLastYear, 12, 31), BuildSessions());
  return *calendar;
}

}  // namespace breadthflow::quant
