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
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/data/app/reader.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

// All rows of it.
PlannedSeries Whole(const columnar::SeriesHead& head) {
  return {head.key, head.basis, head.version, {}, head.rows, head.dropped_before_ns};
}

constexpr std::string_view kDerivedIsNotJoined =
    ", and what is derived of prices and shares is not joined: read market_cap by itself and join it by time, or join "
    "shares_outstanding to raw closes";

std::string InstantText(absl::Time time) { return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()); }

// Series of joins that can not be had.
class Absent {
 public:
  void Unknown(std::string field, std::string text) {
    Add(unknown_, "UNKNOWN_SERIES", std::move(field), std::move(text));
  }
  void Several(std::string field, std::string text) {
    Add(several_, "SEVERAL_SOURCES", std::move(field), std::move(text));
  }
  void Lost(std::string field, std::string text) { Add(lost_, "RANGE_DROPPED", std::move(field), std::move(text)); }
  absl::Status ToStatus() const {
    if (!unknown_.violations.empty()) return Fail(absl::StatusCode::kNotFound, unknown_);
    for (const base::ErrorDetails* details : {&several_, &lost_}) {
      if (!details->violations.empty()) return Fail(absl::StatusCode::kFailedPrecondition, *details);
    }
    return absl::OkStatus();
  }

 private:
  static void Add(base::ErrorDetails& to, std::string_view reason, std::string field, std::string text) {
    to.reason = reason;
    to.violations.push_back({std::move(field), std::move(text)});
  }
  static absl::Status Fail(absl::StatusCode code, const base::ErrorDetails& details) {
    std::string text = details.violations.front().description;
    if (details.violations.size() > 1) text += fmt::format(" (and {} more)", details.violations.size() - 1);
    return base::MakeError(code, text, details);
  }
  base::ErrorDetails unknown_, several_, lost_;
};

using Heads = std::vector<const columnar::SeriesHead*>;

std::string SourcesOf(const Heads& heads) {
  std::set<std::string_view> sources;
  for (const columnar::SeriesHead* head : heads) sources.insert(head->key.variant);
  return fmt::format("{}", fmt::join(sources, ", "));
}

// The order in which stored events count for prices of `source`: its own, then those that were stored first.
void Order(Heads& heads, std::string_view source) {
  std::sort(heads.begin(), heads.end(), [&](const columnar::SeriesHead* a, const columnar::SeriesHead* b) {
    const bool a_own = a->key.variant == source, b_own = b->key.variant == source;
    return a_own != b_own ? a_own : a->id < b->id;
  });
}

// The part of `asked` (nullopt: of all time) of which a state had every event: what it had dropped itself is as if
// nobody had asked, and was when the state was the newest one.
std::optional<std::vector<quant::TimeRange>> HadThen(std::optional<std::vector<quant::TimeRange>> asked,
                                                     const columnar::SeriesHead& head) {
  const int64_t first = head.dropped_before_ns;
  if (first == INT64_MIN) return asked;
  std::vector<quant::TimeRange> there;
  for (const quant::TimeRange& one : asked.value_or(std::vector<quant::TimeRange>(1))) {
    if (one.end_ns > first) there.push_back({std::max(one.start_ns, first), one.end_ns});
  }
  return there;
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
  const auto asked = [&](const std::string& from) -> std::optional<std::vector<quant::TimeRange>> {
    for (const Answers& one : answers) {
      if (one.source == from) return one.ranges;
    }
    return std::nullopt;
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

// Since when what `join` names is stored, by symbol, where a read as of an earlier instant does not find it. Empty
// where nothing is missing.
absl::StatusOr<std::map<std::string, absl::Time>> FirstOfJoined(SeriesStore& store, const JoinSpec& join,
                                                                const std::map<std::string, Heads>& found,
                                                                const columnar::SeriesFilter& filter,
                                                                absl::Time as_of) {
  std::vector<std::string> missing;
  for (const std::string& symbol : filter.symbols) {
    if (!found.contains(symbol)) missing.push_back(symbol);
  }
  if (missing.empty() || as_of == absl::InfiniteFuture()) return std::map<std::string, absl::Time>();
  return store.FirstKnown(join.resource, missing, *filter.timeframe, join.source, filter.deadline);
}

// Why a join has no rows of `symbol`.
std::string WhyNotStored(const JoinSpec& join, const std::string& symbol, absl::Time as_of,
                         const std::map<std::string, absl::Time>& first_known) {
  const auto known = first_known.find(symbol);
  if (known == first_known.end()) {
    return fmt::format("{} of {} is not stored{}", join.resource, symbol,
                       join.resource == kMarketCap ? kDerivedIsNotJoined : "");
  }
  return fmt::format("nothing of {} of {} was known at {}; the first of it came at {}", join.resource, symbol,
                     InstantText(as_of), InstantText(known->second));
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
      return counted || by_shape(shape, plan.series[place].basis, plan.IsAnchored(place));
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

absl::Status Reader::PlanJoins(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  const ReadShape& shape = plan.shape;
  Absent absent;
  base::Violations wrong;
  for (size_t j = 0; j < shape.joins.size(); ++j) {
    const JoinSpec& join = shape.joins[j];
    const std::string path = fmt::format("joins[{}]", j);
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(join.resource, deadline));
    columnar::SeriesFilter filter{.resource = join.resource, .symbols = {}, .timeframe = DefaultTimeframe(*resource)};
    filter.deadline = deadline;
    if (!join.symbol.empty()) {
      filter.symbols = {join.symbol};
    } else if (!resource->market_wide) {
      for (const PlannedSeries& one : plan.series) filter.symbols.push_back(one.key.symbol);
    }
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, as_of));
    std::map<std::string, Heads> by_symbol;
    std::set<std::string_view> sources;
    for (const columnar::SeriesHead& head : heads) {
      by_symbol[head.key.symbol].push_back(&head);
      sources.insert(head.key.variant);
    }
    if (!join.source.empty() && !sources.empty() && !sources.contains(join.source)) {
      wrong.Add(path + ".source", fmt::format("{} is stored from {}, not from '{}'", join.resource,
                                              fmt::join(sources, ", "), join.source));
      continue;
    }
    std::string all = join.symbol;  // the symbol that is joined to every row
    if (all.empty() && resource->market_wide && by_symbol.size() == 1) all = by_symbol.begin()->first;
    if (all.empty() && resource->market_wide && by_symbol.size() > 1) {
      std::vector<std::string_view> names;
      names.reserve(by_symbol.size());
      for (const auto& [symbol, of] : by_symbol) names.push_back(symbol);
      wrong.Add(path + ".symbol", fmt::format("{} is not of one company: name one of {}, as {}[{}]", join.resource,
                                              fmt::join(names, ", "), join.resource, names.front()));
      continue;
    }
    BF_ASSIGN_OR_RETURN(const auto first_known, FirstOfJoined(series_, join, by_symbol, filter, as_of));
    for (size_t i = 0; i < plan.series.size(); ++i) {
      const quant::SeriesKey& rows = plan.series[i].key;
      const std::string& symbol = all.empty() ? rows.symbol : all;
      const std::string field = join.symbol.empty() ? fmt::format("{}.symbols[{}]", path, i) : path + ".symbol";
      const Heads& stored = by_symbol[symbol];
      Heads candidates;
      for (const columnar::SeriesHead* head : stored) {
        if (join.source.empty() ? MayCount(head->key.variant, rows.variant) : head->key.variant == join.source) {
          candidates.push_back(head);
        }
      }
      Order(candidates, rows.variant);
      if (candidates.empty()) {
        absent.Unknown(field,
                       stored.empty()
                           ? WhyNotStored(join, symbol, as_of, first_known)
                           : fmt::format("{} of {} is stored only from {}, which does not go with rows of {}, for "
                                         "one of them is made up: name it as the source of the join to have it",
                                         join.resource, symbol, SourcesOf(stored), rows.variant));
        continue;
      }
      const columnar::SeriesHead& head = *candidates.front();
      if (candidates.size() > 1 && head.key.variant != rows.variant) {
        absent.Several(field, fmt::format("{} of {} is stored from {}: name the source", join.resource, symbol,
                                          SourcesOf(candidates)));
        continue;
      }
      const quant::TimeRange& range = plan.series[i].range;
      std::string why = WhyLost(head, JoinedRange(join, range.start_ns, range.end_ns).start_ns);
      if (!why.empty()) {
        absent.Lost(field, std::move(why));
        continue;
      }
      plan.companions[i].joins.push_back(Whole(head));
      plan.as_of = std::max(plan.as_of, head.known_at);
    }
  }
  BF_RETURN_IF_ERROR(wrong.ToStatus("invalid read"));
  return absent.ToStatus();
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
    if (!decides) continue;
    BF_ASSIGN_OR_RETURN(plan.companions[i].calendar, series_.CalendarOf(known->second.market));
    plan.as_of = std::max(plan.as_of, known->second.known_at);
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
