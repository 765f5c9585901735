#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/quant/timeframe.h"

namespace breadthflow::quant {

// What ends a bar: the clock of the exchange, or so much trading.
//
// kTicks            `size` trades, counted anew in each bar. It has more only where the last ones share their instant,
//                   or where it is made of bars.
// kVolume, kDollar  `size` units, units of currency (price x size). What the last trade of a bar has beyond the size
//                   counts towards the next one (whole multiples of the size are dropped; a trade is never divided: it
//                   is wholly in the bar that it ends), so that on the long run a bar has `size` of them.
// kRange            high - low >= `size`; the next bar begins with the next trade.
enum class BarRule { kTime, kTicks, kVolume, kDollar, kRange };
std::string_view ToText(BarRule rule);  // "time", "ticks", "volume", "dollar", "range"

struct ResampleSpec {
  BarRule rule = BarRule::kTime;
  Timeframe timeframe = Timeframe::kDay;  // kTime: 1min .. 1month
  double size = 0;                        // the other rules: above 0
  // kTime: an interval without a trade, after the first bar and up to the watermark, gets a row that repeats the last
  // close with volume 0; the column `is_filled` (int64) is 1 there and 0 elsewhere. Such rows must fill no order.
  bool fill_forward = false;
  // All rows up to and including this instant are given; default: the time of the last row.
  std::optional<int64_t> watermark_ns;
  // What is traded so long after a session's close belongs to its end, the closing auction: trades always, bars unless
  // others follow them in the extended hours of that evening (closing_auction.h).
  int64_t closing_ns = 0;
  // Rows from here on only tell whether those before them are of a closing auction: they are in no bar and not counted.
  int64_t rows_until_ns = INT64_MAX;
};

struct Resampled {
  Series bars;
  size_t outside_rows = 0;  // in no session of the calendar: left out
  size_t pending_rows = 0;  // of the bar that is not complete yet: left out
};

// The bars that `rows` (trades or smaller bars) make, in the sessions of `calendar`. Pure and deterministic.
//
// Trades are a series with the columns `price` and `size`; several may share an instant. A trade at `t` belongs to the
// interval and session [start, end) that holds it; one at the very close is outside, unless it is of the closing
// auction. Bars are a series with open, high, low, close and volume; a bar belongs where it ends, (start, end].
//
// Intervals  intraday ones are counted from the session's open, and the last of a session ends at its close, early or
//            not; a day ends at its session's close, a week (Monday to Sunday, by the sessions' days) and a month with
//            the close of their last session. The time of a bar is the end of its interval: the instant at which it
//            was complete. There is no row for an interval without a trade, unless asked for (fill_forward).
// Other rules see all rows of an instant at once: a bar ends with the last of them, at their time. Bars run on from one
//            session into the next.
// Complete   a bar is given iff its end is not after the watermark. So more rows after the watermark never change a
//            bar that was given before, but for those of the evening of a session that had just closed, while its
//            closing auction comes (which counts at first), or bars of trading that goes on (then it was none).
//
// Columns: open, high, low, close, volume (sum), and where the rows have them, or are trades,
//   vwap         sum(price x size) / volume; missing where volume is 0
//   trade_count  int64, sum
//   adj_close    of the last row
//   split_ratio  product. Rows of raw basis before a split inside the bar are put on the shares after it (prices
//   divided,
//                volume multiplied), so that a bar is on one scale
//   dividend     sum, each (of raw basis) first divided by the later splits inside the bar: per share at the bar's end
// A value that is missing in a row is missing in its bar. Other columns are left out. Rows with `is_filled` 1 are no
// trades and are passed over.
//
// The key is that of `rows` with the new timeframe ("tick" for bars that the clock does not end, whose variant is rule
// and size: "volume_1000"); bars of trades are of the resource stock_price and, where trades name no basis, raw.
//
// INVALID_ARGUMENT INVALID_RESAMPLE: neither trades nor bars, a value missing where one must be, times not ascending, a
// size below 0, a split ratio not above 0, a target that is smaller than the bars given, months from weeks.
// OUT_OF_RANGE CALENDAR_RANGE: rows of days that the calendar does not cover.
absl::StatusOr<Resampled> Resample(const Series& rows, const ResampleSpec& spec, const Calendar& calendar);

// The last row of each interval, with all its columns and the time at which the interval ended: for levels (an index
// without volume, a value on balance), of which no bars can be made. A column `open` is that of the first row, `high`
// the highest, `low` the lowest, missing where one of the rows has none. Rows belong where they end, (start, end];
// intervals, `timeframe` and `watermark_ns` as above. INVALID_ARGUMENT INVALID_RESAMPLE for times that are not
// ascending and for the timeframe "tick".
absl::StatusOr<Resampled> SampleLast(const Series& rows, Timeframe timeframe, const Calendar& calendar,
                                     std::optional<int64_t> watermark_ns = std::nullopt);

}  // namespace breadthflow::quant
