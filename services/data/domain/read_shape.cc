#include "services/data/domain/read_shape.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/as_of_join.h"
#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/publication.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

using quant::Series;

Series RowsAt(const Series& series, const std::vector<size_t>& rows) {
  Series kept{.key = series.key, .basis = series.basis, .repeats = series.repeats, .times = {}, .columns = {}};
  for (const size_t row : rows) kept.times.push_back(series.times[row]);
  for (const quant::Column& from : series.columns) {
    quant::Column to{.name = from.name, .values = {}, .valid = {}};
    std::visit(
        [&](const auto& values) {
          std::decay_t<decltype(values)> out;
          for (const size_t row : rows) out.push_back(values[row]);
          to.values = std::move(out);
        },
        from.values);
    if (!from.valid.empty()) {
      for (const size_t row : rows) to.valid.push_back(from.valid[row]);
    }
    kept.columns.push_back(std::move(to));
  }
  return kept;
}

// The events that take effect by `last_time_ns`: a row that ends then is the first without the right, or a later one.
// What can not be read stays, for Adjust to say so.
Series InEffectBy(const Series& events, int64_t last_time_ns, const quant::Calendar& calendar) {
  const quant::Column* column = events.Find("ex_date");
  const auto* dates = column == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&column->values);
  if (dates == nullptr || dates->size() != events.size()) return events;
  std::vector<size_t> rows;
  for (size_t row = 0; row < events.size(); ++row) {
    absl::CivilDay day;
    if (absl::ParseCivilTime((*dates)[row], &day) && calendar.DayStart(day) >= last_time_ns) continue;
    rows.push_back(row);
  }
  return RowsAt(events, rows);
}

quant::Column MissingColumn(std::string name, quant::ColumnType type, size_t rows) {
  quant::Column column{.name = std::move(name), .values = {}, .valid = std::vector<bool>(rows, false)};
  switch (type) {
    case quant::ColumnType::kDouble:
      column.values = std::vector<double>(rows);
      break;
    case quant::ColumnType::kInt64:
      column.values = std::vector<int64_t>(rows);
      break;
    case quant::ColumnType::kText:
      column.values = std::vector<std::string>(rows);
      break;
  }
  return column;
}

// The rows that are about periods of the length that is wanted, or about an instant.
Series OfPeriod(Series joined, const JoinSpec& join) {
  const quant::Column* column = joined.Find("period");
  const auto* periods = column == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&column->values);
  if (periods == nullptr) return joined;
  std::vector<size_t> rows;
  for (size_t row = 0; row < joined.size(); ++row) {
    if ((*periods)[row] == join.period || (*periods)[row] == "instant") rows.push_back(row);
  }
  return rows.size() == joined.size() ? joined : RowsAt(joined, rows);
}

}  // namespace

bool NeedsLaterRows(Adjustment adjustment, quant::PriceBasis basis) {
  if (basis == quant::PriceBasis::kRaw) {
    return adjustment == Adjustment::kSplitDividend || adjustment == Adjustment::kSplit;
  }
  // Prices and dividends that the source divided by all later splits.
  return true;
}

ActionsNeeded ActionsThatCount(const Series& rows, Adjustment adjustment, bool anchored) {
  const quant::PriceBasis wanted = BasisOf(adjustment);
  const bool dividends = wanted == quant::PriceBasis::kSplitAndDividendAdjusted;
  if (anchored && rows.basis == quant::PriceBasis::kSplitAdjusted) return {.splits = true, .dividends = dividends};
  const bool raw = rows.basis == quant::PriceBasis::kRaw;
  if (!raw && (rows.basis != quant::PriceBasis::kSplitAdjusted || wanted < rows.basis)) return {};
  const bool forward = adjustment == Adjustment::kForwardSplit || adjustment == Adjustment::kForward;
  return {.splits = raw || forward, .dividends = dividends};
}

ActionsNeeded MissingActions(const Series& rows, Adjustment adjustment, const CorporateActions& actions,
                             bool anchored) {
  ActionsNeeded needed = ActionsThatCount(rows, adjustment, anchored);
  if (!needed.splits && !needed.dividends) return needed;
  const bool by_close = (adjustment == Adjustment::kSplitDividend || adjustment == Adjustment::kForward) &&
                        IsComplete(rows, "adj_close") && IsComplete(rows, "close");
  const bool paid = actions.dividends != nullptr && !actions.dividends->empty();
  needed.dividends = needed.dividends && actions.dividends == nullptr && !IsComplete(rows, "dividend") && !by_close;
  needed.splits = (needed.splits || paid) && actions.splits == nullptr && !IsComplete(rows, "split_ratio");
  return needed;
}

quant::TimeRange SpanOf(const Series& rows, int64_t end_ns) {
  const int64_t first = rows.times.front(), last = rows.times.back();
  if (last < end_ns) return {first, last == INT64_MAX ? last : last + 1};
  return {first, std::max(end_ns, first + 1)};
}

quant::TimeRange EventsThatCount(const Series& rows, Adjustment adjustment, const StoredExtent& extent,
                                 int64_t end_ns) {
  if (rows.basis == quant::PriceBasis::kRaw && IsAnchoredOnFirstRow(adjustment)) return SpanOf(rows, end_ns);
  int64_t last = std::max(extent.last_time_ns, rows.times.back());
  if (rows.basis == quant::PriceBasis::kSplitAdjusted) {
    for (const AnchoredRows& one : extent.anchors) {
      last = std::max(last, absl::ToUnixNanos(absl::FromCivil(one.as_of, absl::UTCTimeZone())));
    }
  }
  return {rows.times.front(), last == INT64_MAX ? last : last + 1};
}

absl::StatusOr<Series> AdjustRows(Series rows, Adjustment adjustment, const CorporateActions& actions,
                                  const StoredExtent& extent) {
  if (!extent.anchors.empty() && rows.basis == quant::PriceBasis::kSplitAdjusted) {
    if (adjustment == Adjustment::kSplit) return SplitByLastRow(std::move(rows), extent.anchors, actions);
    BF_ASSIGN_OR_RETURN(
        rows, AsTraded(WithoutMixedCloses(std::move(rows), extent.anchors, adjustment), extent.anchors, actions));
  }
  CorporateActions counted = actions;
  Series splits, dividends;
  const bool raw = rows.basis == quant::PriceBasis::kRaw;
  if (actions.splits != nullptr && (raw || !IsMadeUp(rows.key.variant))) {
    splits = InEffectBy(*actions.splits, raw ? extent.last_time_ns : std::max(extent.last_time_ns, extent.known_at_ns),
                        *actions.calendar);
    counted.splits = &splits;
  }
  if (actions.dividends != nullptr) {
    dividends = InEffectBy(*actions.dividends, extent.last_time_ns, *actions.calendar);
    counted.dividends = &dividends;
    // As they were paid, they can not be counted without the splits: the series' own columns may do.
    if (!dividends.empty() && actions.splits == nullptr && !IsComplete(rows, "split_ratio")) {
      counted.dividends = nullptr;
    }
  }
  return Adjust(std::move(rows), adjustment, counted);
}

quant::TimeRange JoinedRange(const JoinSpec& join, int64_t first_ns, int64_t last_ns) {
  quant::TimeRange range{.end_ns = last_ns == INT64_MAX ? last_ns : last_ns + 1};
  // A row that is too old to show may still be the one that others do not replace.
  if (join.ttl == absl::InfiniteDuration() || !join.replace_by.empty()) return range;
  const absl::Time start = quant::FromNanos(first_ns) - join.ttl;
  if (start > quant::FromNanos(INT64_MIN)) range.start_ns = quant::ToNanos(start);
  return range;
}

std::vector<std::string> JoinedColumns(const JoinSpec& join, const Resource& resource) {
  std::vector<std::string> columns = join.fields;
  const auto add = [&](const std::string& name) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  };
  if (!join.replace_by.empty()) add(join.replace_by);
  if (OfOnePeriod(join)) add("period");
  if (resource.Find(kPublicationEstimated) != nullptr) add(kPublicationEstimated);
  return columns;
}

absl::Status JoinColumns(Series& rows, Series joined, const JoinSpec& join, const Resource& resource) {
  if (OfOnePeriod(join)) joined = OfPeriod(std::move(joined), join);
  for (const std::string& name : join.fields) {
    if (joined.Find(name) != nullptr) continue;
    const Field* field = resource.Find(name);
    joined.columns.push_back(
        MissingColumn(name, field == nullptr ? quant::ColumnType::kDouble : field->type, joined.size()));
  }
  quant::AsOfOptions options{
      .ttl = join.ttl, .columns = join.fields, .skip_missing = join.skip_missing, .replaces = {}};
  if (!join.replace_by.empty()) options.replaces = quant::ByColumn(join.replace_by);
  BF_ASSIGN_OR_RETURN(Series known, quant::AsOfJoin(rows.times, joined, options));
  for (quant::Column& column : known.columns) {
    column.name = fmt::format("{}.{}", NameOf(join), column.name);
    if (rows.Find(column.name) != nullptr) {
      return base::MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_CLASH",
                             fmt::format("{} has a column {} of its own", rows.key.symbol, column.name));
    }
    rows.columns.push_back(std::move(column));
  }
  return absl::OkStatus();
}

void KeepFields(const ReadShape& shape, Series& rows) {
  if (shape.fields.empty()) return;
  std::erase_if(rows.columns, [&](const quant::Column& column) {
    return std::find(shape.fields.begin(), shape.fields.end(), column.name) == shape.fields.end();
  });
}

}  // namespace breadthflow::data
