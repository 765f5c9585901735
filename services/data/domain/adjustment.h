#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "common/quant/calendar.h"
#include "common/quant/series.h"

namespace breadthflow::data {

// How stored prices are shown. s(t) is the split that took effect before row t (1: none), d(t) the dividend per share
// of row t whose ex-date is row t, c(t) the close, all of raw prices; f(t) = 1 - d(t) s(t) / c(t-1), the factor of a
// dividend: what is left of the previous close, in the shares of row t, once it is paid.
//
//   raw             as they traded
//   split           x product over u > t of 1 / s(u): the newest row is as it traded
//   split_dividend  x product over u > t of f(u) / s(u), where no `adj_close` says it: back-adjusted for both
//   total_return    what one share bought at the close of the first row is worth, dividends reinvested at the close of
//                   their ex-date. With N shares held since the close before (N(0) = 1, times s(t) on a split), a price
//                   p of row t becomes N (p + d(t)), and after its close N grows by the factor 1 + d(t) / c(t)
//   forward_split   x product over u <= t of s(u): the first row is as it traded
//   forward         x product over u <= t of s(u) / f(u)
//
// The last three are anchored on the first row given (a read gives all rows from the first stored one on): no later
// event changes an earlier value, bit for bit, so models and features may keep what they saw. The others move with each
// later event. Volume is multiplied by the inverse of the splits alone.
enum class Adjustment { kRaw, kSplit, kSplitDividend, kTotalReturn, kForwardSplit, kForward };
std::string_view ToText(Adjustment adjustment);
// What the adjusted prices have in them.
quant::PriceBasis BasisOf(Adjustment adjustment);
// Whether it is one of the last three.
bool IsAnchoredOnFirstRow(Adjustment adjustment);

// The events of one symbol, apart from its bars. An event takes effect when the calendar's day `ex_date` begins: the
// first row that ends after it is the first without the right. Events before the first row change nothing. Of two
// publications for one ex-date (and `kind` of dividend) the later one counts; rows published together add up.
// Pointers are null where nothing is known; an empty series says that there was nothing.
struct CorporateActions {
  const quant::Series* splits = nullptr;     // resource `split`: ex_date text YYYY-MM-DD, ratio double
  const quant::Series* dividends = nullptr;  // resource `dividend`: ex_date, amount per share as it was paid
  const quant::Calendar* calendar = &quant::Xnys();
  // `splits` count only where they take effect after the last row; up to it the column split_ratio has them.
  bool splits_after_rows = false;
};

// `series` with its prices (open, high, low, close, vwap, and dividend) and volume adjusted. Events come from `actions`
// and, where it has none of a kind, from the columns split_ratio and dividend. The column split_ratio is not in the
// result (it can not be applied again), nor is adj_close in modes anchored on the first row.
//
// Prices stored as split-adjusted: dividends of a column are taken to be so too; those of `actions` are divided by the
// later splits. total_return is of one share as stored. The forward modes multiply by all splits known after the first
// row, which must be those that the source adjusted for. Where it is known as of when they were adjusted, what was
// traded is made of them first (price_anchor.h, AdjustRows).
//
// Events after the last row count where later events do: splits always; a dividend only when no session closed between
// the last row and its ex-date, for its factor needs the close before it (FAILED_PRECONDITION NO_PREVIOUS_CLOSE: read
// on to there, or leave out what is not known yet).
//
// FAILED_PRECONDITION ALREADY_ADJUSTED when the stored prices hold an adjustment that is not wanted (it can not be
// taken out, and must not be applied twice) or whose anchor can not be moved; NO_ADJUSTMENT_DATA when what is needed is
// not there for every row; NOT_PRICES for series without a basis; IMPOSSIBLE_DIVIDEND for one that is not below the
// previous close. INVALID_ARGUMENT INVALID_EVENTS for event rows that are none.
absl::StatusOr<quant::Series> Adjust(quant::Series series, Adjustment adjustment, const CorporateActions& actions = {});

// The adjustment of that name (raw, split, split_dividend) by the series' own columns. Prices that have the basis
// already are returned as they are. Here split_dividend needs the column adj_close or dividend.
absl::StatusOr<quant::Series> Adjust(quant::Series series, quant::PriceBasis wanted);

}  // namespace breadthflow::data
