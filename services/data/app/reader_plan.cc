// Reader: which series in which versions a read takes.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/quant/bar.h"
#include "services/data/app/reader.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

quant::TimeRange Common(quant::TimeRange a, quant::TimeRange b) {
  return {std::max(a.start_ns, b.start_ns), std::min(a.end_ns, b.end_ns)};
}

PlannedSeries PlannedFrom(const columnar::SeriesHead& head, quant::TimeRange range) {
  return {head.key, head.basis, head.version, range, head.rows, head.dropped_before_ns};
}

// From which row on the rows of a series decide about those of a read from `start_ns` on. The calendar by which bars
// are made may not be known yet: its week may begin earlier.
int64_t FirstNeeded(const ReadShape& shape, RowKind kind, quant::PriceBasis basis, int64_t start_ns) {
  constexpr int64_t kWeekNs = int64_t{7} * 24 * 3600 * 1'000'000'000;
  if (Adjusts(shape, basis) && IsAnchoredOnFirstRow(*shape.adjustment)) return INT64_MIN;
  if (!shape.resampling) return start_ns;
  if (shape.resampling->bars.fill_forward) return INT64_MIN;
  const int64_t first = FirstRowNeeded(*shape.resampling, kind == RowKind::kTrades, start_ns);
  return first < INT64_MIN + kWeekNs ? INT64_MIN : first - kWeekNs;
}

// What a snapshot says otherwise.
void CheckAgainst(const Snapshot& snapshot, const ReadQuery& query, base::Violations& violations) {
  if (snapshot.series.empty()) return;
  const quant::SeriesKey& key = snapshot.series.front().key;
  if (!query.resource.empty() && query.resource != key.resource) {
    violations.Add("resource",
                   fmt::format("the snapshot is of {}, not of {}: leave it out", key.resource, query.resource));
  }
  if (query.timeframe && *query.timeframe != key.timeframe) {
    violations.Add("timeframe", fmt::format("the snapshot is of {} rows, not of {}: leave it out",
                                            quant::ToText(key.timeframe), quant::ToText(*query.timeframe)));
  }
}

// Market capitalisation is derived of the prices that a snapshot froze.
bool IsOfItsPrices(const ReadQuery& query, const Snapshot& snapshot) {
  return query.resource == kMarketCap && !snapshot.series.empty() &&
         snapshot.series.front().key.resource == quant::kStockPrice;
}

// What a snapshot of prices says otherwise.
void CheckDerived(const Snapshot& snapshot, const ReadQuery& query, base::Violations& violations) {
  const quant::SeriesKey& key = snapshot.series.front().key;
  if (key.timeframe != quant::Timeframe::kDay) {
    violations.Add("snapshot", fmt::format("market_cap is derived of daily prices, the snapshot is of {} rows",
                                           quant::ToText(key.timeframe)));
  }
  if (query.timeframe && *query.timeframe != quant::Timeframe::kTick) {
    violations.Add("timeframe", "market_cap has one row a session: leave it out");
  }
  if (!query.source.empty() && (!IsDerived(query.source) || !ParseDerived(query.source).prices.empty())) {
    violations.Add("source", "a snapshot has its own prices: name at most the shares, as derived:+SOURCE");
  }
}

std::string FingerprintOf(const ReadPlan& plan) {
  base::Sha256 hash;
  const auto add = [&](const PlannedSeries& one) {
    hash.Text(one.key.resource).Text(one.key.symbol).Int(static_cast<int64_t>(one.key.timeframe));
    hash.Text(one.key.variant).Int(one.version);
  };
  for (const PlannedSeries& one : plan.series) add(one);
  for (const PriceAnchors& anchors : plan.anchors) {
    for (const AnchoredRows& one : anchors) hash.Int(one.first_ns).Text(std::string(absl::FormatCivilTime(one.as_of)));
    hash.Int(static_cast<int64_t>(anchors.size()));
  }
  for (size_t place = 0; place < plan.companions.size(); ++place) {
    const Companions& beside = plan.companions[place];
    for (const Companions::Actions* actions : {&beside.splits, &beside.dividends}) {
      hash.Int(static_cast<int64_t>(actions->offers.size()));
      for (size_t i = 0; i < actions->offers.size(); ++i) {
        const ActionOffer& offer = actions->offers[i];
        hash.Text(offer.source).Int(offer.asked ? static_cast<int64_t>(offer.asked->size()) : -1);
        if (actions->stored[i]) add(*actions->stored[i]);
        if (!offer.asked) continue;
        for (const quant::TimeRange& range : *offer.asked) hash.Int(range.start_ns).Int(range.end_ns);
      }
    }
    for (const PlannedSeries& joined : beside.joins) add(joined);
    if (beside.shares) add(*beside.shares);
    if (beside.calendar != nullptr) hash.Text(plan.markets[place]);
  }
  return hash.FinishHex().substr(0, 16);
}

}  // namespace

ReadShape ReadPlan::ShapeOf(size_t place) const {
  const bool derived = !companions.empty() && companions[place].shares;
  if (derived || !shape.resampling || !MixesDays(shape.resampling->bars)) return shape;
  if (!IsAnchored(place) || anchors[place].size() < 2 || Adjusts(shape, series[place].basis, true)) return shape;
  ReadShape one_scale = shape;
  one_scale.adjustment = Adjustment::kSplit;
  return one_scale;
}

ReadOrigin ReadPlan::OriginOf(size_t place) const {
  ReadOrigin origin{.source = series[place].key.variant, .calendar = markets[place]};
  // Bars made on a calendar that the read names stand on that one.
  if (shape.resampling && !shape.resampling->own_calendar) origin.calendar = shape.resampling->calendar->name();
  origin.made_up = IsMadeUp(origin.source);
  const auto tell_dropped = [&](const PlannedSeries& one) {
    if (one.dropped_before_ns <= one.range.start_ns) return;
    const auto resource = FindResource(one.key.resource);
    const bool some_stay = resource.ok() && !(*resource)->takes_effect.empty();
    origin.notices.push_back(fmt::format("{} {} has no rows before {}{}: they were dropped", one.key.resource,
                                         one.key.symbol,
                                         quant::BoundText(quant::FromNanos(one.dropped_before_ns), one.key.timeframe),
                                         some_stay ? " but those that take effect later" : ""));
  };
  tell_dropped(series[place]);
  if (IsAnchored(place) && !Adjusts(shape, series[place].basis, true)) {
    const PriceAnchors& of = anchors[place];
    const bool one_scale = Adjusts(ShapeOf(place), series[place].basis, true);
    const bool derived = !companions.empty() && companions[place].shares;
    if (!one_scale && !derived) origin.adjusted_as_of = of;
    origin.notices.push_back(
        one_scale ? fmt::format("prices are stored adjusted for splits as of {}: for bars of several days they are "
                                "brought to the last row, as an adjustment for splits does",
                                ToText(of))
                  : fmt::format("prices come as they are stored, adjusted for splits as of {}{}", ToText(of),
                                of.size() > 1 ? ": an adjustment brings them to one day" : ""));
  }
  if (companions.empty()) return origin;
  if (const auto& shares = companions[place].shares; shares && IsMadeUp(shares->key.variant)) origin.made_up = true;
  for (const PlannedSeries& joined : companions[place].joins) {
    tell_dropped(joined);
    if (IsMadeUp(joined.key.variant)) origin.made_up = true;
    if (!MayCount(joined.key.variant, origin.source)) {
      origin.notices.push_back(fmt::format("{} {} of {} is joined to rows of {}: one of them is made up",
                                           joined.key.resource, joined.key.symbol, joined.key.variant, origin.source));
    }
  }
  return origin;
}

absl::Status Reader::PlanSnapshot(const ReadQuery& query, const Snapshot& snapshot, ReadPlan& plan) {
  const quant::TimeRange range = Common(query.range, snapshot.range);
  const auto planned = [&](const SnapshotSeries& one) {
    return PlannedSeries{one.key, one.basis, one.version, range, one.rows};
  };
  if (query.symbols.empty()) {
    for (const SnapshotSeries& one : snapshot.series) plan.series.push_back(planned(one));
    return absl::OkStatus();
  }
  std::map<std::string_view, const SnapshotSeries*> by_symbol;
  for (const SnapshotSeries& one : snapshot.series) by_symbol[one.key.symbol] = &one;
  base::ErrorDetails missing{.reason = "NOT_IN_SNAPSHOT"};
  for (size_t i = 0; i < query.symbols.size(); ++i) {
    const auto one = by_symbol.find(query.symbols[i]);
    if (one == by_symbol.end())
      missing.violations.push_back({fmt::format("symbols[{}]", i), fmt::format("{} is not there", query.symbols[i])});
    else
      plan.series.push_back(planned(*one->second));
  }
  if (missing.violations.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kNotFound,
                         fmt::format("snapshots/{} does not have {} of the symbols: {}", snapshot.id,
                                     missing.violations.size(), missing.violations.front().description),
                         missing);
}

absl::Status Reader::PlanStored(const ReadQuery& query, const Resource& resource, absl::Time as_of, absl::Time deadline,
                                ReadPlan& plan) {
  absl::StatusOr<std::vector<columnar::SeriesHead>> heads = series_.Resolve(
      resource.id, query.symbols, query.timeframe.value_or(DefaultTimeframe(resource)), query.source, as_of, deadline);
  if (!heads.ok()) return heads.status();
  BF_RETURN_IF_ERROR(RefuseLost(*heads, [&](const columnar::SeriesHead& head) {
    return FirstNeeded(plan.shape, plan.kind, head.basis, query.range.start_ns);
  }));
  for (const columnar::SeriesHead& head : *heads) {
    plan.series.push_back(PlannedFrom(head, query.range));
    BF_ASSIGN_OR_RETURN(plan.series.back().dropped_before_ns, DroppedBefore(head, as_of, deadline));
    plan.as_of = std::max(plan.as_of, head.known_at);
  }
  return absl::OkStatus();
}

absl::StatusOr<ReadPlan> Reader::Plan(const ReadQuery& query, base::Violations violations, absl::Time deadline,
                                      absl::Time pinned) {
  CheckSymbols(query.symbols, violations);
  CheckAsOf(query.as_of, "as_of_time", violations);
  absl::StatusOr<Snapshot> snapshot = Snapshot();
  const bool frozen = !query.snapshot_id.empty();
  std::string resource_id = query.resource;
  std::optional<quant::Timeframe> timeframe = query.timeframe;
  if (frozen) {
    if (query.as_of != absl::InfiniteFuture()) violations.Add("as_of_time", "a snapshot has its own");
    snapshot = snapshots_.Get(query.snapshot_id, deadline);
    if (!snapshot.ok()) return violations.empty() ? snapshot.status() : violations.ToStatus("invalid read");
    if (IsOfItsPrices(query, *snapshot)) {
      CheckDerived(*snapshot, query, violations);
    } else {
      if (!query.source.empty()) violations.Add("source", "a snapshot has its own");
      CheckAgainst(*snapshot, query, violations);
    }
    if (!snapshot->series.empty() && !IsOfItsPrices(query, *snapshot)) {
      resource_id = snapshot->series.front().key.resource;
      timeframe = snapshot->series.front().key.timeframe;
    }
  } else if (query.symbols.empty()) {
    violations.Add("symbols", "must name at least one symbol, or name a snapshot");
  }
  if (resource_id.empty()) resource_id = quant::kStockPrice;
  const absl::StatusOr<const Resource*> resource = resources_.Find(resource_id, deadline);
  if (!resource.ok()) {
    if (violations.empty()) return resource.status();
    violations.Add("resource", base::Message(resource.status()));
    return violations.ToStatus("invalid read");
  }
  CheckShape(query.shape, **resource, timeframe.value_or(DefaultTimeframe(**resource)), resources_.Lookup(deadline),
             violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid read"));

  ReadShape shape = query.shape;
  for (JoinSpec& join : shape.joins) {
    BF_ASSIGN_OR_RETURN(const Resource* joined, resources_.Find(join.resource, deadline));
    join = WithPeriod(std::move(join), *joined);
  }

  const auto plan_as_of = [&](absl::Time as_of) -> absl::StatusOr<ReadPlan> {
    ReadPlan plan{.series = {},
                  .companions = {},
                  .markets = {},
                  .shape = shape,
                  .as_of = absl::InfinitePast(),
                  .fingerprint = {}};
    plan.kind = HasTrades(**resource) ? RowKind::kTrades : HasLevels(**resource) ? RowKind::kLevels : RowKind::kBars;
    if (frozen) {
      BF_RETURN_IF_ERROR(PlanSnapshot(query, *snapshot, plan));
      if (IsOfItsPrices(query, *snapshot)) {
        BF_RETURN_IF_ERROR(PlanShares(query, std::vector<bool>(plan.series.size(), true), as_of, deadline, plan));
      }
    } else if (resource_id == kMarketCap && (query.source.empty() || IsDerived(query.source))) {
      BF_RETURN_IF_ERROR(PlanMarketCaps(query, as_of, deadline, plan));
    } else {
      BF_RETURN_IF_ERROR(PlanStored(query, **resource, as_of, deadline, plan));
    }
    BF_RETURN_IF_ERROR(PlanAnchors(as_of, deadline, plan));
    bool plain = true;
    for (size_t i = 0; i < plan.series.size(); ++i) plain = plain && plan.IsPlain(i);
    if (!plain) {
      plan.companions.resize(plan.series.size());
      const absl::Time kept_since = frozen ? snapshot->create_time : absl::InfiniteFuture();
      BF_RETURN_IF_ERROR(PlanActions(as_of, kept_since, deadline, plan));
      BF_RETURN_IF_ERROR(PlanJoins(as_of, deadline, plan));
    }
    BF_RETURN_IF_ERROR(PlanCalendars(as_of, deadline, plan));
    if (plan.as_of == absl::InfinitePast()) plan.as_of = snapshot->as_of;
    plan.fingerprint = FingerprintOf(plan);
    return plan;
  };
  const absl::Time wanted = std::min(frozen ? snapshot->as_of : query.as_of, pinned);
  BF_ASSIGN_OR_RETURN(ReadPlan plan, plan_as_of(wanted));
  // Series that belong together are looked up one after the other: once more, as of one instant.
  if (plan.companions.empty() || plan.as_of == wanted) return plan;
  return plan_as_of(plan.as_of);
}

}  // namespace breadthflow::data
