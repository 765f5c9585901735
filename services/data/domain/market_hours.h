#pragma once

#include <cstdint>
#include <span>

#include "common/quant/calendar.h"
#include "common/quant/series.h"

namespace breadthflow::data {

// The calendar that a series keeps: `named`, where whoever stored it said so (SeriesStore::Calendars), else what its
// rows and its name tell. Reads, reports, streams and the gate all go by it. Pure.
//
// Daily rows stand at the close of a session, and no two calendars close at the same instant: it is the first calendar
// on which most of the last rows do (24/7 only where it does not leave out every weekend: those are
// days of another market, stamped with their end in UTC). Rows within a day, and days of no calendar, go by the symbol,
// as providers write them: "EURUSD=X" is FX, "BTC-USD" and other pairs with a currency or coin behind a dash are 24/7,
// "SAP.DE" is XETR, all else is XNYS; but rows at an hour of the weekend at which only what never closes is open are
// 24/7.
const quant::Calendar& CalendarOf(const quant::SeriesKey& key, std::span<const int64_t> times,
                                  const quant::Calendar* named = nullptr);

}  // namespace breadthflow::data
