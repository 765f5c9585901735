#include "services/data/domain/price_anchor.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/adjustment_events.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;

// A day is over everywhere on earth so long after it ends in UTC.
constexpr int64_t kLastZone = int64_t{12} * 3600 * 1'000'000'000;

std::string DayText(absl::CivilDay day) { return std::string(absl::FormatCivilTime(day)); }

int64_t UtcStart(absl::CivilDay day) { return absl::ToUnixNanos(absl::FromCivil(day, absl::UTCTimeZone())); }

std::vector<double>* ValuesOf(Series& series, std::string_view name) {
  for (quant::Column& column : series.columns) {
    if (column.name == name) return std::get_if<std::vector<double>>(&column.values);
  }
  return nullptr;
}

// Products of splits by row: of those that its prices are divided by, and of those that take effect after it among the
// rows.
struct SplitProducts {
  std::vector<double> inside, later;
};

SplitProducts ProductsOf(const Series& series, const PriceAnchors& anchors, const std::vector<SplitEvent>& splits,
                         const quant::Calendar& calendar) {
  SplitProducts products{std::vector<double>(series.size(), 1.0), std::vector<double>(series.size(), 1.0)};
  auto anchor = anchors.rbegin();
  int64_t known_ns = calendar.DayStart(anchor->as_of + 1);  // what takes effect before it is in the prices
  auto next = splits.rbegin();                              // the last one that is not behind the row
  double inside = 1.0;
  double later = 1.0;
  for (size_t row = series.size(); row-- > 0;) {
    bool anew = row + 1 == series.size();
    while (series.times[row] < anchor->first_ns) {
      ++anchor;
      known_ns = calendar.DayStart(anchor->as_of + 1);
      anew = true;
    }
    for (; next != splits.rend() && next->row > row; ++next) {
      if (next->row < series.size()) later *= next->ratio;
      anew = true;
    }
    if (anew) {
      inside = 1.0;
      for (auto split = splits.rbegin(); split != next; ++split) {
        if (split->effect_ns < known_ns) inside *= split->ratio;
      }
    }
    products.inside[row] = inside;
    products.later[row] = later;
  }
  return products;
}

absl::StatusOr<SplitProducts> Products(const Series& series, const PriceAnchors& anchors,
                                       const CorporateActions& actions) {
  if (actions.splits == nullptr && IsComplete(series, "split_ratio") &&
      !OwnSplitsReach(series, anchors, *actions.calendar)) {
    return RefuseAdjustment(
        "NO_ADJUSTMENT_DATA", series,
        fmt::format("they are adjusted as of {}, and their own splits end with the last row, of {}: the splits from "
                    "there to that day are needed: fetch or import them",
                    ToText(anchors),
                    absl::FormatTime("%Y-%m-%d", quant::FromNanos(series.times.back()), absl::UTCTimeZone())));
  }
  BF_ASSIGN_OR_RETURN(const std::optional<std::vector<SplitEvent>> splits, SplitEvents(series, actions));
  if (splits) return ProductsOf(series, anchors, *splits, *actions.calendar);
  return RefuseAdjustment("NO_ADJUSTMENT_DATA", series,
                          fmt::format("they are adjusted as of {}, and no splits are known that would tell what was "
                                      "traded: fetch or import them",
                                      ToText(anchors)));
}

void Multiply(Series& series, std::initializer_list<std::string_view> names, const std::vector<double>& by,
              const std::vector<double>& over) {
  for (const std::string_view name : names) {
    std::vector<double>* values = ValuesOf(series, name);
    for (size_t row = 0; values != nullptr && row < values->size(); ++row) (*values)[row] *= by[row] / over[row];
  }
}

// Numbers of shares go the other way.
void Count(Series& series, const std::vector<double>& by, const std::vector<double>& over) {
  std::vector<double>* volume = ValuesOf(series, "volume");
  for (size_t row = 0; volume != nullptr && row < volume->size(); ++row) (*volume)[row] /= by[row] / over[row];
}

}  // namespace

PriceAnchors OneDay(absl::CivilDay as_of) { return {{INT64_MIN, as_of}}; }

absl::CivilDay DayAt(const PriceAnchors& anchors, int64_t time_ns) {
  const auto next = std::upper_bound(anchors.begin(), anchors.end(), time_ns,
                                     [](int64_t at_ns, const AnchoredRows& one) { return at_ns < one.first_ns; });
  return next == anchors.begin() ? anchors.front().as_of : std::prev(next)->as_of;
}

absl::StatusOr<absl::CivilDay> ParseAnchor(std::string_view text) {
  absl::CivilDay day;
  // Whatever else absl reads ("2019-1-2") is written in another way.
  if (absl::ParseCivilTime(std::string(text), &day) && DayText(day) == text) return day;
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_DAY",
                         fmt::format("must be the day of the download as YYYY-MM-DD, was '{}'", text.substr(0, 40)));
}

std::optional<absl::CivilDay> AnchorIn(const component::RawParams& params) {
  const auto found = params.find(std::string(kAdjustedAsOf));
  const auto* text = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (text == nullptr) return std::nullopt;
  const absl::StatusOr<absl::CivilDay> day = ParseAnchor(*text);
  return day.ok() ? std::optional(*day) : std::nullopt;
}

std::string ToText(const PriceAnchors& anchors) {
  if (anchors.empty()) return "no known day";
  const auto [first, last] = std::minmax_element(
      anchors.begin(), anchors.end(), [](const AnchoredRows& a, const AnchoredRows& b) { return a.as_of < b.as_of; });
  if (first->as_of == last->as_of) return DayText(first->as_of);
  return fmt::format("{} to {}", DayText(first->as_of), DayText(last->as_of));
}

PriceAnchors AnchorsAfter(const PriceAnchors& before, std::span<const int64_t> stored,
                          std::span<const int64_t> arriving, const PriceAnchors& as_of) {
  PriceAnchors after;
  const auto add = [&](int64_t time_ns, absl::CivilDay day) {
    if (after.empty()) after.push_back({INT64_MIN, day});
    if (after.back().as_of != day) after.push_back({time_ns, day});
  };
  size_t s = 0;
  size_t a = 0;
  while (a < arriving.size() || s < stored.size()) {
    if (s == stored.size() || (a < arriving.size() && arriving[a] <= stored[s])) {
      while (s < stored.size() && stored[s] == arriving[a]) ++s;
      add(arriving[a], DayAt(as_of, arriving[a]));
      ++a;
      continue;
    }
    if (!before.empty()) add(stored[s], DayAt(before, stored[s]));
    ++s;
  }
  return after;
}

absl::Status CheckAnchor(const Series& rows, const PriceAnchors& as_of) {
  if (rows.empty()) return absl::OkStatus();
  if (rows.basis != PriceBasis::kSplitAdjusted) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "NOT_SPLIT_ADJUSTED",
        fmt::format("its prices are {}: only prices that are adjusted for splits (--basis split) can be told to be so "
                    "as of a day",
                    quant::ToText(rows.basis)));
  }
  for (auto one = as_of.begin(); one != as_of.end(); ++one) {
    const auto end = std::next(one) == as_of.end()
                         ? rows.times.end()
                         : std::lower_bound(rows.times.begin(), rows.times.end(), std::next(one)->first_ns);
    if (end == rows.times.begin() || *std::prev(end) < one->first_ns) continue;  // none of them
    const int64_t last = *std::prev(end);
    if (last <= UtcStart(one->as_of + 1) + kLastZone) continue;
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "AFTER_ANCHOR",
        fmt::format("its last row is of {}, which nobody could download by {}, as of which it is said to be adjusted",
                    absl::FormatTime("%Y-%m-%d", quant::FromNanos(last), absl::UTCTimeZone()), DayText(one->as_of)));
  }
  return absl::OkStatus();
}

bool OwnSplitsReach(const Series& rows, const PriceAnchors& anchors, const quant::Calendar& calendar) {
  return IsComplete(rows, "split_ratio") && std::all_of(anchors.begin(), anchors.end(), [&](const AnchoredRows& one) {
           return calendar.DayStart(one.as_of) < rows.times.back();
         });
}

absl::StatusOr<Series> AsTraded(Series series, const PriceAnchors& anchors, const CorporateActions& actions) {
  if (!series.empty()) {
    BF_ASSIGN_OR_RETURN(const SplitProducts splits, Products(series, anchors, actions));
    const std::vector<double> one(series.size(), 1.0);
    Multiply(series, {"open", "high", "low", "close", "vwap", "dividend"}, splits.inside, one);
    Multiply(series, {"adj_close"}, splits.inside, splits.later);
    Count(series, splits.inside, one);
  }
  series.basis = PriceBasis::kRaw;
  return series;
}

absl::StatusOr<Series> SplitByLastRow(Series series, const PriceAnchors& anchors, const CorporateActions& actions) {
  const auto known = [&] { return actions.splits != nullptr || OwnSplitsReach(series, anchors, *actions.calendar); };
  if (!series.empty() && (anchors.size() > 1 || known())) {
    BF_ASSIGN_OR_RETURN(const SplitProducts splits, Products(series, anchors, actions));
    Multiply(series, {"open", "high", "low", "close", "vwap", "dividend", "adj_close"}, splits.inside, splits.later);
    Count(series, splits.inside, splits.later);
  }
  std::erase_if(series.columns, [](const quant::Column& column) { return column.name == "split_ratio"; });
  return series;
}

Series WithoutMixedCloses(Series series, const PriceAnchors& anchors, Adjustment adjustment) {
  if (anchors.size() > 1 && BasisOf(adjustment) == PriceBasis::kSplitAndDividendAdjusted) {
    std::erase_if(series.columns, [](const quant::Column& column) { return column.name == "adj_close"; });
  }
  return series;
}

}  // namespace breadthflow::data
