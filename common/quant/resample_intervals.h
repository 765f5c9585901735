#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

#include "common/quant/calendar.h"
#include "common/quant/closing_auction.h"
#include "common/quant/timeframe.h"

// Where the intervals of a timeframe end: for resample*.cc and sample_last.cc, and for whoever must know in which of
// their bars a row is.
namespace breadthflow::quant {

// The sessions of a calendar, cut into the intervals of a timeframe.
class Intervals {
 public:
  Intervals(const Calendar& calendar, Timeframe timeframe, std::optional<ClosingAuction> auction = std::nullopt)
      : calendar_(calendar),
        timeframe_(timeframe),
        length_ns_(absl::ToInt64Nanoseconds(IntradayLength(timeframe))),
        auction_(std::move(auction)) {}

  // The session that holds the instant, or nullptr. Fast for ascending instants.
  const Session* SessionAt(int64_t time_ns) {
    if (session_ == nullptr || time_ns < session_->open_ns || time_ns >= session_->close_ns) {
      session_ = calendar_.At(time_ns);
    }
    return session_;
  }

  // The session that an instant belongs to, or nullptr, and where in it: what happens in the closing auction happens at
  // the session's end.
  struct Place {
    const Session* session = nullptr;
    int64_t time_ns = 0;
  };
  Place PlaceOf(int64_t time_ns) {
    const Session* session = SessionAt(time_ns);
    if (session != nullptr || !auction_) return {session, time_ns};
    const Session* last = auction_->SessionOf(time_ns);
    return {last, last == nullptr ? time_ns : last->close_ns - 1};
  }

  // End of the interval that holds an instant of the session; never, where the calendar ends within it.
  int64_t End(const Session& session, int64_t time_ns) const {
    if (length_ns_ > 0) {
      const int64_t whole = (time_ns - session.open_ns) / length_ns_;
      return std::min(session.open_ns + (whole + 1) * length_ns_, session.close_ns);
    }
    if (timeframe_ == Timeframe::kDay) return session.close_ns;
    absl::CivilDay first = session.day, next = session.day;
    if (timeframe_ == Timeframe::kWeek) {
      next = absl::NextWeekday(session.day, absl::Weekday::monday);
      first = next - 7;
    } else {
      first = absl::CivilDay(absl::CivilMonth(session.day));
      next = absl::CivilDay(absl::CivilMonth(session.day) + 1);
    }
    return next - 1 > calendar_.last_day() ? INT64_MAX : calendar_.Between(first, next).back().close_ns;
  }

  // End of the interval after the one that ends at `end_ns`; nullopt after the calendar's last.
  std::optional<int64_t> Next(int64_t end_ns) const {
    const Session* session = calendar_.FirstClosingAfter(end_ns);
    if (session == nullptr) return std::nullopt;
    return End(*session, std::max(end_ns, session->open_ns));
  }

 private:
  const Calendar& calendar_;
  Timeframe timeframe_;
  int64_t length_ns_;
  std::optional<ClosingAuction> auction_;
  const Session* session_ = nullptr;
};

// OUT_OF_RANGE CALENDAR_RANGE unless the calendar covers the days of `times`, which are ascending.
absl::Status CheckCalendarRange(std::span<const int64_t> times, bool trades, const Calendar& calendar);

}  // namespace breadthflow::quant
