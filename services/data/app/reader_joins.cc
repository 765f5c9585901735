// Reader: which series the joins of a read take.
#include <map>
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
#include "services/data/app/reader_heads.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

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

std::string SourcesOf(const Heads& heads) {
  std::set<std::string_view> sources;
  for (const columnar::SeriesHead* head : heads) sources.insert(head->key.variant);
  return fmt::format("{}", fmt::join(sources, ", "));
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

}  // namespace

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
      BF_ASSIGN_OR_RETURN(plan.companions[i].joins.back().dropped_before_ns, DroppedBefore(head, as_of, deadline));
      plan.as_of = std::max(plan.as_of, head.known_at);
    }
  }
  BF_RETURN_IF_ERROR(wrong.ToStatus("invalid read"));
  return absent.ToStatus();
}

}  // namespace breadthflow::data
