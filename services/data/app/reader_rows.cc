// Reader: the rows of one series in the shape that a read wants.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/reader.h"
#include "services/data/app/reader_actions.h"
#include "services/data/domain/join_notices.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kFirstLookBack = int64_t{7} * 24 * 3600 * 1'000'000'000;

int64_t Before(int64_t time_ns, int64_t span_ns) {
  return time_ns < INT64_MIN + span_ns ? INT64_MIN : time_ns - span_ns;
}

// Says why rows take splits of which nobody asked for an adjustment.
absl::Status OneScaleNeeded(const absl::Status& status) {
  if (base::DetailsOf(status).reason != "NO_ADJUSTMENT_DATA") return status;
  return base::MakeError(status.code(), "bars of several days take prices of one scale: " + base::Message(status),
                         base::DetailsOf(status));
}

}  // namespace

// That was named, else that which symbol and rows tell.
absl::StatusOr<const quant::Calendar*> Reader::CalendarFor(const ReadPlan& plan, size_t place,
                                                           const StoredExtent& extent, absl::Time deadline) {
  if (plan.companions[place].calendar != nullptr) return plan.companions[place].calendar;
  PlannedSeries part = plan.series[place];
  std::vector<int64_t> times;
  for (const quant::TimeRange& range : RowsThatTell(part.key.timeframe, extent.first_time_ns, extent.last_time_ns)) {
    part.range = range;
    BF_ASSIGN_OR_RETURN(const quant::Series rows,
                        series_.Read(part, {plan.kind == RowKind::kTrades ? "price" : "close"}, deadline));
    times.insert(times.end(), rows.times.begin(), rows.times.end());
  }
  return &CalendarOf(part.key, times);
}

absl::Status Reader::Admit(const quant::SeriesKey& key, int64_t bytes, base::MemoryBudget::Hold& held) const {
  if (bytes > limits_.series_bytes) {
    return base::MakeError(absl::StatusCode::kResourceExhausted,
                           fmt::format("the rows of {} that are needed take {} MiB, and one series may take {} MiB: "
                                       "read a shorter range, or the rows as they are stored",
                                       key.symbol, bytes >> 20, limits_.series_bytes >> 20),
                           {.reason = "READ_TOO_LARGE",
                            .metadata = {{"limit_bytes", std::to_string(limits_.series_bytes)}},
                            .violations = {},
                            .retry_after = {}});
  }
  if (held.Set(bytes)) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kResourceExhausted,
      fmt::format("reads at work hold {} MiB, which is the limit of all together: try again", limits_.all_bytes >> 20),
      {.reason = "READS_BUSY",
       .metadata = {{"limit_bytes", std::to_string(limits_.all_bytes)}},
       .violations = {},
       .retry_after = absl::Seconds(5)});
}

// Adjusted and made into other bars.
absl::StatusOr<quant::Series> Reader::ReadMade(const ReadPlan& plan, size_t place, const ReadShape& shape,
                                               const StoredExtent& extent, ReadActions& actions, ReadRows& out,
                                               absl::Time deadline) {
  const PlannedSeries& wanted = plan.series[place];
  const bool trades = plan.kind == RowKind::kTrades;
  const bool adjusts = Adjusts(shape, wanted.basis, plan.IsAnchored(place));
  const bool anchored = adjusts && IsAnchoredOnFirstRow(*shape.adjustment);
  PlannedSeries stored = wanted;
  if (shape.resampling) {
    stored.range = {
        FirstRowNeeded(*shape.resampling, trades, wanted.range.start_ns),
        RowsNeededUntil(*shape.resampling, wanted.key.timeframe, plan.kind, wanted.range.end_ns),
    };
  }
  if (anchored) {
    out.origin.anchored = shape.adjustment;
    out.origin.anchor_ns = extent.first_time_ns;
  }
  const quant::TimeRange needed = stored.range;
  if (anchored) stored.range.start_ns = INT64_MIN;
  if (adjusts && NeedsLaterRows(*shape.adjustment, wanted.basis)) stored.range.end_ns = INT64_MAX;
  std::vector<std::string> columns;
  if (shape.resampling && trades) columns = {"price", "size"};
  if (!adjusts && !shape.resampling) columns = shape.fields;
  // Intervals without a trade repeat the bar before them, however far back that is.
  const bool looks_back = shape.resampling && shape.resampling->bars.fill_forward && !anchored;
  for (int64_t span = kFirstLookBack;; span = span > INT64_MAX / 8 ? INT64_MAX : span * 8) {
    if (looks_back && needed.start_ns != INT64_MIN) stored.range.start_ns = Before(needed.start_ns, span);
    const auto admit = [&](int64_t bytes) { return Admit(wanted.key, bytes, out.held); };
    BF_ASSIGN_OR_RETURN(quant::Series rows, series_.Read(stored, columns, deadline, admit));
    CorporateActions known;
    if (adjusts) {
      rows = WithoutMixedCloses(std::move(rows), extent.anchors, *shape.adjustment);
      BF_ASSIGN_OR_RETURN(known, actions.ToAdjust(rows, wanted.range.end_ns));
      BF_ASSIGN_OR_RETURN(rows, AdjustRows(std::move(rows), *shape.adjustment, known, extent));
    } else if (shape.resampling && MixesDays(shape.resampling->bars)) {
      BF_ASSIGN_OR_RETURN(known, actions.ToCombine(rows, wanted.range.end_ns));
    } else if (shape.resampling) {
      BF_RETURN_IF_ERROR(CheckOneScale(rows, *shape.resampling, extent.anchors, plan.kind));
    }
    const quant::TimeRange taken{looks_back ? stored.range.start_ns : needed.start_ns, needed.end_ns};
    if (stored.range != taken) rows = rows.Slice(taken);
    if (!shape.resampling) return rows;
    BF_ASSIGN_OR_RETURN(BarsMade made,
                        ResampleRows(std::move(rows), *shape.resampling, known, wanted.range, extent, plan.kind));
    if (looks_back && !made.had_earlier && stored.range.start_ns > extent.first_time_ns) continue;
    for (std::string& notice : made.notices) out.origin.notices.push_back(std::move(notice));
    return std::move(made.bars);
  }
}

absl::StatusOr<ReadRows> Reader::Read(const ReadPlan& plan, size_t place, absl::Time deadline) {
  ReadShape shape = plan.ShapeOf(place);
  const PlannedSeries& wanted = plan.series[place];
  const Companions& beside = plan.companions[place];
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head,
                      series_.chunks().Head(wanted.key, {.version = wanted.version, .deadline = deadline}));
  const StoredExtent extent{head.first_time_ns, head.last_time_ns, quant::ToNanos(head.known_at),
                            plan.IsAnchored(place) ? plan.anchors[place] : PriceAnchors()};
  ReadRows out{.rows = {}, .origin = plan.OriginOf(place), .held = base::MemoryBudget::Hold(made_rows_)};
  if (shape.resampling && shape.resampling->own_calendar) {
    BF_ASSIGN_OR_RETURN(shape.resampling->calendar, CalendarFor(plan, place, extent, deadline));
    if (!shape.resampling->calendar->says_hours() && beside.calendar == nullptr) {
      out.origin.notices.push_back("no calendar is known of it: days, weeks and months go by the date in UTC");
    }
  }
  ReadActions actions(series_, shape, beside, extent, deadline, out.origin);
  if (beside.shares) {
    BF_ASSIGN_OR_RETURN(out.rows, ReadMarketCap(plan, place, shape, extent, actions, out.origin, deadline));
  } else {
    absl::StatusOr<quant::Series> made = ReadMade(plan, place, shape, extent, actions, out, deadline);
    if (!made.ok()) return shape.adjustment == plan.shape.adjustment ? made.status() : OneScaleNeeded(made.status());
    out.rows = *std::move(made);
  }
  quant::Series& rows = out.rows;
  KeepFields(shape, rows);
  for (size_t j = 0; j < shape.joins.size(); ++j) {
    const JoinSpec& join = shape.joins[j];
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(join.resource, deadline));
    quant::Series joined;
    if (!rows.empty()) {
      PlannedSeries from = beside.joins[j];
      from.range = JoinedRange(join, rows.times.front(), rows.times.back());
      const auto admit = [&](int64_t bytes) { return Admit(from.key, quant::BytesOf(rows) + bytes, out.held); };
      BF_ASSIGN_OR_RETURN(joined, series_.Read(from, JoinedColumns(join, *resource), deadline, admit));
    }
    joined.key = beside.joins[j].key;
    if (std::string notice = NoticeOfTimes(joined, join); !notice.empty()) {
      out.origin.notices.push_back(std::move(notice));
    }
    if (std::string notice = NoticeOfTies(joined, join, *resource); !notice.empty()) {
      out.origin.notices.push_back(std::move(notice));
    }
    BF_RETURN_IF_ERROR(JoinColumns(rows, std::move(joined), join, *resource));
  }
  BF_RETURN_IF_ERROR(Admit(rows.key, quant::BytesOf(rows), out.held));
  return out;
}

}  // namespace breadthflow::data
