#include <cstdint>
#include <optional>

#include "common/quant/calendar.h"
#include "common/quant/calendar_rules.h"
#include "common/quant/calendar_zones.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;

constexpr SessionHours kRegular = {9 * 60, 17 * 60 + 30};
constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr AroundSession kAround = {
    .before_ns = 60 * kMinuteNs, .closing_ns = 10 * kMinuteNs, .after_ns = 270 * kMinuteNs, .closing_alone = true};

bool IsHoliday(CivilDay day) {
  const int64_t year = day.year();
  const CivilDay easter = Easter(year);
  for (const CivilDay fixed : {CivilDay(year, 1, 1), CivilDay(year, 5, 1), CivilDay(year, 12, 24),
                               CivilDay(year, 12, 25), CivilDay(year, 12, 26), CivilDay(year, 12, 31)}) {
    if (day == fixed) return true;
  }
  if (day == easter - 2 || day == easter + 1) return true;
  if (year >= 2015 && year <= 2021 && day == easter + 50) return true;  // Whit Monday
  return year >= 2014 && year <= 2021 && day == CivilDay(year, 10, 3);  // German Unity
}

std::optional<SessionHours> HoursOf(CivilDay day) {
  if (IsWeekend(day) || IsHoliday(day)) return std::nullopt;
  SessionHours hours = kRegular;
  CivilDay last = CivilDay(day.year(), 12, 30);
  while (IsWeekend(last)) --last;
  if (day.year() >= 2010 && day == last) hours.close_minute = 14 * 60;
  return hours;
}

int64_t DayStart(CivilDay day) { return FrankfurtInstant(CivilSecond(day)); }

}  // namespace

const Calendar& Xetr() {
  const CivilDay first(2004, 1, 1), last(2030, 12, 31);
  static const Calendar* const calendar = new Calendar(
      "XETR", first, last,
      BuildSessions(first, last, HoursOf, CalendarExceptions("xetr"), kRegular.close_minute, FrankfurtInstant),
      DayStart, kAround);
  return *calendar;
}

}  // namespace breadthflow::quant
