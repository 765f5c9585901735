#include "services/data/domain/market_cap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/as_of_join.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;

constexpr std::string_view kDerived = "derived";

std::string_view TextAt(const quant::Column* column, size_t row) {
  const auto* texts = column == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&column->values);
  return texts == nullptr || !column->present(row) ? std::string_view() : (*texts)[row];
}

// The splits of [from, until) as one.
double RatioBetween(const std::vector<SplitEvent>& splits, int64_t from_ns, int64_t until_ns) {
  double ratio = 1;
  for (const SplitEvent& split : splits) {
    if (split.effect_ns >= from_ns && split.effect_ns < until_ns) ratio *= split.ratio;
  }
  return ratio;
}

// Whether `now` is nearer to `before` times `ratio` than to `before`.
bool HasJumped(double before, double now, double ratio) {
  const double grown = std::log(now / before);
  return std::abs(grown - std::log(ratio)) < std::abs(grown);
}

// From when on splits change each number: from its day on, but those that it has in it already.
std::vector<int64_t> CountedFrom(const std::vector<ShareCount>& counts, const std::vector<SplitEvent>& splits) {
  std::vector<int64_t> from;
  for (const ShareCount& count : counts) {
    from.push_back(count.holds_ns);
    const auto split = std::find_if(splits.begin(), splits.end(),
                                    [&](const SplitEvent& one) { return one.effect_ns >= count.holds_ns; });
    if (split == splits.end() || split->effect_ns >= count.known_ns) continue;
    const ShareCount* before = nullptr;  // of those published before the split, that of the latest day
    for (const ShareCount& other : counts) {
      if (other.known_ns > split->effect_ns) break;
      if (before == nullptr || other.holds_ns >= before->holds_ns) before = &other;
    }
    if (before == nullptr) continue;
    const double old_shares = before->shares * RatioBetween(splits, before->holds_ns, split->effect_ns);
    const double ratio = RatioBetween(splits, split->effect_ns, count.known_ns);
    if (HasJumped(old_shares, count.shares, ratio)) from.back() = count.known_ns;
  }
  return from;
}

}  // namespace

std::string NameOf(const DerivedSource& source) {
  const bool one = source.shares.empty() || source.shares == source.prices;
  return fmt::format("{}:{}{}{}", kDerived, source.prices, one ? "" : "+", one ? "" : source.shares);
}

bool IsDerived(std::string_view source) {
  return source == kDerived || (source.starts_with(kDerived) && source[kDerived.size()] == ':');
}

DerivedSource ParseDerived(std::string_view source) {
  source.remove_prefix(std::min(source.size(), kDerived.size() + 1));
  const size_t plus = std::min(source.find('+'), source.size());
  return {std::string(source.substr(0, plus)), std::string(source.substr(std::min(plus + 1, source.size())))};
}

std::vector<ShareCount> ShareCounts(const Series& rows, const quant::Calendar& calendar) {
  const std::span<const double> shares = rows.Doubles("shares");
  const quant::Column* column = rows.Find("shares");
  struct Number {
    std::optional<double> all;
    std::map<std::string_view, double> by_class;
  };
  std::map<std::pair<int64_t, int64_t>, Number> numbers;  // by publication and day
  for (size_t row = 0; row < shares.size(); ++row) {
    if (!column->present(row)) continue;
    absl::CivilDay day;
    const std::string period_end(TextAt(rows.Find("period_end"), row));
    const bool dated = absl::ParseCivilTime(period_end, &day);
    Number& number = numbers[{rows.times[row], dated ? calendar.DayStart(day + 1) : rows.times[row]}];
    const std::string_view share_class = TextAt(rows.Find("share_class"), row);
    if (share_class.empty()) {
      number.all = shares[row];
    } else {
      number.by_class[share_class] = shares[row];
    }
  }
  std::vector<ShareCount> counts;
  for (const auto& [when, number] : numbers) {
    double sum = 0;
    for (const auto& [name, of_class] : number.by_class) sum += of_class;
    counts.push_back({when.first, when.second, number.all.value_or(sum)});
  }
  return counts;
}

absl::StatusOr<std::vector<std::optional<size_t>>> CountsAt(std::span<const int64_t> times,
                                                            const std::vector<ShareCount>& counts) {
  Series published{.key = {std::string(kSharesOutstanding), "", quant::Timeframe::kTick, ""}, .repeats = true};
  std::vector<int64_t> places, days;
  for (size_t i = 0; i < counts.size(); ++i) {
    published.times.push_back(counts[i].known_ns);
    places.push_back(static_cast<int64_t>(i));
    days.push_back(counts[i].holds_ns);
  }
  published.Add("place", std::move(places));
  published.Add("day", std::move(days));
  BF_ASSIGN_OR_RETURN(
      const Series known,
      quant::AsOfJoin(times, published,
                      {.ttl = kShareCountTtl, .columns = {"place"}, .replaces = quant::ByColumn("day")}));
  std::vector<std::optional<size_t>> out(times.size());
  for (size_t row = 0; row < times.size(); ++row) {
    if (known.columns[0].present(row)) out[row] = static_cast<size_t>(known.Ints("place")[row]);
  }
  return out;
}

absl::Status CheckPrices(const quant::SeriesKey& key, PriceBasis basis) {
  const bool made_up = IsMadeUp(key.variant);
  if (basis == PriceBasis::kRaw || (basis == PriceBasis::kSplitAdjusted && !made_up)) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kFailedPrecondition, basis == PriceBasis::kNotPrices ? "NOT_PRICES" : "ALREADY_ADJUSTED",
      fmt::format(
          "market_cap of {} can not be derived of the prices of {}: they are stored with basis {}, and closes as "
          "they traded are needed; {}",
          key.symbol, key.variant, quant::ToText(basis),
          made_up ? "fetch them with basis=raw" : "name another source of prices, as derived:SOURCE"));
}

absl::StatusOr<std::optional<quant::TimeRange>> SplitsNeeded(const Series& bars, const std::vector<ShareCount>& counts,
                                                             const quant::TimeRange& range, int64_t bars_known_ns) {
  BF_ASSIGN_OR_RETURN(const auto known, CountsAt(bars.times, counts));
  std::optional<quant::TimeRange> needed;
  for (size_t row = 0; row < bars.size(); ++row) {
    if (!known[row] || !range.Contains(bars.times[row])) continue;
    if (!needed) needed = quant::TimeRange{INT64_MAX, 0};
    needed->start_ns = std::min({needed->start_ns, counts[*known[row]].holds_ns, bars.times[row]});
    needed->end_ns = bars.times[row] + 1;
  }
  if (needed && bars.basis == PriceBasis::kSplitAdjusted) {
    const int64_t learnt = bars_known_ns - absl::ToInt64Nanoseconds(kUnasked);
    needed->end_ns = std::max({needed->end_ns, bars.times.back() + 1, learnt});
  }
  return needed;
}

absl::StatusOr<Series> DeriveMarketCap(const MarketCapInputs& inputs, const quant::TimeRange& range,
                                       const DerivedSource& source) {
  const Series& bars = inputs.bars;
  Series out{.key = {std::string(kMarketCap), bars.key.symbol, quant::Timeframe::kTick, NameOf(source)}};
  BF_RETURN_IF_ERROR(CheckPrices(bars.key, bars.basis));
  const std::span<const double> stored = bars.Doubles("close");
  std::vector<double> values, closes, numbers;
  if (!stored.empty() && !inputs.counts.empty()) {
    const bool adjusted = bars.basis == PriceBasis::kSplitAdjusted;
    const std::vector<int64_t> counted_from = CountedFrom(inputs.counts, inputs.splits);
    BF_ASSIGN_OR_RETURN(const auto known, CountsAt(bars.times, inputs.counts));
    const quant::Column* column = bars.Find("close");
    for (size_t row = 0; row < bars.size(); ++row) {
      const int64_t time = bars.times[row];
      if (!known[row] || !range.Contains(time) || !column->present(row)) continue;
      const size_t place = *known[row];
      closes.push_back(stored[row] * (adjusted ? RatioBetween(inputs.splits, time, inputs.bars_known_ns) : 1.0));
      numbers.push_back(inputs.counts[place].shares * RatioBetween(inputs.splits, counted_from[place], time));
      values.push_back(closes.back() * numbers.back());
      out.times.push_back(time);
    }
  }
  out.Add(std::string(kMarketCap), std::move(values));
  out.Add("derived.close", std::move(closes));
  out.Add("derived.shares", std::move(numbers));
  return out;
}

std::string RestatedShares(const std::vector<ShareCount>& counts, const std::vector<SplitEvent>& splits) {
  constexpr double kPlain = 1.4;  // less may be bought back or issued between two reports
  for (const SplitEvent& split : splits) {
    if (split.ratio < kPlain && split.ratio > 1 / kPlain) continue;
    const ShareCount* before = nullptr;
    const ShareCount* after = nullptr;
    for (const ShareCount& count : counts) {
      if (count.known_ns <= split.effect_ns && (before == nullptr || count.holds_ns >= before->holds_ns))
        before = &count;
      if (after == nullptr && count.known_ns > split.effect_ns && count.holds_ns > split.effect_ns) after = &count;
    }
    if (before == nullptr || after == nullptr ||
        before->known_ns + absl::ToInt64Nanoseconds(kShareCountTtl) < after->known_ns)
      continue;
    const double ratio = RatioBetween(splits, before->holds_ns, after->holds_ns);
    if (ratio == 1 || HasJumped(before->shares, after->shares, ratio)) continue;
    return fmt::format(
        "the number of shares does not show the split of {} ({} before, {} after it): if its source "
        "restates its history in new shares, values before the split are too high",
        absl::FormatTime("%Y-%m-%d", quant::FromNanos(split.effect_ns), absl::UTCTimeZone()), before->shares,
        after->shares);
  }
  return "";
}

}  // namespace breadthflow::data
