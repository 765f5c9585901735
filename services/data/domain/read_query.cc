#include "services/data/domain/read_query.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/data/domain/fetch.h"
#include "services/data/domain/market_cap.h"

namespace breadthflow::data {
namespace {

// What quant::Resample may write.
constexpr std::array<std::string_view, 11> kBarColumns = {"open",     "high",        "low",         "close",
                                                          "volume",   "vwap",        "trade_count", "adj_close",
                                                          "dividend", "split_ratio", "is_filled"};

std::vector<std::string_view> NamesOf(const Resource& resource) {
  std::vector<std::string_view> names;
  for (const Field& field : resource.fields) names.push_back(field.name);
  return names;
}

// What a source has beyond the resource may be asked for.
void CheckFields(const Resource& resource, const std::vector<std::string>& fields, std::string_view path,
                 base::Violations& violations) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (resource.Find(fields[i]) != nullptr || IsExtra(fields[i])) continue;
    violations.Add(fmt::format("{}[{}]", path, i), fmt::format("{} has no column '{}'; its columns are {}", resource.id,
                                                               fields[i], fmt::join(NamesOf(resource), ", ")));
  }
}

void CheckBarFields(const std::vector<std::string>& fields, base::Violations& violations) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (std::find(kBarColumns.begin(), kBarColumns.end(), fields[i]) != kBarColumns.end() || IsExtra(fields[i])) {
      continue;
    }
    violations.Add(fmt::format("fields[{}]", i), fmt::format("bars that are made have no column '{}'; theirs are {}",
                                                             fields[i], fmt::join(kBarColumns, ", ")));
  }
}

std::vector<std::string_view> MissingOfBars(const Resource& resource) {
  std::vector<std::string_view> missing;
  for (const std::string_view name : {"open", "high", "low", "close", "volume"}) {
    if (resource.Find(name) == nullptr) missing.push_back(name);
  }
  return missing;
}

void CheckResampling(const Resampling& resampling, const Resource& resource, quant::Timeframe timeframe,
                     base::Violations& violations) {
  const bool trades = HasTrades(resource);
  const bool levels = HasLevels(resource);
  if (!trades && !resource.bars && !levels) {
    violations.Add("resampling",
                   fmt::format("bars are made of bars, of trades or of rows that have an instant of their "
                               "own; several rows of {} may share theirs",
                               resource.id));
    return;
  }
  const quant::ResampleSpec& spec = resampling.bars;
  if (levels && (spec.rule != quant::BarRule::kTime || spec.fill_forward)) {
    violations.Add(spec.fill_forward ? "resampling.fill_forward" : "resampling",
                   fmt::format("{} has no {}: of each interval of the clock its last row is taken, nothing else",
                               resource.id, fmt::join(MissingOfBars(resource), ", ")));
    return;
  }
  if (spec.rule != quant::BarRule::kTime) {
    if (!(spec.size > 0) || !std::isfinite(spec.size)) {
      const std::string field = spec.rule == quant::BarRule::kDollar ? "dollars" : std::string(ToText(spec.rule));
      violations.Add("resampling." + field, fmt::format("must be a number above 0, was {}", spec.size));
    } else if (!trades && spec.rule == quant::BarRule::kTicks && resource.Find("trade_count") == nullptr) {
      violations.Add("resampling.ticks", fmt::format("{} does not say how many trades are in a bar (it has no column "
                                                     "trade_count): use volume or dollars, or the resource trade",
                                                     resource.id));
    }
    if (spec.fill_forward) {
      violations.Add("resampling.fill_forward", "needs a timeframe: other bars have no intervals without a trade");
    }
    return;
  }
  if (spec.timeframe == quant::Timeframe::kTick) {
    violations.Add("resampling.timeframe", "must be 1min or longer, was tick");
  } else if (!trades && (spec.timeframe < timeframe ||
                         (timeframe == quant::Timeframe::kWeek && spec.timeframe == quant::Timeframe::kMonth))) {
    violations.Add("resampling.timeframe", fmt::format("{} bars can not be made of {} bars",
                                                       quant::ToText(spec.timeframe), quant::ToText(timeframe)));
  }
}

const Field* PeriodOf(const Resource& resource) {
  const Field* period = resource.Find("period");
  const bool lengths =
      period != nullptr && std::find(period->one_of.begin(), period->one_of.end(), "quarter") != period->one_of.end();
  return lengths ? period : nullptr;
}

void CheckJoin(const JoinSpec& join, std::string_view path, const ResourceLookup& find,
               std::unordered_set<std::string>& columns, base::Violations& violations) {
  if (join.fields.empty()) violations.Add(fmt::format("{}.fields", path), "must name at least one column");
  if (!join.symbol.empty()) {
    if (const auto fault = SymbolFault(join.symbol)) violations.Add(fmt::format("{}.symbol", path), *fault);
  }
  if (join.ttl < absl::ZeroDuration()) violations.Add(fmt::format("{}.ttl", path), "must not be negative");
  for (size_t i = 0; i < join.fields.size(); ++i) {
    if (!columns.insert(fmt::format("{}.{}", NameOf(join), join.fields[i])).second) {
      violations.Add(fmt::format("{}.fields[{}]", path, i),
                     fmt::format("{}.{} is joined twice", NameOf(join), join.fields[i]));
    }
  }
  if (join.resource.empty()) {
    violations.Add(fmt::format("{}.resource", path), "is required");
    return;
  }
  const absl::StatusOr<const Resource*> found = find(join.resource);
  if (!found.ok()) {
    violations.Add(fmt::format("{}.resource", path), base::Message(found.status()));
    return;
  }
  if ((*found)->together) {
    const std::vector<std::string>& by = (*found)->identity;
    violations.Add(
        fmt::format("{}.resource", path),
        fmt::format("a row has one value of a column that is joined, and {} has many rows of one instant{}: "
                    "any one of them would be arbitrary; read {} by itself",
                    join.resource, by.empty() ? "" : fmt::format(", which differ in {}", fmt::join(by, ", ")),
                    join.resource));
  }
  CheckFields(**found, join.fields, fmt::format("{}.fields", path), violations);
  if (!join.period.empty() && join.period != kAnyPeriod) {
    const Field* period = PeriodOf(**found);
    const auto fault = period == nullptr
                           ? std::optional(fmt::format("{} has no periods of several lengths", join.resource))
                           : Fault(*period, join.period);
    if (fault) violations.Add(fmt::format("{}.period", path), *fault);
  }
  if (!join.replace_by.empty() && (*found)->Find(join.replace_by) == nullptr) {
    violations.Add(fmt::format("{}.replace_by", path),
                   fmt::format("{} has no column '{}'; its columns are {}", join.resource, join.replace_by,
                               fmt::join(NamesOf(**found), ", ")));
  }
}

}  // namespace

std::string NameOf(const JoinSpec& join) {
  return join.symbol.empty() ? join.resource : fmt::format("{}[{}]", join.resource, join.symbol);
}

bool OfOnePeriod(const JoinSpec& join) { return !join.period.empty() && join.period != kAnyPeriod; }

JoinSpec WithPeriod(JoinSpec join, const Resource& resource) {
  if (join.period.empty() && PeriodOf(resource) != nullptr) join.period = "quarter";
  return join;
}

quant::Timeframe DefaultTimeframe(const Resource& resource) {
  return resource.bars ? quant::Timeframe::kDay : quant::Timeframe::kTick;
}

void CheckAsOf(absl::Time as_of, absl::Time now, std::string_view field, base::Violations& violations) {
  if (as_of == absl::InfiniteFuture() || as_of <= now + kClockSkew) return;
  const auto text = [](absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); };
  violations.Add(field,
                 fmt::format("{} lies in the future (it is {}): what will be known then nobody can say; leave it "
                             "out for what is known now",
                             text(as_of), text(now)));
}

void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations) {
  if (symbols.size() > kMaxSymbols) {
    violations.Add("symbols", fmt::format("must be at most {}, were {}", kMaxSymbols, symbols.size()));
    return;
  }
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string field = fmt::format("symbols[{}]", i);
    if (const auto fault = SymbolFault(symbols[i])) violations.Add(field, *fault);
    if (!seen.insert(symbols[i]).second) violations.Add(field, fmt::format("{} appears twice", symbols[i]));
  }
}

void CheckShape(const ReadShape& shape, const Resource& resource, quant::Timeframe timeframe,
                const ResourceLookup& find, base::Violations& violations) {
  if (shape.resampling && !HasLevels(resource))
    CheckBarFields(shape.fields, violations);
  else
    CheckFields(resource, shape.fields, "fields", violations);
  if (shape.adjustment && !resource.prices) {
    violations.Add("adjustment", fmt::format("{} has no prices of one share to adjust", resource.id));
  }
  if (shape.keep_adjusted && !shape.adjustment) violations.Add("keep_adjusted", "needs an adjustment");
  // What is derived of prices takes splits.
  if (!shape.actions_from.empty() && !shape.adjustment && !shape.resampling && resource.id != kMarketCap) {
    violations.Add("actions_from", "needs an adjustment, or bars to be made");
  }
  if (shape.resampling) CheckResampling(*shape.resampling, resource, timeframe, violations);
  if (shape.joins.size() > kMaxJoins) {
    violations.Add("joins", fmt::format("must be at most {}, were {}", kMaxJoins, shape.joins.size()));
    return;
  }
  std::unordered_set<std::string> columns;
  for (size_t i = 0; i < shape.joins.size(); ++i) {
    CheckJoin(shape.joins[i], fmt::format("joins[{}]", i), find, columns, violations);
  }
}

bool Adjusts(const ReadShape& shape, quant::PriceBasis basis, bool anchored) {
  if (!shape.adjustment || (shape.keep_adjusted && basis > BasisOf(*shape.adjustment))) return false;
  return BasisOf(*shape.adjustment) != basis || IsAnchoredOnFirstRow(*shape.adjustment) || anchored;
}

bool IsPlain(const ReadShape& shape, quant::PriceBasis basis, bool anchored) {
  return !Adjusts(shape, basis, anchored) && !shape.resampling && shape.joins.empty();
}

bool HasTrades(const Resource& resource) {
  return resource.Find("price") != nullptr && resource.Find("size") != nullptr && resource.id != "order_book";
}

bool HasLevels(const Resource& resource) {
  return !resource.repeats && !HasTrades(resource) && !MissingOfBars(resource).empty();
}

}  // namespace breadthflow::data
