#include "common/quant/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/bar.h"
#include "common/quant/closing_auction.h"
#include "common/quant/resample_intervals.h"
#include "common/quant/resample_rows.h"

namespace breadthflow::quant {
namespace {

constexpr std::array<std::pair<BarRule, std::string_view>, 5> kRules = {{{BarRule::kTime, "time"},
                                                                         {BarRule::kTicks, "ticks"},
                                                                         {BarRule::kVolume, "volume"},
                                                                         {BarRule::kDollar, "dollar"},
                                                                         {BarRule::kRange, "range"}}};

ClosingAuction AuctionOf(const SourceRows& rows, const ResampleSpec& spec, const Calendar& calendar) {
  return {calendar, spec.closing_ns, rows.times, rows.trades, [&rows](size_t row) { return rows.filled(row); }};
}

// How many rows can be in bars.
size_t RowsThatCount(const SourceRows& rows, const ResampleSpec& spec) {
  const auto end = std::lower_bound(rows.times.begin(), rows.times.end(), spec.rows_until_ns);
  return static_cast<size_t>(end - rows.times.begin());
}

Resampled TimeBars(const SourceRows& rows, const ResampleSpec& spec, const Calendar& calendar, int64_t watermark,
                   BarWriter& writer) {
  Resampled out;
  Intervals intervals(calendar, spec.timeframe, AuctionOf(rows, spec, calendar));
  PartialBar bar;
  int64_t end = 0;
  const auto fill_before = [&](int64_t limit) {
    if (!spec.fill_forward || writer.empty()) return;
    for (auto next = intervals.Next(writer.last_time()); next && *next < limit; next = intervals.Next(*next)) {
      writer.Fill(*next);
    }
  };
  const auto finish = [&] {
    if (bar.rows > 0 && end <= watermark) {
      fill_before(end);
      writer.Write(end, bar);
    } else {
      out.pending_rows += bar.rows;
    }
    bar = {};
  };
  const size_t count = RowsThatCount(rows, spec);
  for (size_t row = 0; row < count; ++row) {
    if (rows.filled(row)) continue;
    const Intervals::Place place = intervals.PlaceOf(rows.position(row));
    if (place.session == nullptr) {
      ++out.outside_rows;
      continue;
    }
    if (bar.rows == 0 || place.time_ns >= end) {
      finish();
      end = intervals.End(*place.session, place.time_ns);
    }
    bar.Add(rows, row);
  }
  finish();
  fill_before(watermark == INT64_MAX ? watermark : watermark + 1);
  return out;
}

double Progress(const SourceRows& rows, BarRule rule, size_t row) {
  switch (rule) {
    case BarRule::kTicks:
      return rows.trades ? 1 : rows.trade_count[row];
    case BarRule::kVolume:
      return rows.volume[row];
    case BarRule::kDollar:
      return rows.value(row);
    case BarRule::kRange:
    case BarRule::kTime:
      break;
  }
  return 0;
}

Resampled TradingBars(const SourceRows& rows, const ResampleSpec& spec, const Calendar& calendar, int64_t watermark,
                      BarWriter& writer) {
  Resampled out;
  Intervals sessions(calendar, Timeframe::kDay, AuctionOf(rows, spec, calendar));
  PartialBar bar;
  double progress = 0;
  const size_t count = RowsThatCount(rows, spec);
  for (size_t row = 0; row < count; ++row) {
    if (rows.filled(row)) continue;
    if (sessions.PlaceOf(rows.position(row)).session == nullptr) {
      ++out.outside_rows;
    } else {
      bar.Add(rows, row);
      progress += Progress(rows, spec.rule, row);
    }
    const bool instant_ends = row + 1 == rows.size() || rows.times[row + 1] != rows.times[row];
    if (!instant_ends || bar.rows == 0 || rows.times[row] > watermark) continue;
    if ((spec.rule == BarRule::kRange ? bar.high - bar.low : progress) < spec.size) continue;
    writer.Write(rows.times[row], bar);
    bar = {};
    progress = spec.rule == BarRule::kTicks ? 0 : std::fmod(progress, spec.size);
  }
  out.pending_rows = bar.rows;
  return out;
}

void CheckSpec(const Series& series, const SourceRows& rows, const ResampleSpec& spec, base::Violations& violations) {
  if (spec.rule == BarRule::kTime) {
    const Timeframe source = rows.trades ? Timeframe::kTick : series.key.timeframe;
    if (spec.timeframe == Timeframe::kTick) violations.Add("timeframe", "must be 1min or longer for bars of time");
    if (spec.timeframe < source || (source == Timeframe::kWeek && spec.timeframe == Timeframe::kMonth)) {
      violations.Add("timeframe",
                     fmt::format("{} bars can not be made of {} bars", ToText(spec.timeframe), ToText(source)));
    }
    return;
  }
  if (!(spec.size > 0) || !std::isfinite(spec.size)) {
    violations.Add("size", fmt::format("must be above 0 for {} bars, was {}", ToText(spec.rule), spec.size));
  }
  if (spec.fill_forward) violations.Add("fill_forward", "only bars of time have intervals without a trade");
  if (spec.rule == BarRule::kTicks && !rows.trades) rows.trade_count.Require("trade_count", violations);
}

}  // namespace

absl::Status CheckCalendarRange(std::span<const int64_t> times, bool trades, const Calendar& calendar) {
  if (times.empty()) return absl::OkStatus();
  const int64_t ends_late = trades ? 0 : 1;  // a bar belongs where it ends
  const int64_t begin = calendar.DayStart(calendar.first_day()) + ends_late;
  const int64_t end = calendar.DayStart(calendar.last_day() + 1) + ends_late;
  if (times.front() >= begin && times.back() < end) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kOutOfRange, "CALENDAR_RANGE",
                         fmt::format("calendar {} covers {} to {}, the rows are from {} to {}", calendar.name(),
                                     std::string(absl::FormatCivilTime(calendar.first_day())),
                                     std::string(absl::FormatCivilTime(calendar.last_day())),
                                     std::string(absl::FormatTime(FromNanos(times.front()), absl::UTCTimeZone())),
                                     std::string(absl::FormatTime(FromNanos(times.back()), absl::UTCTimeZone()))));
}

std::string_view ToText(BarRule rule) {
  for (const auto& [value, name] : kRules) {
    if (value == rule) return name;
  }
  return "unspecified";
}

absl::StatusOr<Resampled> Resample(const Series& series, const ResampleSpec& spec, const Calendar& calendar) {
  BF_ASSIGN_OR_RETURN(const SourceRows rows, SourceRows::Of(series));
  base::Violations violations;
  CheckSpec(series, rows, spec, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid resampling", "INVALID_RESAMPLE"));
  BF_RETURN_IF_ERROR(CheckCalendarRange(rows.times, rows.trades, calendar));
  const int64_t watermark = spec.watermark_ns.value_or(series.empty() ? INT64_MIN : series.times.back());
  const bool by_time = spec.rule == BarRule::kTime;
  BarWriter writer(rows, spec.fill_forward);
  Resampled out = by_time ? TimeBars(rows, spec, calendar, watermark, writer)
                          : TradingBars(rows, spec, calendar, watermark, writer);
  SeriesKey key = series.key;
  if (rows.trades) key.resource = std::string(kStockPrice);
  key.timeframe = by_time ? spec.timeframe : Timeframe::kTick;
  if (!by_time) {
    key.variant += fmt::format("{}{}_{}", key.variant.empty() ? "" : "_", ToText(spec.rule), spec.size);
  }
  const bool declared = series.basis != PriceBasis::kNotPrices;
  out.bars = std::move(writer).Finish(std::move(key), rows.trades && !declared ? PriceBasis::kRaw : series.basis);
  return out;
}

}  // namespace breadthflow::quant
