// Reader: market capitalisation that nobody stored, made of prices and numbers of shares.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/bar.h"
#include "services/data/app/reader.h"
#include "services/data/app/reader_actions.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/read_shape.h"

namespace breadthflow::data {
namespace {

using Heads = std::vector<const columnar::SeriesHead*>;

std::map<std::string_view, Heads> BySymbol(const std::vector<columnar::SeriesHead>& heads) {
  std::map<std::string_view, Heads> by_symbol;
  for (const columnar::SeriesHead& head : heads) by_symbol[head.key.symbol].push_back(&head);
  return by_symbol;
}

std::string SourcesOf(const Heads& heads) {
  std::set<std::string_view> sources;
  for (const columnar::SeriesHead* head : heads) sources.insert(head->key.variant);
  return fmt::format("{}", fmt::join(sources, ", "));
}

columnar::SeriesFilter DailyPrices(std::vector<std::string> symbols, absl::Time deadline) {
  return {.resource = std::string(quant::kStockPrice),
          .symbols = std::move(symbols),
          .timeframe = quant::Timeframe::kDay,
          .deadline = deadline};
}

columnar::SeriesFilter Shares(std::vector<std::string> symbols, absl::Time deadline) {
  return {.resource = std::string(kSharesOutstanding),
          .symbols = std::move(symbols),
          .timeframe = quant::Timeframe::kTick,
          .deadline = deadline};
}

// What stands in the way of all symbols of a read.
class Obstacles {
 public:
  void Unknown(std::string field, std::string text) {
    unknown_.violations.push_back({std::move(field), std::move(text)});
  }
  void Several(std::string field, std::string text) {
    several_.violations.push_back({std::move(field), std::move(text)});
  }
  // Where a state has lost rows from `start_ns` on: true.
  bool Lost(const std::string& field, const columnar::SeriesHead& head, int64_t start_ns) {
    std::string why = WhyLost(head, start_ns);
    if (why.empty()) return false;
    lost_.violations.push_back({field, fmt::format("{}: {}", head.key.resource, why)});
    return true;
  }
  absl::Status ToStatus() const {
    if (!unknown_.violations.empty()) return Fail(absl::StatusCode::kNotFound, unknown_);
    for (const base::ErrorDetails* details : {&several_, &lost_}) {
      if (!details->violations.empty()) return Fail(absl::StatusCode::kFailedPrecondition, *details);
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Fail(absl::StatusCode code, const base::ErrorDetails& details) {
    std::string text = details.violations.front().description;
    if (details.violations.size() > 1) text += fmt::format(" (and {} more)", details.violations.size() - 1);
    return base::MakeError(code, text, details);
  }
  base::ErrorDetails unknown_{.reason = "UNKNOWN_SERIES"};
  base::ErrorDetails several_{.reason = "SEVERAL_SOURCES"};
  base::ErrorDetails lost_{.reason = "RANGE_DROPPED"};
};

// Of `stored` those that `named` lets count, or the one of `own`.
Heads Candidates(const Heads& stored, const std::string& named, const std::string& own) {
  Heads out;
  for (const columnar::SeriesHead* head : stored) {
    const std::string& from = head->key.variant;
    if (named.empty() ? own.empty() || MayCount(from, own) : from == named) out.push_back(head);
  }
  if (named.empty()) {
    for (const columnar::SeriesHead* head : out) {
      if (head->key.variant == own) return {head};
    }
  }
  return out;
}

absl::Status NotDerived(const std::string& symbol, const absl::Status& why) {
  return base::MakeError(why.code(), fmt::format("market_cap of {} can not be derived: {}", symbol, base::Message(why)),
                         base::DetailsOf(why));
}

}  // namespace

absl::Status Reader::PlanMarketCaps(const ReadQuery& query, absl::Time as_of, absl::Time deadline, ReadPlan& plan) {
  if (query.timeframe && *query.timeframe != quant::Timeframe::kTick) {
    base::Violations violations;
    violations.Add("timeframe", fmt::format("market_cap has one row a session, not {} rows: leave it out, or make "
                                            "others of the rows (resampling)",
                                            quant::ToText(*query.timeframe)));
    return violations.ToStatus("invalid read");
  }
  std::vector<columnar::SeriesHead> vendors;
  if (query.source.empty()) {
    BF_ASSIGN_OR_RETURN(vendors, series_.chunks().List({.resource = std::string(kMarketCap),
                                                        .symbols = query.symbols,
                                                        .timeframe = quant::Timeframe::kTick,
                                                        .deadline = deadline},
                                                       as_of));
  }
  std::map<std::string_view, Heads> stored = BySymbol(vendors);
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> all_prices,
                      series_.chunks().List(DailyPrices(query.symbols, deadline), as_of));
  std::map<std::string_view, Heads> prices = BySymbol(all_prices);
  const std::string named = query.source.empty() ? "" : ParseDerived(query.source).prices;
  Obstacles obstacles;
  std::vector<bool> derived;
  for (size_t i = 0; i < query.symbols.size(); ++i) {
    const std::string& symbol = query.symbols[i];
    const std::string field = fmt::format("symbols[{}]", i);
    const bool has_vendor = !stored[symbol].empty();
    const Heads heads = has_vendor ? stored[symbol] : Candidates(prices[symbol], named, "");
    if (heads.empty()) {
      obstacles.Unknown(field,
                        fmt::format("market_cap of {} is not stored and can not be derived: no daily stock_price "
                                    "of it is stored{}",
                                    symbol, named.empty() ? "" : " from " + named));
      continue;
    }
    if (heads.size() > 1) {
      obstacles.Several(
          field, has_vendor
                     ? fmt::format("market_cap of {} is stored from {}: name the source", symbol, SourcesOf(heads))
                     : fmt::format("stock_price of {} is stored from {}: name the one whose "
                                   "prices count, as source {}",
                                   symbol, SourcesOf(heads), NameOf(DerivedSource{heads.front()->key.variant, ""})));
      continue;
    }
    const columnar::SeriesHead& head = *heads.front();
    // What is derived takes the splits of all rows from the first number of shares on, and the first bar that is made
    // begins before the range.
    const int64_t start = has_vendor && !plan.shape.resampling ? query.range.start_ns : INT64_MIN;
    if (obstacles.Lost(field, head, start)) continue;
    plan.series.push_back({head.key, head.basis, head.version, query.range, head.rows});
    plan.as_of = std::max(plan.as_of, head.known_at);
    derived.push_back(!has_vendor);
  }
  BF_RETURN_IF_ERROR(obstacles.ToStatus());
  return PlanShares(query, derived, as_of, deadline, plan);
}

absl::Status Reader::PlanShares(const ReadQuery& query, const std::vector<bool>& derived, absl::Time as_of,
                                absl::Time deadline, ReadPlan& plan) {
  std::vector<std::string> symbols;
  for (size_t i = 0; i < plan.series.size(); ++i) {
    if (derived[i]) symbols.push_back(plan.series[i].key.symbol);
  }
  if (symbols.empty()) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads,
                      series_.chunks().List(Shares(std::move(symbols), deadline), as_of));
  std::map<std::string_view, Heads> shares = BySymbol(heads);
  const DerivedSource named = ParseDerived(query.source);
  Obstacles obstacles;
  plan.companions.resize(plan.series.size());
  for (size_t i = 0; i < plan.series.size(); ++i) {
    if (!derived[i]) continue;
    const quant::SeriesKey& key = plan.series[i].key;
    const std::string field = fmt::format("symbols[{}]", i);
    const Heads& stored = shares[key.symbol];
    const Heads candidates = Candidates(stored, named.shares, key.variant);
    if (candidates.empty()) {
      obstacles.Unknown(
          field,
          fmt::format("market_cap of {} is not stored and can not be derived: shares_outstanding of it {}", key.symbol,
                      stored.empty()
                          ? "are not stored"
                          : fmt::format("are stored only from {}, prices from {}", SourcesOf(stored), key.variant)));
      continue;
    }
    if (candidates.size() > 1) {
      obstacles.Several(
          field,
          fmt::format("shares_outstanding of {} are stored from {}: name the one whose shares count, as source {}",
                      key.symbol, SourcesOf(candidates),
                      NameOf(DerivedSource{key.variant, candidates.front()->key.variant})));
      continue;
    }
    BF_RETURN_IF_ERROR(CheckPrices(key, plan.series[i].basis));
    const columnar::SeriesHead& head = *candidates.front();
    if (obstacles.Lost(field, head, INT64_MIN)) continue;
    plan.companions[i].shares = PlannedSeries{head.key, head.basis, head.version, {}, head.rows};
    plan.as_of = std::max(plan.as_of, head.known_at);
  }
  return obstacles.ToStatus();
}

absl::StatusOr<quant::Series> Reader::ReadMarketCap(const ReadPlan& plan, size_t place, const ReadShape& shape,
                                                    const StoredExtent& extent, ReadActions& actions,
                                                    ReadOrigin& origin, absl::Time deadline) {
  const PlannedSeries& wanted = plan.series[place];
  const PlannedSeries& shares = *plan.companions[place].shares;
  const DerivedSource source{wanted.key.variant, shares.key.variant};
  BF_ASSIGN_OR_RETURN(const quant::Series published,
                      series_.Read(shares, {"shares", "period_end", "share_class"}, deadline));
  const quant::Calendar& calendar = *CorporateActions().calendar;
  const std::vector<ShareCount> counts = ShareCounts(published, calendar);
  quant::TimeRange range = wanted.range;
  if (shape.resampling) range.start_ns = FirstRowNeeded(*shape.resampling, false, range.start_ns);
  // From the day of the first number on, for the splits of the column split_ratio; of adjusted closes to the end.
  PlannedSeries stored = wanted;
  stored.range.start_ns = range.start_ns;
  for (const ShareCount& count : counts) stored.range.start_ns = std::min(stored.range.start_ns, count.holds_ns);
  const bool adjusted = wanted.basis == quant::PriceBasis::kSplitAdjusted;
  if (adjusted) stored.range.end_ns = INT64_MAX;
  BF_ASSIGN_OR_RETURN(quant::Series bars, series_.Read(stored, {"close", "split_ratio"}, deadline));
  std::vector<SplitEvent> splits;
  BF_ASSIGN_OR_RETURN(const std::optional<quant::TimeRange> needed,
                      SplitsNeeded(bars, counts, range, extent.known_at_ns));
  if (needed) {
    const absl::StatusOr<CorporateActions> chosen = actions.ToCount(bars, *needed);
    if (!chosen.ok()) return NotDerived(wanted.key.symbol, chosen.status());
    if (!extent.anchors.empty() && adjusted) {
      absl::StatusOr<quant::Series> traded = AsTraded(std::move(bars), extent.anchors, *chosen);
      if (!traded.ok()) return NotDerived(wanted.key.symbol, traded.status());
      bars = *std::move(traded);
    }
    BF_ASSIGN_OR_RETURN(std::optional<std::vector<SplitEvent>> known, SplitEvents(bars, *chosen));
    if (known) splits = *std::move(known);
  }
  BF_ASSIGN_OR_RETURN(quant::Series rows, DeriveMarketCap({bars, counts, splits, extent.known_at_ns}, range, source));
  if (std::string doubt = RestatedShares(counts, splits); !doubt.empty()) origin.notices.push_back(std::move(doubt));
  if (source.shares != source.prices) origin.notices.push_back(fmt::format("shares are those of {}", source.shares));
  origin.source = NameOf(source);
  if (!shape.resampling) return rows;
  BF_ASSIGN_OR_RETURN(BarsMade made,
                      ResampleRows(std::move(rows), *shape.resampling, {}, wanted.range, extent, RowKind::kLevels));
  return std::move(made.bars);
}

absl::StatusOr<std::vector<columnar::SeriesHead>> Reader::List(const columnar::SeriesFilter& filter) {
  BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter));
  if (filter.resource != kMarketCap || filter.limit <= 0) return heads;
  const auto limit = static_cast<size_t>(filter.limit);
  const auto by_key = [](const columnar::SeriesHead& a, const columnar::SeriesHead& b) { return a.key < b.key; };
  std::vector<columnar::SeriesHead> derived;
  columnar::SeriesFilter next = DailyPrices({}, filter.deadline);
  next.limit = filter.limit;
  if (filter.after) next.after = quant::SeriesKey{next.resource, filter.after->symbol, quant::Timeframe::kTick, ""};
  for (bool more = true; more && derived.size() < limit;) {
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> prices, series_.chunks().List(next));
    more = prices.size() == limit;
    if (prices.empty()) break;
    next.after = prices.back().key;
    std::vector<std::string> symbols;
    for (const columnar::SeriesHead& head : prices) symbols.push_back(head.key.symbol);
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> shares,
                        series_.chunks().List(Shares(std::move(symbols), filter.deadline)));
    std::map<std::string_view, Heads> by_symbol = BySymbol(shares);
    for (const columnar::SeriesHead& head : prices) {
      for (const columnar::SeriesHead* counted : by_symbol[head.key.symbol]) {
        if (!MayCount(counted->key.variant, head.key.variant)) continue;
        columnar::SeriesHead one;
        one.key = {std::string(kMarketCap), head.key.symbol, quant::Timeframe::kTick,
                   NameOf(DerivedSource{head.key.variant, counted->key.variant})};
        one.known_at = std::max(head.known_at, counted->known_at);
        if (!filter.after || *filter.after < one.key) derived.push_back(std::move(one));
      }
    }
  }
  std::sort(derived.begin(), derived.end(), by_key);
  // Prices of one symbol may go on behind the last ones looked at; what is listed is complete up to there.
  heads.insert(heads.end(), std::make_move_iterator(derived.begin()), std::make_move_iterator(derived.end()));
  std::sort(heads.begin(), heads.end(), by_key);
  if (heads.size() > limit) heads.resize(limit);
  return heads;
}

}  // namespace breadthflow::data
