// Other bars made of the rows of a read: what they need, and how they are made.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/bar.h"
#include "common/quant/closing_auction.h"
#include "common/quant/resample.h"
#include "common/quant/resample_intervals.h"
#include "common/quant/resample_rows.h"
#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/rows_left_out.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;

// Where the interval begins that ends at or after `end_ns`.
int64_t IntervalStart(const quant::Calendar& calendar, Timeframe timeframe, int64_t end_ns) {
  if (end_ns == INT64_MIN) return end_ns;
  const quant::Session* session = calendar.FirstClosingAfter(end_ns - 1);
  if (session == nullptr) return end_ns;
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe));
  if (length > 0) {
    const int64_t whole = end_ns > session->open_ns ? (end_ns - session->open_ns - 1) / length : 0;
    return session->open_ns + whole * length;
  }
  if (timeframe == Timeframe::kDay) return session->open_ns;
  absl::CivilDay first = session->day;
  absl::CivilDay next = session->day;
  if (timeframe == Timeframe::kWeek) {
    next = absl::NextWeekday(session->day, absl::Weekday::monday);
    first = next - 7;
  } else {
    first = absl::CivilDay(absl::CivilMonth(session->day));
    next = absl::CivilDay(absl::CivilMonth(session->day) + 1);
  }
  return calendar.Between(first, next).front().open_ns;
}

// By the names that whoever reads knows.
absl::Status NotMade(const absl::Status& status, const Series& rows) {
  const base::ErrorDetails details = base::DetailsOf(status);
  if (details.reason != "INVALID_RESAMPLE" || details.violations.empty()) return status;
  const base::FieldViolation& first = details.violations.front();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "INVALID_RESAMPLE",
                         fmt::format("{} of {} can not be made into other bars: {}: {}", rows.key.resource,
                                     rows.key.symbol, first.field, first.description));
}

void DropSplits(Series& bars) {
  std::erase_if(bars.columns, [](const quant::Column& column) { return column.name == "split_ratio"; });
}

// Puts splits that are known apart where Resample looks for them. Those before the first row are all in that row.
absl::Status AddSplits(Series& bars, const CorporateActions& actions) {
  const CorporateActions splits{.splits = actions.splits,
                                .dividends = nullptr,
                                .calendar = actions.calendar,
                                .splits_after_rows = actions.splits_after_rows};
  const absl::StatusOr<RowEvents> events = EventsByRow(bars, splits, false);
  BF_RETURN_IF_ERROR(events.status());
  DropSplits(bars);
  const std::vector<double>& ratios = *events->splits;  // the last one is of what comes after the bars
  bars.Add("split_ratio", std::vector<double>(ratios.begin(), ratios.end() - 1));
  return absl::OkStatus();
}

}  // namespace

int64_t FirstRowNeeded(const Resampling& resampling, bool trades, int64_t start_ns) {
  if (resampling.bars.rule != quant::BarRule::kTime) return INT64_MIN;
  const int64_t start = std::min(start_ns, IntervalStart(*resampling.calendar, resampling.bars.timeframe, start_ns));
  // A bar that ends where the interval begins belongs to the one before it.
  return trades || start == INT64_MIN || start == start_ns ? start : start + 1;
}

bool MixesDays(const quant::ResampleSpec& bars) {
  return bars.rule != quant::BarRule::kTime || bars.timeframe == Timeframe::kWeek ||
         bars.timeframe == Timeframe::kMonth;
}

absl::Status CheckOneScale(const Series& rows, const Resampling& resampling, const PriceAnchors& anchors,
                           RowKind kind) {
  if (anchors.size() < 2) return absl::OkStatus();
  const quant::Calendar& calendar = *resampling.calendar;
  const bool trades = kind == RowKind::kTrades;
  const bool levels = kind == RowKind::kLevels;
  const int64_t closing_ns = levels ? 0 : ClosingOf(calendar, rows.key.timeframe);
  const quant::Numbers filled(rows, "is_filled");
  const auto passed_over = [&](size_t row) { return !levels && filled.present(row) && filled[row] != 0; };
  quant::Intervals intervals(calendar, resampling.bars.timeframe,
                             quant::ClosingAuction(calendar, closing_ns, rows.times, trades, passed_over));
  size_t anchor = 0;
  size_t anchor_before = 0;  // of the row before that is in a bar
  int64_t end_before = INT64_MIN;
  for (size_t row = 0; row < rows.size(); ++row) {
    const int64_t time_ns = rows.times[row];
    while (anchor + 1 < anchors.size() && anchors[anchor + 1].first_ns <= time_ns) ++anchor;
    if (time_ns == INT64_MIN || passed_over(row)) continue;
    const quant::Intervals::Place place = intervals.PlaceOf(trades ? time_ns : time_ns - 1);
    if (place.session == nullptr) continue;
    const int64_t end_ns = intervals.End(*place.session, place.time_ns);
    if (end_ns == end_before && anchors[anchor].as_of != anchors[anchor_before].as_of) {
      const int64_t start_ns = IntervalStart(calendar, resampling.bars.timeframe, end_ns);
      return base::MakeError(
          absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS",
          fmt::format("the {} bar of {} that begins at {} would be made of prices adjusted for splits as of {}: read "
                      "it with an adjustment (split), which brings them to one day",
                      quant::ToText(resampling.bars.timeframe), rows.key.symbol,
                      absl::FormatTime("%Y-%m-%d %H:%M:%SZ", quant::FromNanos(start_ns), absl::UTCTimeZone()),
                      ToText(PriceAnchors{anchors[anchor_before], anchors[anchor]})));
    }
    anchor_before = anchor;
    end_before = end_ns;
  }
  return absl::OkStatus();
}

int64_t RowsNeededUntil(const Resampling& resampling, Timeframe timeframe, RowKind kind, int64_t end_ns) {
  if (kind == RowKind::kLevels) return end_ns;
  const quant::Calendar& calendar = *resampling.calendar;
  return quant::ClosingAuction::FollowedUntil(calendar, ClosingOf(calendar, timeframe), kind == RowKind::kTrades,
                                              end_ns);
}

absl::StatusOr<BarsMade> ResampleRows(Series rows, const Resampling& resampling, const CorporateActions& actions,
                                      quant::TimeRange range, const StoredExtent& extent, RowKind kind) {
  const bool trades = kind == RowKind::kTrades;
  quant::ResampleSpec spec = resampling.bars;
  if (rows.empty()) {
    BarsMade none;
    none.bars = {.key = std::move(rows.key), .basis = rows.basis, .times = {}, .columns = {}};
    if (trades) {
      none.bars.key.resource = std::string(quant::kStockPrice);
      if (none.bars.basis == quant::PriceBasis::kNotPrices) none.bars.basis = quant::PriceBasis::kRaw;
    }
    none.bars.key.timeframe = spec.rule == quant::BarRule::kTime ? spec.timeframe : Timeframe::kTick;
    return none;
  }
  if (kind != RowKind::kLevels) {
    const quant::Calendar& calendar = *resampling.calendar;
    spec.closing_ns = ClosingOf(calendar, rows.key.timeframe);
    spec.rows_until_ns = quant::ClosingAuction::RowsUntil(calendar, spec.closing_ns, trades, range.end_ns);
  }
  const int64_t before_end = range.end_ns == INT64_MAX ? range.end_ns : range.end_ns - 1;
  spec.watermark_ns = std::min(before_end, trades ? extent.known_at_ns : extent.last_time_ns);
  const bool splits_apart = rows.basis == quant::PriceBasis::kRaw && actions.splits != nullptr;
  if (splits_apart) BF_RETURN_IF_ERROR(AddSplits(rows, actions));
  absl::StatusOr<quant::Resampled> resampled =
      kind == RowKind::kLevels ? quant::SampleLast(rows, spec.timeframe, *resampling.calendar, spec.watermark_ns)
                               : quant::Resample(rows, spec, *resampling.calendar);
  if (!resampled.ok()) return NotMade(resampled.status(), rows);
  quant::Resampled& made = *resampled;
  BarsMade out;
  if (made.outside_rows > 0) {
    BF_ASSIGN_OR_RETURN(out.notices.emplace_back(),
                        OutsideNotice(rows, made.outside_rows, *resampling.calendar, trades, spec.rows_until_ns));
  }
  // Bars that end after the range are not asked for.
  if (made.pending_rows > 0 && range.end_ns > extent.last_time_ns) {
    out.notices.push_back(PendingNotice(made.pending_rows, spec));
  }
  if (splits_apart) DropSplits(made.bars);
  out.had_earlier = !made.bars.empty() && made.bars.times.front() < range.start_ns;
  out.bars = made.bars.Slice(range);
  return out;
}

}  // namespace breadthflow::data
