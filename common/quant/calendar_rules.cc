#include "common/quant/calendar_rules.h"

namespace breadthflow::quant {

using absl::CivilDay;
using absl::CivilSecond;

CivilDay NthWeekday(int64_t n, absl::Weekday weekday, int64_t year, int month) {
  return absl::NextWeekday(CivilDay(year, month, 1) - 1, weekday) + 7 * (n - 1);
}

CivilDay LastWeekday(absl::Weekday weekday, int64_t year, int month) {
  return absl::PrevWeekday(CivilDay(absl::CivilMonth(year, month) + 1), weekday);
}

CivilDay Easter(int64_t year) {
  const int64_t a = year % 19, b = year / 100, c = year % 100;
  const int64_t d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int64_t h = (19 * a + b - d - g + 15) % 30;
  const int64_t i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int64_t m = (a + 11 * h + 22 * l) / 451;
  const int64_t month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
  return CivilDay(year, month, day);
}

std::vector<Session> BuildSessions(CivilDay first, CivilDay last,
                                   const std::function<std::optional<SessionHours>(CivilDay)>& hours,
                                   std::span<const CalendarException> exceptions, int regular_close_minute,
                                   const std::function<int64_t(CivilSecond local)>& instant) {
  std::vector<Session> sessions;
  for (CivilDay day = first; day <= last; ++day) {
    std::optional<SessionHours> open = hours(day);
    if (!exceptions.empty() && day == CivilDay(exceptions[0].year, exceptions[0].month, exceptions[0].day)) {
      open = exceptions[0].closed ? std::nullopt : std::optional(exceptions[0].hours);
      exceptions = exceptions.subspan(1);
    }
    if (!open) continue;
    const CivilSecond midnight(day);
    sessions.push_back({.day = day,
                        .open_ns = instant(midnight + int64_t{60} * open->open_minute),
                        .close_ns = instant(midnight + int64_t{60} * open->close_minute),
                        .early = open->close_minute < regular_close_minute});
  }
  return sessions;
}

}  // namespace breadthflow::quant
