#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/series.h"

namespace breadthflow::quant {

// One trading day of an exchange. Instants are Unix nanoseconds, UTC; `close_ns` is the time of the daily bar.
struct Session {
  absl::CivilDay day;
  int64_t open_ns = 0;
  int64_t close_ns = 0;
  bool early = false;  // closed before the regular hour
  friend bool operator==(const Session&, const Session&) = default;
};

// The sessions of one exchange over the years that it knows. Immutable after construction; thread-safe. All ranges are
// half-open. Days outside [first_day, last_day] have no sessions: ask Covers() where that matters.
class Calendar {
 public:
  // `sessions` ascending by day; they lie within [first_day, last_day].
  Calendar(std::string name, absl::CivilDay first_day, absl::CivilDay last_day, std::vector<Session> sessions);

  const std::string& name() const { return name_; }
  absl::CivilDay first_day() const { return first_day_; }
  absl::CivilDay last_day() const { return last_day_; }
  bool Covers(absl::CivilDay day) const { return day >= first_day_ && day <= last_day_; }

  std::span<const Session> sessions() const { return sessions_; }
  // Sessions whose day is in [from, to).
  std::span<const Session> Between(absl::CivilDay from, absl::CivilDay to) const;
  // Sessions whose close is in `range`: the daily bars that a complete series has there.
  std::span<const Session> ClosingIn(TimeRange range) const;

  // The session of that day, or nullptr on weekends, holidays and days not covered.
  const Session* Find(absl::CivilDay day) const;
  bool IsSession(absl::CivilDay day) const { return Find(day) != nullptr; }
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
};

// New York Stock Exchange (and Nasdaq): 1990-01-01 .. 2030-12-31, sessions 09:30 - 16:00 New York time, early closes at
// 13:00 (14:00 before 1993), half-session openings as they were.
//
// Rules: New Year (a Saturday is not observed), Martin Luther King Day (from 1998), Presidents' Day, Good Friday,
// Memorial Day, Juneteenth (from 2022), Independence Day, Labor Day, Thanksgiving, Christmas; Saturday holidays are
// observed on Friday, Sunday holidays on Monday. Closings for mourning, attacks and storms are listed by date. Years
// after the last published schedule follow the rules. The time zone is computed here (United States rules of 1990-2006
// and from 2007), so no time-zone database can change a result.
const Calendar& Xnys();

// Seconds to add to UTC to get New York time, at that instant: -18000 (standard) or -14400 (daylight).
int NewYorkOffsetSeconds(int64_t time_ns);

// Unix nanoseconds of a New York wall-clock time; in the skipped and repeated hours of a change the offset before the
// change is used (no session begins or ends there).
int64_t NewYorkInstant(absl::CivilSecond local);

}  // namespace breadthflow::quant
