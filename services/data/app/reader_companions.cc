// Reader: what else a read takes beside its series.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/data/app/reader.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

// All rows of it.
PlannedSeries Whole(const columnar::SeriesHead& head) { return {head.key, head.basis, head.version, {}, head.rows}; }

// Series that can not be had, of several resources.
class Absent {
 public:
  // False when `status` is another failure.
  bool Take(const std::string& path, const absl::Status& status) {
    const base::ErrorDetails details = base::DetailsOf(status);
    const bool unknown = details.reason == "UNKNOWN_SERIES";
    if ((!unknown && details.reason != "SEVERAL_SOURCES") || details.violations.empty()) return false;
    base::ErrorDetails& to = unknown ? unknown_ : several_;
    if (to.violations.empty()) (unknown ? unknown_text_ : several_text_) = base::Message(status);
    to.reason = details.reason;
    for (const base::FieldViolation& one : details.violations) {
      to.violations.push_back({path.empty() ? one.field : path + "." + one.field, one.description});
    }
    return true;
  }
  absl::Status ToStatus() const {
    if (!unknown_.violations.empty()) return base::MakeError(absl::StatusCode::kNotFound, unknown_text_, unknown_);
    if (several_.violations.empty()) return absl::OkStatus();
    return base::MakeError(absl::StatusCode::kFailedPrecondition, several_text_, several_);
  }

 private:
  base::ErrorDetails unknown_, several_;
  std::string unknown_text_, several_text_;
};

// Of each symbol the series of its own source, else of the only one there is.
class ByOwnSource {
 public:
  explicit ByOwnSource(std::vector<columnar::SeriesHead> heads) : heads_(std::move(heads)) {
    for (const columnar::SeriesHead& head : heads_) by_symbol_[head.key.symbol].push_back(&head);
  }
  const columnar::SeriesHead* For(const quant::SeriesKey& key) const {
    const auto found = by_symbol_.find(key.symbol);
    if (found == by_symbol_.end()) return nullptr;
    for (const columnar::SeriesHead* head : found->second) {
      if (head->key.variant == key.variant) return head;
    }
    return found->second.size() == 1 ? found->second.front() : nullptr;
  }
  bool Has(const std::string& symbol) const { return by_symbol_.contains(symbol); }

 private:
  std::vector<columnar::SeriesHead> heads_;
  std::map<std::string_view, std::vector<const columnar::SeriesHead*>> by_symbol_;
};

const ConfirmedEmpty* OwnOrOnly(const std::vector<ConfirmedEmpty>& all, const std::string& source) {
  for (const ConfirmedEmpty& one : all) {
    if (one.source == source) return &one;
  }
  return all.size() == 1 ? &all.front() : nullptr;
}

bool TakesSplits(const ReadShape& shape, quant::PriceBasis basis) {
  return Adjusts(shape, basis) || (shape.resampling && basis == quant::PriceBasis::kRaw);
}

bool TakesDividends(const ReadShape& shape, quant::PriceBasis basis) {
  return Adjusts(shape, basis) && BasisOf(*shape.adjustment) == quant::PriceBasis::kSplitAndDividendAdjusted;
}

}  // namespace

absl::Status Reader::PlanActions(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  const ReadShape& shape = plan.shape;
  using Stored = std::optional<PlannedSeries> Companions::*;
  using Empty = std::optional<ConfirmedEmpty> Companions::*;
  const auto add = [&](const std::string& resource, bool (*takes)(const ReadShape&, quant::PriceBasis), Stored stored,
                       Empty empty) -> absl::Status {
    columnar::SeriesFilter filter{.resource = resource, .symbols = {}, .timeframe = quant::Timeframe::kTick};
    filter.deadline = deadline;
    for (const PlannedSeries& one : plan.series) {
      if (takes(shape, one.basis)) filter.symbols.push_back(one.key.symbol);
    }
    if (filter.symbols.empty()) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, as_of));
    const ByOwnSource known(std::move(heads));
    filter.symbols.clear();
    for (size_t i = 0; i < plan.series.size(); ++i) {
      const quant::SeriesKey& key = plan.series[i].key;
      if (const columnar::SeriesHead* head = known.For(key)) {
        plan.companions[i].*stored = Whole(*head);
        plan.as_of = std::max(plan.as_of, head->known_at);
      } else if (!known.Has(key.symbol) && Adjusts(shape, plan.series[i].basis)) {
        filter.symbols.push_back(key.symbol);
      }
    }
    if (filter.symbols.empty()) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const auto confirmed,
                        coverage_.FindEmpty(resource, filter.symbols, *filter.timeframe, as_of, deadline));
    for (size_t i = 0; i < plan.series.size(); ++i) {
      const auto found = confirmed.find(plan.series[i].key.symbol);
      const ConfirmedEmpty* one =
          found == confirmed.end() ? nullptr : OwnOrOnly(found->second, plan.series[i].key.variant);
      if (one == nullptr) continue;
      plan.companions[i].*empty = *one;
      plan.as_of = std::max(plan.as_of, one->known_at);
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(add("split", TakesSplits, &Companions::splits, &Companions::no_splits));
  return add("dividend", TakesDividends, &Companions::dividends, &Companions::no_dividends);
}

absl::Status Reader::PlanJoins(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  const ReadShape& shape = plan.shape;
  std::vector<std::string> symbols;
  for (const PlannedSeries& one : plan.series) symbols.push_back(one.key.symbol);
  Absent absent;
  base::Violations unknown;
  for (size_t j = 0; j < shape.joins.size(); ++j) {
    const JoinSpec& join = shape.joins[j];
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(join.resource, deadline));
    absl::StatusOr<std::vector<columnar::SeriesHead>> heads =
        series_.Resolve(join.resource, symbols, DefaultTimeframe(*resource), join.source, as_of, deadline);
    if (!heads.ok()) {
      const std::string path = fmt::format("joins[{}]", j);
      if (!absent.Take(path, heads.status())) return heads.status();
      if (join.source.empty()) continue;
      columnar::SeriesFilter filter{.resource = join.resource, .symbols = symbols, .timeframe = {}};
      filter.deadline = deadline;
      BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> others, series_.chunks().List(filter, as_of));
      std::set<std::string_view> sources;
      for (const columnar::SeriesHead& head : others) sources.insert(head.key.variant);
      if (sources.empty() || sources.contains(join.source)) continue;
      unknown.Add(path + ".source", fmt::format("{} is stored from {}, not from '{}'", join.resource,
                                                fmt::join(sources, ", "), join.source));
      continue;
    }
    for (size_t i = 0; i < heads->size(); ++i) {
      const columnar::SeriesHead& head = (*heads)[i];
      plan.companions[i].joins.push_back(Whole(head));
      plan.as_of = std::max(plan.as_of, head.known_at);
    }
  }
  BF_RETURN_IF_ERROR(unknown.ToStatus("invalid read"));
  return absent.ToStatus();
}

}  // namespace breadthflow::data
