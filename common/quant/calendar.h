#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/calendar_zones.h"  // IWYU pragma: export
#include "common/quant/series.h"

namespace breadthflow::quant {

// One trading day of an exchange, [open, close). Instants are Unix nanoseconds, UTC; `close_ns` is the time of the
// daily bar. `day` is the day that the exchange gives it: a session may begin on the day before, and may end where the
// next one begins.
struct Session {
  absl::CivilDay day;
  int64_t open_ns = 0;
  int64_t close_ns = 0;
  bool early = false;  // closed before the regular hour
  friend bool operator==(const Session&, const Session&) = default;
};

// What is traded around a session of a calendar. All 0: nothing, or nobody says.
struct AroundSession {
  int64_t before_ns = 0;       // extended hours before the open
  int64_t closing_ns = 0;      // from the close on: the closing auction, which belongs to the session
  int64_t after_ns = 0;        // extended hours after the close, from the close on
  bool closing_alone = false;  // during the auction nothing else is traded there (closing_auction.h)
};

// What an exchange does at an instant.
enum class Phase { kSession, kClosing, kExtended, kClosed };

// The name of the calendars that know nothing but dates: see UtcDays().
inline constexpr std::string_view kNoCalendar = "none";

// The sessions of one exchange over the years that it knows. Immutable after construction; thread-safe. All ranges are
// half-open. Days outside [first_day, last_day] have no sessions: ask Covers() where that matters.
class Calendar {
 public:
  // `sessions` ascending by day, not overlapping; their days lie within [first_day, last_day]. `day_start` gives the
  // instant at which a day of the exchange begins.
  Calendar(std::string name, absl::CivilDay first_day, absl::CivilDay last_day, std::vector<Session> sessions,
           std::function<int64_t(absl::CivilDay day)> day_start, AroundSession around = {});

  const std::string& name() const { return name_; }
  // Whether its sessions are when an exchange is open. Else they are dates only, and a session without a row says
  // nothing.
  bool says_hours() const { return name_ != kNoCalendar; }
  const AroundSession& around() const { return around_; }
  absl::CivilDay first_day() const { return first_day_; }
  absl::CivilDay last_day() const { return last_day_; }
  bool Covers(absl::CivilDay day) const { return day >= first_day_ && day <= last_day_; }

  std::span<const Session> sessions() const { return sessions_; }
  // Sessions whose day is in [from, to).
  std::span<const Session> Between(absl::CivilDay from, absl::CivilDay to) const;
  // Sessions whose close is in `range`: the daily bars that a complete series has there.
  std::span<const Session> ClosingIn(TimeRange range) const;

  // Instant at which that day begins, session or not: local midnight, where the exchange knows no other rule. Rows of
  // extended hours before the open belong to the day, and what takes effect on a day (a split) does so here.
  int64_t DayStart(absl::CivilDay day) const { return day_start_(day); }

  // The session of that day, or nullptr on weekends, holidays and days not covered.
  const Session* Find(absl::CivilDay day) const;
  bool IsSession(absl::CivilDay day) const { return Find(day) != nullptr; }
  // The session that holds the instant, open <= time < close, or nullptr. A bar complete at `t` belongs to At(t - 1).
  const Session* At(int64_t time_ns) const;
  // The same with what is around the session; the closing auction lasts for `closing_ns` (around().closing_ns, or
  // longer where bars are).
  Phase PhaseAt(int64_t time_ns, int64_t closing_ns) const;
  // The session that closes exactly then, or nullptr.
  const Session* ClosingAt(int64_t close_ns) const;
  // The first session that closes after `time_ns`, the last one that closes at or before it; nullptr at the ends.
  const Session* FirstClosingAfter(int64_t time_ns) const;
  const Session* LastClosingBy(int64_t time_ns) const;

  // Close of that day's session in Unix nanoseconds. INVALID_ARGUMENT NOT_A_SESSION (the message names the neighbouring
  // sessions), OUT_OF_RANGE CALENDAR_RANGE when the day is not covered.
  absl::StatusOr<int64_t> SessionClose(absl::CivilDay day) const;

 private:
  std::string name_;
  absl::CivilDay first_day_;
  absl::CivilDay last_day_;
  std::vector<Session> sessions_;
  std::function<int64_t(absl::CivilDay)> day_start_;
  AroundSession around_;
};

// The calendars, each made on first use (about 10,000 sessions, below a megabyte) and kept; thread-safe. What a symbol
// trades on is for the caller to say.
//
// XNYS, 24/7, FX, XETR in that order.
std::vector<std::string_view> CalendarNames();
// Also kNoCalendar: UtcDays(). NOT_FOUND UNKNOWN_CALENDAR with the known names.
absl::StatusOr<const Calendar*> FindCalendar(std::string_view name);

// New York Stock Exchange (and Nasdaq): 1990-01-01 .. 2030-12-31, sessions 09:30 - 16:00 New York time, early closes at
// 13:00 (14:00 before 1993), half-session openings as they were. The closing auction has the minute after the close;
// extended hours are the five and a half hours before the open and the four after the close, whose first minute may
// be the auction's (closing_auction.h).
//
// Rules: New Year (a Saturday is not observed), Martin Luther King Day (from 1998), Presidents' Day, Good Friday,
// Memorial Day, Juneteenth (from 2022), Independence Day, Labor Day, Thanksgiving, Christmas; Saturday holidays are
// observed on Friday, Sunday holidays on Monday. Closings for mourning, attacks and storms and other hours than the
// rules give are listed by date in calendars/xnys.txt. Years after the last published schedule follow the rules.
const Calendar& Xnys();

// Markets that never close (crypto): 1990-01-01 .. 2030-12-31, each UTC day is a session, which closes at 00:00 of the
// next day.
const Calendar& AlwaysOpen();

// The interbank currency week: 1990-01-01 .. 2030-12-31, Sunday 17:00 to Friday 17:00 New York time, in sessions of a
// day each from 17:00 to 17:00, named by the day on which they close (Monday's begins on Sunday). Christmas and New
// Year's Day have no session: the market rests from 17:00 on the day before to 17:00 on the day itself; on a weekend
// they move to no other day. National holidays close nothing. A day begins at 17:00 of the evening before.
const Calendar& FxWeek();

// Xetra, Frankfurt: 2004-01-01 .. 2030-12-31, sessions 09:00 - 17:30 Frankfurt time (continuous trading; the closing
// auction follows it alone, for ten minutes at most; other venues trade from an hour before the open to four and a half
// after the close), until 14:00 on the last weekday before 31 December (from 2010).
//
// Rules: closed on New Year's Day, Good Friday, Easter Monday, 1 May, 24, 25, 26 and 31 December, Whit Monday (2015 to
// 2021), German Unity Day (3 October, 2014 to 2021); holidays on a weekend move to no other day. Single closings are
// in calendars/xetr.txt. Before November 2003 the hours were others: those years are not covered.
const Calendar& Xetr();

// For rows of which nobody knows when they are traded: 1900-01-01 .. 2099-12-31, each date is a session from midnight
// to midnight; says_hours() is false, the name kNoCalendar. The dates are those of UTC, or of the zone whose local
// times `instant` turns into Unix nanoseconds (never decreasing); such a calendar is made anew (three megabytes, some
// milliseconds).
const Calendar& UtcDays();
Calendar DaysOf(const std::function<int64_t(absl::CivilSecond local)>& instant);

}  // namespace breadthflow::quant
