// Reader: what else a read takes beside its series.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "common/base/status.h"
#include "services/data/app/reader.h"
#include "services/data/app/reader_heads.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

// The part of time of which a state had every event; nullopt: all, since nobody was asked for them and none is lost.
// What it had dropped itself is as if nobody had asked, and was when the state was the newest one.
std::optional<std::vector<quant::TimeRange>> HadThen(const Answers* asked, const columnar::SeriesHead& head) {
  if (asked != nullptr) return StillThere(*asked, [&](absl::Time since) { return head.DroppedSince(since); });
  if (head.dropped_before_ns == INT64_MIN) return std::nullopt;
  return std::vector<quant::TimeRange>{{head.dropped_before_ns, INT64_MAX}};
}

// Who has events for prices of `source`, in the order of the rule. What was dropped after `kept_since` is there.
Companions::Actions OffersFor(const std::string& source, const std::string& named, Heads stored,
                              const std::vector<Answers>& answers, absl::Time kept_since) {
  Companions::Actions out;
  const auto counts = [&](const std::string& from) {
    if (MayCount(from, source) && (named.empty() || from == named)) return true;
    out.not_taken.push_back(from);
    return false;
  };
  const auto asked = [&](const std::string& from) -> const Answers* {
    for (const Answers& one : answers) {
      if (one.source == from) return &one;
    }
    return nullptr;
  };
  Order(stored, source);
  std::set<std::string_view> seen;
  for (const columnar::SeriesHead* head : stored) {
    const std::string& from = head->key.variant;
    seen.insert(from);
    if (!counts(from)) continue;
    ActionOffer offer{.source = from, .stored = true, .asked = HadThen(asked(from), *head)};
    if (head->lost_since < kept_since) {
      offer.lost_before_ns = head->lost_before_ns;
      offer.why_lost = WhyLost(*head, INT64_MIN);
    }
    out.offers.push_back(std::move(offer));
    out.stored.emplace_back(Whole(*head));
  }
  for (const bool own : {true, false}) {
    for (const Answers& one : answers) {
      if ((one.source == source) != own || seen.contains(one.source)) continue;
      if (!counts(one.source)) continue;
      out.offers.push_back({.source = one.source, .stored = false, .asked = one.ranges});
      out.stored.emplace_back();
    }
  }
  return out;
}

bool MixesDaysOfRaw(const ReadShape& shape, quant::PriceBasis basis) {
  return shape.resampling && basis == quant::PriceBasis::kRaw;
}

bool TakesSplits(const ReadShape& shape, quant::PriceBasis basis, bool anchored) {
  return Adjusts(shape, basis, anchored) || MixesDaysOfRaw(shape, basis);
}

bool TakesDividends(const ReadShape& shape, quant::PriceBasis basis, bool anchored) {
  return Adjusts(shape, basis, anchored) && BasisOf(*shape.adjustment) == quant::PriceBasis::kSplitAndDividendAdjusted;
}

}  // namespace

absl::Status Reader::PlanActions(absl::Time as_of, absl::Time kept_since, absl::Time deadline, ReadPlan& plan) {
  const ReadShape& shape = plan.shape;
  const auto add = [&](const std::string& resource, bool (*by_shape)(const ReadShape&, quant::PriceBasis, bool),
                       Companions::Actions Companions::*to) -> absl::Status {
    const auto takes = [&](size_t place) {
      const bool counted = plan.companions[place].shares && to == &Companions::splits;
      return counted || by_shape(plan.ShapeOf(place), plan.series[place].basis, plan.IsAnchored(place));
    };
    columnar::SeriesFilter filter{.resource = resource, .symbols = {}, .timeframe = quant::Timeframe::kTick};
    filter.deadline = deadline;
    for (size_t i = 0; i < plan.series.size(); ++i) {
      if (takes(i)) filter.symbols.push_back(plan.series[i].key.symbol);
    }
    if (filter.symbols.empty()) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, as_of));
    BF_ASSIGN_OR_RETURN(auto answers,
                        coverage_.FindAnswers(resource, filter.symbols, *filter.timeframe, as_of, deadline));
    std::map<std::string_view, Heads> by_symbol;
    for (const columnar::SeriesHead& head : heads) by_symbol[head.key.symbol].push_back(&head);
    for (size_t i = 0; i < plan.series.size(); ++i) {
      const PlannedSeries& one = plan.series[i];
      if (!takes(i)) continue;
      for (const columnar::SeriesHead* head : by_symbol[one.key.symbol])
        plan.as_of = std::max(plan.as_of, head->known_at);
      for (const Answers& answer : answers[one.key.symbol]) plan.as_of = std::max(plan.as_of, answer.known_at);
      plan.companions[i].*to = OffersFor(one.key.variant, shape.actions_from, by_symbol[one.key.symbol],
                                         answers[one.key.symbol], kept_since);
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(add("split", TakesSplits, &Companions::splits));
  return add("dividend", TakesDividends, &Companions::dividends);
}

absl::StatusOr<int64_t> Reader::DroppedBefore(const columnar::SeriesHead& head, absl::Time as_of, absl::Time deadline) {
  if (head.drops.empty() || !RemembersAnswers(head.key.resource)) return head.dropped_before_ns;
  BF_ASSIGN_OR_RETURN(const auto answers,
                      coverage_.FindAnswers(head.key.resource, {head.key.symbol}, head.key.timeframe, as_of, deadline));
  const auto found = answers.find(head.key.symbol);
  if (found == answers.end()) return head.dropped_before_ns;
  for (const Answers& one : found->second) {
    // Else what was dropped was imported.
    if (one.source != head.key.variant || one.ranges.front().start_ns >= head.DroppedSince(absl::InfinitePast()))
      continue;
    return EndOfDropped(one, [&](absl::Time since) { return head.DroppedSince(since); }).value_or(INT64_MIN);
  }
  return head.dropped_before_ns;
}

absl::Status Reader::PlanAnchors(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  std::vector<quant::SeriesKey> keys;
  for (const PlannedSeries& one : plan.series) {
    if (one.basis == quant::PriceBasis::kSplitAdjusted) keys.push_back(one.key);
  }
  BF_ASSIGN_OR_RETURN(const auto statements, series_.anchors().Find(keys, as_of, deadline));
  if (statements.empty()) return absl::OkStatus();
  plan.anchors.resize(plan.series.size());
  for (size_t i = 0; i < plan.series.size(); ++i) {
    const auto found = statements.find(plan.series[i].key);
    if (found == statements.end()) continue;
    plan.anchors[i] = found->second.anchors;
    plan.as_of = std::max(plan.as_of, found->second.known_at);
  }
  return absl::OkStatus();
}

absl::Status Reader::PlanCalendars(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  std::vector<quant::SeriesKey> keys;
  for (const PlannedSeries& one : plan.series) keys.push_back(one.key);
  BF_ASSIGN_OR_RETURN(const NamedMarkets named, series_.Markets(keys, as_of, deadline));
  plan.markets.assign(keys.size(), "");
  const bool decides = plan.shape.resampling && plan.shape.resampling->own_calendar;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto known = named.find(keys[i]);
    if (known == named.end()) continue;
    plan.markets[i] = ToText(known->second.market);
    // Also where it is only shown: it may have been named after the last rows, and the plan is looked up once more.
    plan.as_of = std::max(plan.as_of, known->second.known_at);
    if (!decides) continue;
    BF_ASSIGN_OR_RETURN(plan.companions[i].calendar, series_.CalendarOf(known->second.market));
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
