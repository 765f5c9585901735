// Reader: which series in which versions a read takes.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/quant/bar.h"
#include "services/data/app/reader.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

quant::TimeRange Common(quant::TimeRange a, quant::TimeRange b) {
  return {std::max(a.start_ns, b.start_ns), std::min(a.end_ns, b.end_ns)};
}

PlannedSeries PlannedFrom(const columnar::SeriesHead& head, quant::TimeRange range) {
  return {head.key, head.basis, head.version, range, head.rows};
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

 private:
  std::vector<columnar::SeriesHead> heads_;
  std::map<std::string_view, std::vector<const columnar::SeriesHead*>> by_symbol_;
};

std::string FingerprintOf(const ReadPlan& plan) {
  base::Sha256 hash;
  const auto add = [&](const PlannedSeries& one) {
    hash.Text(one.key.resource).Text(one.key.symbol).Int(static_cast<int64_t>(one.key.timeframe));
    hash.Text(one.key.variant).Int(one.version);
  };
  for (const PlannedSeries& one : plan.series) add(one);
  for (const Companions& beside : plan.companions) {
    hash.Int(beside.splits ? 1 : 0).Int(beside.dividends ? 1 : 0);
    if (beside.splits) add(*beside.splits);
    if (beside.dividends) add(*beside.dividends);
    for (const PlannedSeries& joined : beside.joins) add(joined);
  }
  return hash.FinishHex().substr(0, 16);
}

bool TakesSplits(const ReadShape& shape, quant::PriceBasis basis) {
  return Adjusts(shape, basis) || (shape.resampling && basis == quant::PriceBasis::kRaw);
}

bool TakesDividends(const ReadShape& shape, quant::PriceBasis basis) {
  return Adjusts(shape, basis) && BasisOf(*shape.adjustment) == quant::PriceBasis::kSplitAndDividendAdjusted;
}

}  // namespace

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
  for (const columnar::SeriesHead& head : *heads) {
    plan.series.push_back(PlannedFrom(head, query.range));
    plan.as_of = std::max(plan.as_of, head.known_at);
  }
  return absl::OkStatus();
}

absl::Status Reader::PlanCompanions(absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  const ReadShape& shape = plan.shape;
  plan.companions.assign(plan.series.size(), {});
  std::vector<std::string> symbols, split_symbols, dividend_symbols;
  for (const PlannedSeries& one : plan.series) {
    symbols.push_back(one.key.symbol);
    if (TakesSplits(shape, one.basis)) split_symbols.push_back(one.key.symbol);
    if (TakesDividends(shape, one.basis)) dividend_symbols.push_back(one.key.symbol);
  }
  const auto beside = [&](const columnar::SeriesHead& head) {
    plan.as_of = std::max(plan.as_of, head.known_at);
    return PlannedFrom(head, {});
  };
  const auto actions = [&](std::string resource, std::vector<std::string> of) -> absl::StatusOr<ByOwnSource> {
    if (of.empty()) return ByOwnSource({});
    columnar::SeriesFilter filter{.resource = std::move(resource), .symbols = std::move(of), .timeframe = {}};
    filter.timeframe = quant::Timeframe::kTick;
    filter.deadline = deadline;
    BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, as_of));
    return ByOwnSource(std::move(heads));
  };
  BF_ASSIGN_OR_RETURN(const ByOwnSource splits, actions("split", std::move(split_symbols)));
  BF_ASSIGN_OR_RETURN(const ByOwnSource dividends, actions("dividend", std::move(dividend_symbols)));
  for (size_t i = 0; i < plan.series.size(); ++i) {
    if (const auto* head = splits.For(plan.series[i].key)) plan.companions[i].splits = beside(*head);
    if (const auto* head = dividends.For(plan.series[i].key)) plan.companions[i].dividends = beside(*head);
  }
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
    for (size_t i = 0; i < heads->size(); ++i) plan.companions[i].joins.push_back(beside((*heads)[i]));
  }
  BF_RETURN_IF_ERROR(unknown.ToStatus("invalid read"));
  return absent.ToStatus();
}

absl::StatusOr<ReadPlan> Reader::Plan(const ReadQuery& query, base::Violations violations, absl::Time deadline,
                                      absl::Time pinned) {
  CheckSymbols(query.symbols, violations);
  absl::StatusOr<Snapshot> snapshot = Snapshot();
  const bool frozen = !query.snapshot_id.empty();
  std::string resource_id = query.resource;
  std::optional<quant::Timeframe> timeframe = query.timeframe;
  if (frozen) {
    if (query.as_of != absl::InfiniteFuture()) violations.Add("as_of_time", "a snapshot has its own");
    if (!query.source.empty()) violations.Add("source", "a snapshot has its own");
    snapshot = snapshots_.Get(query.snapshot_id, deadline);
    if (!snapshot.ok()) return violations.empty() ? snapshot.status() : violations.ToStatus("invalid read");
    CheckAgainst(*snapshot, query, violations);
    if (!snapshot->series.empty()) {
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

  const auto plan_as_of = [&](absl::Time as_of) -> absl::StatusOr<ReadPlan> {
    ReadPlan plan{
        .series = {}, .companions = {}, .shape = query.shape, .as_of = absl::InfinitePast(), .fingerprint = {}};
    plan.trades = HasTrades(**resource);
    if (frozen) {
      BF_RETURN_IF_ERROR(PlanSnapshot(query, *snapshot, plan));
    } else {
      BF_RETURN_IF_ERROR(PlanStored(query, **resource, as_of, deadline, plan));
    }
    const bool plain = std::all_of(plan.series.begin(), plan.series.end(),
                                   [&](const PlannedSeries& one) { return data::IsPlain(plan.shape, one.basis); });
    if (!plain) BF_RETURN_IF_ERROR(PlanCompanions(as_of, deadline, plan));
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
