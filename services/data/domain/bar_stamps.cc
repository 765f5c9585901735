#include "services/data/domain/bar_stamps.h"

#include <algorithm>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

namespace breadthflow::data {
namespace {

constexpr size_t kEnough = 3;      // sessions that are asked for
constexpr size_t kFewestRows = 5;  // of a session that tells something alone

// From the open to the close of a market: sessions that follow each other without a pause are one.
struct Hours {
  int64_t open_ns = 0;
  int64_t close_ns = 0;
};

std::vector<Hours> HoursOf(const quant::Calendar& calendar) {
  std::vector<Hours> all;
  if (!calendar.says_hours()) return all;
  for (const quant::Session& session : calendar.sessions()) {
    if (!all.empty() && session.open_ns <= all.back().close_ns) {
      all.back().close_ns = session.close_ns;
    } else {
      all.push_back({session.open_ns, session.close_ns});
    }
  }
  if (all.size() == 1) all.clear();  // it never closes
  return all;
}

// The rows about one session.
struct Session {
  Hours hours;
  size_t begin = 0;             // the first row that would be of the session if it began then
  size_t end = 0;               // behind the last one that would, its auction included
  std::optional<size_t> first;  // stamped by its start, the bar in which the session opens
  std::optional<size_t> next;   // and the one after it
};

std::vector<Session> SessionsIn(std::span<const int64_t> times, int64_t size, const quant::Calendar& calendar) {
  std::vector<Session> all;
  for (const Hours& hours : HoursOf(calendar)) {
    const auto row_after = [&](int64_t time) {
      return static_cast<size_t>(std::upper_bound(times.begin(), times.end(), time) - times.begin());
    };
    Session one{.hours = hours,
                .begin = row_after(hours.open_ns - size),
                .end = row_after(hours.close_ns + size - 1),
                .first = std::nullopt,
                .next = std::nullopt};
    if (one.begin == one.end) continue;
    if (times[one.begin] <= hours.open_ns) one.first = one.begin;
    const size_t next = row_after(hours.open_ns);
    if (next < one.end && times[next] <= hours.open_ns + size) one.next = next;
    all.push_back(one);
  }
  return all;
}

struct Votes {
  size_t starts = 0;
  size_t ends = 0;
  size_t sessions = 0;  // that were looked at
  size_t row = 0;       // of the first one for starts

  void ForStart(size_t at) {
    if (starts++ == 0) row = at;
  }
  bool Won() const {
    const size_t told = starts + ends;
    return starts > 0 && (starts >= kEnough || starts == sessions) && starts * 2 >= sessions && starts * 5 >= told * 4;
  }
};

// Of rows of regular hours alone.
Votes ByTheClock(std::span<const int64_t> times, std::span<const double> volumes, int64_t size,
                 const std::vector<Session>& sessions) {
  Votes votes;
  for (const Session& one : sessions) {
    ++votes.sessions;
    const int64_t last = times[one.end - 1];
    if (!one.first) {
      if (last >= one.hours.close_ns) ++votes.ends;
    } else if (last >= one.hours.close_ns) {
      if (!one.next || volumes.empty()) continue;
      const double open = volumes[*one.first], after = volumes[*one.next];
      if (open > 0 && open >= after) votes.ForStart(*one.first);
      if (after > 3 * open) ++votes.ends;
    } else if (last >= one.hours.close_ns - size && one.end - one.begin >= kFewestRows) {
      votes.ForStart(*one.first);
    }
  }
  return votes;
}

// Of rows of extended hours.
Votes ByVolume(std::span<const int64_t> times, std::span<const double> volumes, const std::vector<Session>& sessions) {
  constexpr int64_t kBefore = 6 * 3'600'000'000'000;  // so long before the open something may have been traded last
  Votes votes, clear;
  for (const Session& one : sessions) {
    if (volumes.empty() || !one.first || !one.next || *one.first == 0) continue;
    const size_t before = *one.first - 1;
    if (times[before] < one.hours.open_ns - kBefore) continue;
    const double least = volumes[before], open = volumes[*one.first], after = volumes[*one.next];
    if (open <= 0 && after <= 0) continue;
    ++votes.sessions;
    ++clear.sessions;
    if (open > 0 && open >= 3 * least && open * open > after * least) {
      votes.ForStart(*one.first);
    } else {
      ++votes.ends;
    }
    if (open > 0 && open >= 10 * least && after <= 2 * open) clear.ForStart(*one.first);
  }
  return votes.sessions >= kEnough ? votes : clear;
}

}  // namespace

std::optional<SpacingFault> FindBarStarts(std::span<const int64_t> times, std::span<const double> volumes,
                                          quant::Timeframe timeframe, const quant::Calendar& calendar) {
  constexpr size_t kOneIn = 100;  // rows may be of extended hours by chance
  const int64_t size = absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe));
  if (size <= 0 || times.empty()) return std::nullopt;
  const std::vector<Session> sessions = SessionsIn(times, size, calendar);
  size_t regular = 0;
  for (const Session& one : sessions) regular += one.end - one.begin;
  const bool extended = (times.size() - regular) * kOneIn > times.size();
  const Votes votes = extended ? ByVolume(times, volumes, sessions) : ByTheClock(times, volumes, size, sessions);
  if (!votes.Won()) return std::nullopt;
  const int64_t time = times[votes.row];
  return SpacingFault{
      votes.row,
      fmt::format("is stamped {} UTC and would be over when {} opens, but is {}, and so it is in {} of {} sessions: "
                  "the stamps are the starts of the bars",
                  absl::FormatTime("%Y-%m-%dT%H:%M", absl::FromUnixNanos(time), absl::UTCTimeZone()), calendar.name(),
                  extended ? "where the volume of the session begins" : "the first one of its session", votes.starts,
                  votes.sessions),
      {}};
}

}  // namespace breadthflow::data
