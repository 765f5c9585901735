#include "common/quant/calendar_zones.h"

#include "absl/time/time.h"

#include "common/quant/calendar_rules.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;
using absl::CivilSecond;
using absl::Weekday;

constexpr int64_t kHour = 3600;

// A year's daylight time in standard local time: [begin, end).
struct Daylight {
  CivilSecond begin, end;
};

Daylight NewYorkDaylight(int64_t year) {
  const CivilDay first =
      year >= 2007 ? NthWeekday(2, Weekday::sunday, year, 3) : NthWeekday(1, Weekday::sunday, year, 4);
  const CivilDay last =
      year >= 2007 ? NthWeekday(1, Weekday::sunday, year, 11) : LastWeekday(Weekday::sunday, year, 10);
  return {CivilSecond(first) + 2 * kHour, CivilSecond(last) + kHour};
}

Daylight FrankfurtDaylight(int64_t year) {
  const CivilDay first = LastWeekday(Weekday::sunday, year, 3);
  const CivilDay last = LastWeekday(Weekday::sunday, year, year >= 1996 ? 10 : 9);
  return {CivilSecond(first) + 2 * kHour, CivilSecond(last) + 2 * kHour};
}

int Offset(int64_t time_ns, int64_t standard, Daylight (*daylight)(int64_t year)) {
  const CivilSecond local = absl::ToCivilSecond(absl::FromUnixNanos(time_ns), absl::UTCTimeZone()) + standard;
  const Daylight summer = daylight(local.year());
  return static_cast<int>(local >= summer.begin && local < summer.end ? standard + kHour : standard);
}

int64_t Instant(CivilSecond local, int64_t standard, Daylight (*daylight)(int64_t year)) {
  const Daylight summer = daylight(local.year());
  const bool daylight_time = local >= summer.begin + kHour && local < summer.end + kHour;
  return UtcInstant(local - (daylight_time ? standard + kHour : standard));
}

}  // namespace

int NewYorkOffsetSeconds(int64_t time_ns) { return Offset(time_ns, -5 * kHour, NewYorkDaylight); }
int FrankfurtOffsetSeconds(int64_t time_ns) { return Offset(time_ns, kHour, FrankfurtDaylight); }

int64_t NewYorkInstant(CivilSecond local) { return Instant(local, -5 * kHour, NewYorkDaylight); }
int64_t FrankfurtInstant(CivilSecond local) { return Instant(local, kHour, FrankfurtDaylight); }

int64_t UtcInstant(CivilSecond utc) { return (utc - CivilSecond(1970, 1, 1)) * int64_t{1'000'000'000}; }

}  // namespace breadthflow::quant
