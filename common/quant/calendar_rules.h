#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"

#include "common/quant/calendar.h"

// What calendars are made from: movable days, the exceptions of a data file, and a builder of sessions.
namespace breadthflow::quant {

// The n-th (from 1), the last such weekday of a month.
absl::CivilDay NthWeekday(int64_t n, absl::Weekday weekday, int64_t year, int month);
absl::CivilDay LastWeekday(absl::Weekday weekday, int64_t year, int month);

// Sunday of the western Easter (Meeus/Jones/Butcher, Gregorian).
absl::CivilDay Easter(int64_t year);

inline bool IsWeekend(absl::CivilDay day) {
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday;
}

// Local opening and close of a session, minutes after midnight of its day.
struct SessionHours {
  int open_minute = 0;
  int close_minute = 0;
};

// A day of a calendar's data file: closed, or open at other hours.
struct CalendarException {
  int year, month, day;
  bool closed;
  SessionHours hours;
};

// The lines of calendars/<calendar>.txt, ascending by day; empty for a calendar without such a file.
std::span<const CalendarException> CalendarExceptions(std::string_view calendar);

// The sessions of all days in [first, last], by the exceptions and else by `hours`, which says when the exchange is
// open on a day by its rules (nullopt: not at all). A session that closes before `regular_close_minute` is early.
std::vector<Session> BuildSessions(absl::CivilDay first, absl::CivilDay last,
                                   const std::function<std::optional<SessionHours>(absl::CivilDay)>& hours,
                                   std::span<const CalendarException> exceptions, int regular_close_minute,
                                   const std::function<int64_t(absl::CivilSecond local)>& instant);

}  // namespace breadthflow::quant
