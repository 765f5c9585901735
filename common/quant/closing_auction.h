#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "common/quant/calendar.h"

namespace breadthflow::quant {

// Which rows behind the close of a session belong to it: those of its closing auction.
//
// Bars    Whoever keeps regular hours only has the print of the auction in a bar that begins at the close. Where
//         trading goes on, that bar is the first of the extended hours, and the close of the one before it is the
//         official one. So what lies in [close, close + closing_ns) belongs to the session unless a bar follows it in
//         the extended hours of that evening, be it a single one. Where nothing else is traded during the auction
//         (AroundSession::closing_alone) it belongs to it whatever follows. Each session is judged for itself, and only
//         by the rows from its close to FollowedUntil.
// Trades  A tape has the print of the auction some moments after the close, whether or not trading goes on: what lies
//         in [close, close + closing_ns) always belongs to the session.
//
// Remembers the session that was asked for last: not thread-safe.
class ClosingAuction {
 public:
  // `times` ascending, of rows that must outlive this. Bars lie where they end, just before their time; trades lie at
  // it. Bars that are `passed_over` are no trades: they follow nothing.
  ClosingAuction(const Calendar& calendar, int64_t closing_ns, std::span<const int64_t> times, bool trades,
                 std::function<bool(size_t row)> passed_over = {});

  // The session to whose auction a row belongs that lies at this instant, outside the sessions; nullptr: to none.
  const Session* SessionOf(int64_t position_ns);

  // The instant before which all rows lie that can be of sessions that close before `end_ns`, and all before `end_ns`.
  static int64_t RowsUntil(const Calendar& calendar, int64_t closing_ns, bool trades, int64_t end_ns);
  // The instant before which all rows must be there that decide about sessions that close before `end_ns`; it is after
  // `end_ns` where one of them closed just before. Of trades those of the auction itself are enough.
  static int64_t FollowedUntil(const Calendar& calendar, int64_t closing_ns, bool trades, int64_t end_ns);

 private:
  bool IsFollowed(const Session& session) const;

  const Calendar& calendar_;
  const int64_t closing_ns_;
  const std::span<const int64_t> times_;
  const bool trades_;
  const std::function<bool(size_t row)> passed_over_;
  const Session* judged_ = nullptr;
  bool followed_ = false;
};

}  // namespace breadthflow::quant
