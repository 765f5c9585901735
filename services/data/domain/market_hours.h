#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"

// Which calendar a series keeps, and what of it lies outside. Pure.
namespace breadthflow::data {

// The calendar that a series keeps: `named`, where whoever stored it said so, else what its symbol, source and rows
// tell. Nothing that is known of no calendar is taken for one: such rows are judged by their dates alone
// (quant::UtcDays).
//
// Symbol    as providers write them: "EURUSD=X", "C:EURUSD" and "EURUSD" (two currencies) are FX; "BTC-USD", "X:BTCUSD"
//           and "BTCUSD" (a coin that is known and a currency) are 24/7; "SAP.DE" is XETR. Suffixes of exchanges whose
//           calendar is not known ("VOD.L", "7203.T") settle that there is none. Made-up rows keep XNYS.
//           What else a symbol says, its rows can refute: more than 5 % of them while that market is closed.
// Days      and longer bars stand at the close of a session, and no two calendars close at the same instant: it is the
//           calendar on which all but 1 % (or two) of the rows do; before the symbol. 24/7 only where it does not leave
//           out every weekend: those are days of another market, stamped with their end in UTC.
// Shorter   and ticks: 24/7 where 1 % of the rows or more are of hours of the weekend at which only what never closes
//           is open, XNYS where its hours, with the extended ones, hold all but 1 %, and FX where its week does and
//           rows are of 20 hours of the day or more. Other hours could be those of several exchanges.
// No rows   tell nothing: XNYS, unless the symbol says otherwise.
const quant::Calendar& CalendarOf(const quant::SeriesKey& key, std::span<const int64_t> times,
                                  const quant::Calendar* named = nullptr);

// What a symbol says, as providers write them: a coin against a currency or another coin ("BTC-USD", "X:BTCUSD",
// "BTCUSD"), two currencies ("EURUSD=X", "C:EURUSD", "EURUSD").
bool IsCoin(std::string_view symbol);
bool IsCurrencyPair(std::string_view symbol);

// Where rows are looked at for CalendarOf, in a series from `first_ns` to `last_ns`: all of it, or spans spread over it
// where that would be too much. Ascending, within the series.
std::vector<quant::TimeRange> RowsThatTell(quant::Timeframe timeframe, int64_t first_ns, int64_t last_ns);

// So long after a session's close a row of that size ends, or a trade happens, that may still belong to the session:
// the closing auction of the calendar, or the bar of at most five minutes that begins at the close. A trade does;
// whether a bar does is told by what follows it (quant::ClosingAuction). 0 where a calendar has no auction.
int64_t ClosingOf(const quant::Calendar& calendar, quant::Timeframe timeframe);

// How many rows lie where. Rows end at their ascending times; trades happen then. Rows behind a close that are no
// closing auction (quant::ClosingAuction) are of extended hours. Rows from `until_ns` on only tell whether those before
// them are of an auction: they are not counted.
struct RowHours {
  size_t rows = 0;
  size_t extended = 0;  // before the open and after the close; of days and longer bars none
  size_t closed = 0;    // when nothing is traded, or on days that the calendar does not cover
  size_t outside() const { return extended + closed; }
};
RowHours HoursOf(std::span<const int64_t> times, const quant::Calendar& calendar, quant::Timeframe timeframe,
                 bool trades, int64_t until_ns = INT64_MAX);

// Rows that lie outside may be so many of a hundred before they are taken for another market's.
inline constexpr size_t kMostOutsidePercent = 5;

// "FX, 24/7, none": the calendars that are open for these rows.
std::string CalendarsThatFit(std::span<const int64_t> times, quant::Timeframe timeframe, bool trades);

}  // namespace breadthflow::data
