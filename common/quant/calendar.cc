#include "common/quant/calendar.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

struct Named {
  std::string_view name;
  const Calendar& (*calendar)();
};
constexpr Named kCalendars[] = {{"XNYS", Xnys}, {"24/7", AlwaysOpen}, {"FX", FxWeek}, {"XETR", Xetr}};

std::string DayText(absl::CivilDay day) { return fmt::format("{:04}-{:02}-{:02}", day.year(), day.month(), day.day()); }

}  // namespace

Calendar::Calendar(std::string name, absl::CivilDay first_day, absl::CivilDay last_day, std::vector<Session> sessions,
                   std::function<int64_t(absl::CivilDay day)> day_start, AroundSession around)
    : name_(std::move(name)),
      first_day_(first_day),
      last_day_(last_day),
      sessions_(std::move(sessions)),
      day_start_(std::move(day_start)),
      around_(around) {}

std::span<const Session> Calendar::Between(absl::CivilDay from, absl::CivilDay to) const {
  const auto before = [](const Session& session, absl::CivilDay day) { return session.day < day; };
  const auto begin = std::lower_bound(sessions_.begin(), sessions_.end(), from, before);
  const auto end = std::lower_bound(begin, sessions_.end(), to, before);
  return {begin, end};
}

std::span<const Session> Calendar::ClosingIn(TimeRange range) const {
  const auto before = [](const Session& session, int64_t time) { return session.close_ns < time; };
  const auto begin = std::lower_bound(sessions_.begin(), sessions_.end(), range.start_ns, before);
  const auto end = std::lower_bound(begin, sessions_.end(), range.end_ns, before);
  return {begin, end};
}

const Session* Calendar::Find(absl::CivilDay day) const {
  const std::span<const Session> found = Between(day, day + 1);
  return found.empty() ? nullptr : found.data();
}

const Session* Calendar::At(int64_t time_ns) const {
  const Session* session = FirstClosingAfter(time_ns);
  return session != nullptr && session->open_ns <= time_ns ? session : nullptr;
}

Phase Calendar::PhaseAt(int64_t time_ns, int64_t closing_ns) const {
  const Session* next = FirstClosingAfter(time_ns);
  if (next != nullptr && next->open_ns <= time_ns) return Phase::kSession;
  const Session* last = LastClosingBy(time_ns);
  if (last != nullptr && time_ns < last->close_ns + closing_ns) return Phase::kClosing;
  const bool before = next != nullptr && time_ns >= next->open_ns - around_.before_ns;
  const bool after = last != nullptr && time_ns < last->close_ns + around_.after_ns;
  return before || after ? Phase::kExtended : Phase::kClosed;
}

const Session* Calendar::ClosingAt(int64_t close_ns) const {
  const Session* session = LastClosingBy(close_ns);
  return session != nullptr && session->close_ns == close_ns ? session : nullptr;
}

const Session* Calendar::FirstClosingAfter(int64_t time_ns) const {
  const auto after = std::upper_bound(sessions_.begin(), sessions_.end(), time_ns,
                                      [](int64_t time, const Session& session) { return time < session.close_ns; });
  return after == sessions_.end() ? nullptr : &*after;
}

const Session* Calendar::LastClosingBy(int64_t time_ns) const {
  const auto after = std::upper_bound(sessions_.begin(), sessions_.end(), time_ns,
                                      [](int64_t time, const Session& session) { return time < session.close_ns; });
  return after == sessions_.begin() ? nullptr : &*(after - 1);
}

absl::StatusOr<int64_t> Calendar::SessionClose(absl::CivilDay day) const {
  if (!Covers(day)) {
    return base::MakeError(absl::StatusCode::kOutOfRange, "CALENDAR_RANGE",
                           fmt::format("day must be in [{}, {}] for calendar {}, was {}", DayText(first_day_),
                                       DayText(last_day_), name_, DayText(day)));
  }
  if (const Session* session = Find(day)) return session->close_ns;
  const std::span<const Session> earlier = Between(first_day_, day);
  const std::span<const Session> later = Between(day, last_day_ + 1);
  return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_A_SESSION",
                         fmt::format("{} had no session on {}; the neighbouring ones are {} and {}", name_,
                                     DayText(day), earlier.empty() ? "none" : DayText(earlier.back().day),
                                     later.empty() ? "none" : DayText(later.front().day)));
}

std::vector<std::string_view> CalendarNames() {
  std::vector<std::string_view> names;
  for (const Named& known : kCalendars) names.push_back(known.name);
  return names;
}

absl::StatusOr<const Calendar*> FindCalendar(std::string_view name) {
  for (const Named& known : kCalendars) {
    if (known.name == name) return &known.calendar();
  }
  if (name == kNoCalendar) return &UtcDays();
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_CALENDAR",
                         fmt::format("unknown calendar '{}'; known are {}", name, fmt::join(CalendarNames(), ", ")));
}

}  // namespace breadthflow::quant
