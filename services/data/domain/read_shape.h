#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/series.h"
#include "common/quant/timeframe.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/read_query.h"

// How the rows of one series get the shape that a read wants: adjusted, made into other bars, joined. Pure; what has to
// be read for it is said here too, so that a part of a read equals that part of the whole.
namespace breadthflow::data {

// What is stored of a series as a whole, not only of the rows read.
struct StoredExtent {
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  int64_t known_at_ns = 0;  // when this state was learnt
  PriceAnchors anchors{};   // of split-adjusted prices: as of when they were, where that is known
};

// Whether adjusting needs all stored rows behind those wanted: later events, and the closes before them, change what
// comes before.
bool NeedsLaterRows(Adjustment adjustment, quant::PriceBasis basis);

// What adjusting `rows` takes, and what of it neither `actions` nor a column of theirs says. What can not be adjusted
// anyway takes nothing. Dividends as they were paid take splits as well. `anchored`: of split-adjusted rows it is known
// as of when they were; then splits make any other prices of them.
struct ActionsNeeded {
  bool splits = false;
  bool dividends = false;
};
ActionsNeeded ActionsThatCount(const quant::Series& rows, Adjustment adjustment, bool anchored = false);
ActionsNeeded MissingActions(const quant::Series& rows, Adjustment adjustment, const CorporateActions& actions,
                             bool anchored = false);

// In which range events take effect that count in `rows`, of which there is one, under this adjustment, whenever they
// were published: from the first row to the last that counts, which may be one behind them, and of prices that are
// adjusted as of a later day to that day. A source has all of them that was asked for this range (asked_rows.h). Rows
// from `end_ns` on only tell what those before them are (RowsNeededUntil): no event counts for their sake.
quant::TimeRange EventsThatCount(const quant::Series& rows, Adjustment adjustment, const StoredExtent& extent,
                                 int64_t end_ns = INT64_MAX);
// From the first of the rows to the last one before `end_ns`.
quant::TimeRange SpanOf(const quant::Series& rows, int64_t end_ns);

// The rows, adjusted. Events that take effect after the last row that is stored are left out for prices as traded: the
// newest row is as it traded. Split-adjusted prices hold the splits up to the day as of which they were adjusted. Where
// nobody says it they hold all that took effect by when the rows were learnt, for nobody can have divided them by a
// later one (but where they are made up). `actions` may point at series with events of any time.
absl::StatusOr<quant::Series> AdjustRows(quant::Series rows, Adjustment adjustment, const CorporateActions& actions,
                                         const StoredExtent& extent);

// The instant from which rows must be read so that the bars that end at or after `start_ns` are whole. Bars that the
// clock does not end run on from the first row there is.
int64_t FirstRowNeeded(const Resampling& resampling, bool trades, int64_t start_ns);

// Whether a bar may be made of rows before and after a split, which takes effect when a day begins.
bool MixesDays(const quant::ResampleSpec& bars);

// What rows of a series are.
enum class RowKind { kBars, kTrades, kLevels };

// The instant up to which rows of `timeframe` must be read for the bars that end before `end_ns`: what is traded in the
// closing auction belongs to the bar that ends with the session, and whether bars were of one is told by those of that
// evening, so that a read which ends within the evening has the bar of one that ends later.
int64_t RowsNeededUntil(const Resampling& resampling, quant::Timeframe timeframe, RowKind kind, int64_t end_ns);

// Whether no bar would be made of rows whose prices were adjusted as of two days: of bars within a day and of days, for
// which rows come as they are stored (see MixesDays). FAILED_PRECONDITION SEVERAL_ANCHORS that names the first bar and
// says that an adjustment brings its rows to one day. Rows are in the bars that ResampleRows makes of them; those in no
// bar, such as the rows of extended hours between two sessions, mix nothing.
absl::Status CheckOneScale(const quant::Series& rows, const Resampling& resampling, const PriceAnchors& anchors,
                           RowKind kind);

// The bars that `rows` (of [FirstRowNeeded, RowsNeededUntil)) make and that end in `range`, as far as they are
// complete: bars made of bars once a row at or after their end is stored, bars made of trades once what is stored was
// learnt at or after their end. Prices as traded whose splits are known apart are put on one scale within a bar, which
// then has no split_ratio. Of levels the last row of each interval.
//
// Sessions have their closing auction (ClosingOf, closing_auction.h) with them. Rows outside them are in no bar, which
// a notice says, as it does of rows at the end whose bar is not complete. Rows that are only read to judge the auction,
// behind it and behind the range, are not counted. FAILED_PRECONDITION NO_SESSION when no row is
// in a session of the calendar, OUTSIDE_SESSIONS when more than kMostOutsidePercent of them are of hours at which
// nothing is traded there; the message names the calendars that fit. INVALID_RESAMPLE with resource and column when one
// has no value.
struct BarsMade {
  quant::Series bars;
  bool had_earlier = false;          // there was a bar before the range
  std::vector<std::string> notices;  // for whoever uses the bars
};
absl::StatusOr<BarsMade> ResampleRows(quant::Series rows, const Resampling& resampling, const CorporateActions& actions,
                                      quant::TimeRange range, const StoredExtent& extent, RowKind kind);

// The rows of a joined series that can show in rows of [first_ns, last_ns], and its columns that are needed.
quant::TimeRange JoinedRange(const JoinSpec& join, int64_t first_ns, int64_t last_ns);
std::vector<std::string> JoinedColumns(const JoinSpec& join, const Resource& resource);

// Adds the columns of `joined` to `rows`, under NameOf(join) and a dot. A column that no row has is there with all
// values missing. FAILED_PRECONDITION COLUMN_CLASH when `rows` has a column of that name.
absl::Status JoinColumns(quant::Series& rows, quant::Series joined, const JoinSpec& join, const Resource& resource);

// Leaves out the columns that are not wanted.
void KeepFields(const ReadShape& shape, quant::Series& rows);

}  // namespace breadthflow::data
