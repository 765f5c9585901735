// Reader: the rows of one series in the shape that a read wants.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/reader.h"
#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kFirstLookBack = int64_t{7} * 24 * 3600 * 1'000'000'000;

int64_t Before(int64_t time_ns, int64_t span_ns) {
  return time_ns < INT64_MIN + span_ns ? INT64_MIN : time_ns - span_ns;
}

// Of what neither `actions` nor the rows know, `none`: nothing happened, as a source has confirmed of the whole time in
// which it would count.
absl::Status CountNone(const Companions& beside, const quant::Series& rows, Adjustment adjustment,
                       const StoredExtent& extent, const quant::Series& none, CorporateActions& actions) {
  if (rows.empty()) return absl::OkStatus();
  const auto confirmed = [&](const std::optional<ConfirmedEmpty>& empty, std::string_view what) -> absl::Status {
    const std::vector<quant::TimeRange> unknown = Outside(EventsThatCount(rows, adjustment, extent), empty->ranges);
    if (unknown.empty()) return absl::OkStatus();
    const auto text = [](int64_t time_ns) {
      return absl::FormatTime(absl::RFC3339_full, quant::FromNanos(time_ns), absl::UTCTimeZone());
    };
    return RefuseAdjustment(
        "NO_ADJUSTMENT_DATA", rows,
        fmt::format("{} has no {} in what it was asked for, but nobody asked it for those from {} to {}: fetch them",
                    empty->source, what, text(unknown.front().start_ns), text(unknown.front().end_ns)));
  };
  if (beside.no_dividends && MissingActions(rows, adjustment, actions).dividends) {
    BF_RETURN_IF_ERROR(confirmed(beside.no_dividends, "dividends"));
    actions.dividends = &none;
  }
  if (beside.no_splits && MissingActions(rows, adjustment, actions).splits) {
    BF_RETURN_IF_ERROR(confirmed(beside.no_splits, "splits"));
    actions.splits = &none;
  }
  return absl::OkStatus();
}

}  // namespace

// Adjusted and made into other bars.
absl::StatusOr<quant::Series> Reader::ReadMade(const ReadPlan& plan, size_t place, const StoredExtent& extent,
                                               CorporateActions actions, absl::Time deadline) {
  const quant::Series none;
  const ReadShape& shape = plan.shape;
  const PlannedSeries& wanted = plan.series[place];
  const bool adjusts = Adjusts(shape, wanted.basis);
  const bool anchored = adjusts && IsAnchoredOnFirstRow(*shape.adjustment);
  PlannedSeries stored = wanted;
  if (shape.resampling) stored.range.start_ns = FirstRowNeeded(*shape.resampling, plan.trades, wanted.range.start_ns);
  const int64_t first_needed = stored.range.start_ns;
  if (adjusts && NeedsLaterRows(*shape.adjustment, wanted.basis, actions.splits != nullptr)) {
    stored.range.end_ns = INT64_MAX;
  }
  std::vector<std::string> columns;
  if (shape.resampling && plan.trades) columns = {"price", "size"};
  if (!adjusts && !shape.resampling) columns = shape.fields;
  // Intervals without a trade repeat the bar before them, however far back that is.
  const bool looks_back = shape.resampling && shape.resampling->bars.fill_forward && !anchored;
  for (int64_t span = kFirstLookBack;; span = span > INT64_MAX / 8 ? INT64_MAX : span * 8) {
    if (looks_back && first_needed != INT64_MIN) stored.range.start_ns = Before(first_needed, span);
    BF_ASSIGN_OR_RETURN(quant::Series rows, series_.Read(stored, columns, deadline));
    if (adjusts) {
      BF_RETURN_IF_ERROR(CountNone(plan.companions[place], rows, *shape.adjustment, extent, none, actions));
      BF_ASSIGN_OR_RETURN(rows, AdjustRows(std::move(rows), *shape.adjustment, actions, extent));
    }
    if (stored.range.end_ns != wanted.range.end_ns) rows = rows.Slice({INT64_MIN, wanted.range.end_ns});
    if (!shape.resampling) return rows;
    BF_ASSIGN_OR_RETURN(BarsMade made,
                        ResampleRows(std::move(rows), *shape.resampling, actions, wanted.range, extent, plan.trades));
    if (!looks_back || made.had_earlier || stored.range.start_ns <= extent.first_time_ns) return std::move(made.bars);
  }
}

absl::StatusOr<quant::Series> Reader::Read(const ReadPlan& plan, size_t place, absl::Time deadline) {
  const ReadShape& shape = plan.shape;
  const PlannedSeries& wanted = plan.series[place];
  const Companions& beside = plan.companions[place];
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head,
                      series_.chunks().Head(wanted.key, {.version = wanted.version, .deadline = deadline}));
  const StoredExtent extent{head.first_time_ns, head.last_time_ns, quant::ToNanos(head.known_at)};
  quant::Series splits, dividends;
  CorporateActions actions;
  if (shape.resampling) actions.calendar = shape.resampling->calendar;
  if (beside.splits) {
    BF_ASSIGN_OR_RETURN(splits, series_.Read(*beside.splits, {}, deadline));
    actions.splits = &splits;
  }
  if (beside.dividends) {
    BF_ASSIGN_OR_RETURN(dividends, series_.Read(*beside.dividends, {}, deadline));
    actions.dividends = &dividends;
  }
  BF_ASSIGN_OR_RETURN(quant::Series rows, ReadMade(plan, place, extent, actions, deadline));
  KeepFields(shape, rows);
  for (size_t j = 0; j < shape.joins.size(); ++j) {
    const JoinSpec& join = shape.joins[j];
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(join.resource, deadline));
    quant::Series joined;
    if (!rows.empty()) {
      PlannedSeries from = beside.joins[j];
      from.range = JoinedRange(join, rows.times.front(), rows.times.back());
      BF_ASSIGN_OR_RETURN(joined, series_.Read(from, JoinedColumns(join), deadline));
    }
    joined.key = beside.joins[j].key;
    BF_RETURN_IF_ERROR(JoinColumns(rows, std::move(joined), join, *resource));
  }
  return rows;
}

}  // namespace breadthflow::data
