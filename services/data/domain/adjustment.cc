#include "services/data/domain/adjustment.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/adjustment_events.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;

constexpr std::array<std::pair<Adjustment, std::string_view>, 6> kNames = {
    {{Adjustment::kRaw, "raw"},
     {Adjustment::kSplit, "split"},
     {Adjustment::kSplitDividend, "split_dividend"},
     {Adjustment::kTotalReturn, "total_return"},
     {Adjustment::kForwardSplit, "forward_split"},
     {Adjustment::kForward, "forward"}}};

// What a row's values are multiplied by, after `added` was added to its prices.
struct Factors {
  std::vector<double> price, volume, added;
  explicit Factors(size_t size) : price(size, 1.0), volume(size, 1.0) {}
};

// For each row the product of the ratios of all later splits.
std::vector<double> LaterSplits(std::span<const double> splits) {
  std::vector<double> factors(splits.size() - 1, splits.back());
  for (size_t row = factors.size(); row-- > 1;) factors[row - 1] = factors[row] * splits[row];
  return factors;
}

std::vector<double> Quotient(std::span<const double> a, std::span<const double> b) {
  std::vector<double> out(a.size());
  for (size_t row = 0; row < out.size(); ++row) out[row] = a[row] / b[row];
  return out;
}

absl::StatusOr<double> DividendFactor(const Series& series, size_t row, double dividend, double split) {
  if (dividend == 0) return 1.0;
  const double before = series.Doubles("close")[row - 1] / split;
  if (dividend < before) return 1.0 - dividend / before;
  return RefuseAdjustment("IMPOSSIBLE_DIVIDEND", series,
                          fmt::format("a dividend of {} after a close of {} (row {})", dividend, before, row));
}

absl::StatusOr<Factors> BackFactors(const Series& series, std::span<const double> splits,
                                    std::span<const double> dividends) {
  Factors factors(series.size());
  factors.volume = LaterSplits(splits);
  double kept = 1.0;
  for (size_t row = series.size(); row-- > 0;) {
    if (!dividends.empty()) {
      BF_ASSIGN_OR_RETURN(const double factor, DividendFactor(series, row + 1, dividends[row + 1], splits[row + 1]));
      kept *= factor;
    }
    factors.price[row] = kept / factors.volume[row];
  }
  return factors;
}

absl::StatusOr<Factors> ForwardFactors(const Series& series, std::span<const double> splits,
                                       std::span<const double> dividends) {
  Factors factors(series.size());
  for (size_t row = 1; row < series.size(); ++row) {
    double factor = 1.0;
    if (!dividends.empty()) {
      BF_ASSIGN_OR_RETURN(factor, DividendFactor(series, row, dividends[row], splits[row]));
    }
    factors.price[row] = factors.price[row - 1] * splits[row] / factor;
    factors.volume[row] = factors.volume[row - 1] / splits[row];
  }
  return factors;
}

Factors TotalReturnFactors(const Series& series, std::span<const double> splits, std::span<const double> dividends) {
  Factors factors(series.size());
  factors.added.assign(dividends.begin(), dividends.end() - 1);
  factors.added[0] = 0;  // paid to who held it before
  const std::span<const double> close = series.Doubles("close");
  for (size_t row = 1; row < series.size(); ++row) {
    const double reinvested = 1.0 + factors.added[row - 1] / close[row - 1];
    factors.price[row] = factors.price[row - 1] * reinvested * splits[row];
    factors.volume[row] = factors.volume[row - 1] / splits[row];
  }
  return factors;
}

void Apply(Series& series, const Factors& factors) {
  const auto values = [&](std::string_view name) -> std::vector<double>* {
    for (quant::Column& column : series.columns)
      if (column.name == name) return std::get_if<std::vector<double>>(&column.values);
    return nullptr;
  };
  for (const std::string_view name : {"open", "high", "low", "close", "vwap", "dividend"}) {
    std::vector<double>* prices = values(name);
    if (prices == nullptr) continue;
    if (!factors.added.empty() && name != "dividend") {
      for (size_t row = 0; row < prices->size(); ++row) (*prices)[row] += factors.added[row];
    }
    for (size_t row = 0; row < prices->size(); ++row) (*prices)[row] *= factors.price[row];
  }
  if (std::vector<double>* volume = values("volume")) {
    for (size_t row = 0; row < volume->size(); ++row) (*volume)[row] *= factors.volume[row];
  }
}

// Prices that the source has adjusted for splits, anchored on the first row: by all splits after it at once.
void MoveAnchor(std::span<const double> splits, Factors& factors) {
  double ratio = 1.0;
  for (size_t row = 1; row < splits.size(); ++row) ratio *= splits[row];
  for (double& price : factors.price) price *= ratio;
  for (double& volume : factors.volume) volume /= ratio;
}

absl::StatusOr<Factors> FactorsOf(const Series& series, Adjustment adjustment, const CorporateActions& actions) {
  const bool from_raw = series.basis == PriceBasis::kRaw;
  const bool forward = adjustment == Adjustment::kForwardSplit || adjustment == Adjustment::kForward;
  const bool dividends_count = BasisOf(adjustment) == PriceBasis::kSplitAndDividendAdjusted;
  BF_ASSIGN_OR_RETURN(const RowEvents events, EventsByRow(series, actions, adjustment == Adjustment::kSplitDividend));
  if ((from_raw || forward) && !events.splits) {
    return RefuseAdjustment(
        "NO_ADJUSTMENT_DATA", series,
        "no splits are known: none are stored, and the column split_ratio is not there for every row");
  }
  const std::vector<double> splits = from_raw ? *events.splits : std::vector<double>(series.size() + 1, 1.0);
  const auto positive = [](double value) { return value > 0; };
  if (!std::all_of(splits.begin(), splits.end(), positive)) {
    return RefuseAdjustment("NO_ADJUSTMENT_DATA", series, "column split_ratio has a value that is not above 0");
  }
  const bool by_close = IsComplete(series, "adj_close") && IsComplete(series, "close") && actions.dividends == nullptr;
  Factors factors(series.size());
  if (adjustment == Adjustment::kSplitDividend && by_close) {
    factors.price = Quotient(series.Doubles("adj_close"), series.Doubles("close"));
    factors.volume = LaterSplits(splits);
    return factors;
  }
  if (adjustment == Adjustment::kForward && by_close && !events.dividends) {
    BF_ASSIGN_OR_RETURN(factors, ForwardFactors(series, splits, {}));  // volume
    factors.price = Quotient(series.Doubles("adj_close"), series.Doubles("close"));
    const double anchor = factors.price.front();
    for (double& price : factors.price) price /= anchor;
  } else {
    std::span<const double> dividends;
    if (dividends_count) {
      if (!events.dividends) {
        return RefuseAdjustment(
            "NO_ADJUSTMENT_DATA", series,
            IsComplete(series, "adj_close") && IsComplete(series, "close")
                ? "no dividends are known: none are stored, and the column dividend is not there for every row; "
                  "adj_close, which is, gives split_dividend and forward, but not the amounts that total_return needs"
                : "no dividends are known: none are stored, and neither the column dividend nor adj_close is "
                  "there for every row");
      }
      if (!IsComplete(series, "close")) {
        return RefuseAdjustment("NO_ADJUSTMENT_DATA", series, "the column close is not there for every row");
      }
      dividends = *events.dividends;
    }
    if (adjustment == Adjustment::kTotalReturn) return TotalReturnFactors(series, splits, dividends);
    if (!forward) return BackFactors(series, splits, dividends);
    BF_ASSIGN_OR_RETURN(factors, ForwardFactors(series, splits, dividends));
  }
  if (!from_raw) MoveAnchor(*events.splits, factors);
  return factors;
}

}  // namespace

std::string_view ToText(Adjustment adjustment) {
  for (const auto& [value, name] : kNames) {
    if (value == adjustment) return name;
  }
  return "unspecified";
}

PriceBasis BasisOf(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kRaw:
      return PriceBasis::kRaw;
    case Adjustment::kSplit:
    case Adjustment::kForwardSplit:
      return PriceBasis::kSplitAdjusted;
    case Adjustment::kSplitDividend:
    case Adjustment::kTotalReturn:
    case Adjustment::kForward:
      break;
  }
  return PriceBasis::kSplitAndDividendAdjusted;
}

bool IsAnchoredOnFirstRow(Adjustment adjustment) {
  return adjustment == Adjustment::kTotalReturn || adjustment == Adjustment::kForwardSplit ||
         adjustment == Adjustment::kForward;
}

absl::StatusOr<Series> Adjust(Series series, Adjustment adjustment, const CorporateActions& actions) {
  const PriceBasis wanted = BasisOf(adjustment);
  if (series.basis == PriceBasis::kNotPrices) {
    return RefuseAdjustment("NOT_PRICES", series, "the series has no price basis");
  }
  if (series.empty()) {
    series.basis = std::max(series.basis, wanted);
    return series;
  }
  const bool anchored = IsAnchoredOnFirstRow(adjustment);
  if (wanted == series.basis && !anchored) return series;
  if (wanted < series.basis || series.basis == PriceBasis::kSplitAndDividendAdjusted) {
    return RefuseAdjustment(
        "ALREADY_ADJUSTED", series,
        fmt::format("they are stored with basis {}, {} is wanted{}", quant::ToText(series.basis), ToText(adjustment),
                    series.basis == PriceBasis::kSplitAdjusted
                        ? "; nobody said as of when they were adjusted (data import --adjusted-as-of)"
                        : ""));
  }
  BF_ASSIGN_OR_RETURN(const Factors factors, FactorsOf(series, adjustment, actions));
  Apply(series, factors);
  std::erase_if(series.columns, [&](const quant::Column& column) {
    return column.name == "split_ratio" || (anchored && column.name == "adj_close");
  });
  series.basis = wanted;
  return series;
}

absl::StatusOr<Series> Adjust(Series series, PriceBasis wanted) {
  switch (wanted) {
    case PriceBasis::kRaw:
      return Adjust(std::move(series), Adjustment::kRaw);
    case PriceBasis::kSplitAdjusted:
      return Adjust(std::move(series), Adjustment::kSplit);
    case PriceBasis::kSplitAndDividendAdjusted:
      return Adjust(std::move(series), Adjustment::kSplitDividend);
    case PriceBasis::kNotPrices:
      break;
  }
  if (series.basis == PriceBasis::kNotPrices) return series;
  return RefuseAdjustment("ALREADY_ADJUSTED", series, "they are prices, none are wanted");
}

}  // namespace breadthflow::data
