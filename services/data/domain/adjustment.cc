#include "services/data/domain/adjustment.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;

absl::Status Refuse(std::string_view reason, const Series& series, std::string_view why) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, reason,
                         fmt::format("prices of {} can not be adjusted: {}", series.key.symbol, why));
}

std::vector<double>* Values(Series& series, std::string_view name) {
  for (quant::Column& column : series.columns) {
    if (column.name == name) return std::get_if<std::vector<double>>(&column.values);
  }
  return nullptr;
}

bool Complete(const Series& series, std::string_view name) {
  const quant::Column* column = series.Find(name);
  return column != nullptr && column->type() == quant::ColumnType::kDouble &&
         std::find(column->valid.begin(), column->valid.end(), false) == column->valid.end();
}

// For each row the product of the ratios of all later splits.
std::vector<double> LaterSplits(std::span<const double> ratios) {
  std::vector<double> factors(ratios.size(), 1.0);
  for (size_t row = ratios.size(); row-- > 1;) factors[row - 1] = factors[row] * ratios[row];
  return factors;
}

}  // namespace

absl::StatusOr<Series> Adjust(Series series, PriceBasis wanted) {
  if (wanted == series.basis || series.empty()) {
    if (wanted != series.basis && series.basis == PriceBasis::kNotPrices) {
      return Refuse("NOT_PRICES", series, "the series has no price basis");
    }
    if (series.basis <= wanted) series.basis = wanted;
    return series;
  }
  if (series.basis == PriceBasis::kNotPrices) return Refuse("NOT_PRICES", series, "the series has no price basis");
  if (wanted < series.basis) {
    return Refuse(
        "ALREADY_ADJUSTED", series,
        fmt::format("they are stored with basis {}, {} is wanted", quant::ToText(series.basis), quant::ToText(wanted)));
  }
  const bool from_raw = series.basis == PriceBasis::kRaw;
  std::vector<double> split(series.size(), 1.0);
  if (from_raw) {
    if (!Complete(series, "split_ratio")) {
      return Refuse("NO_ADJUSTMENT_DATA", series, "column split_ratio is not there for every row");
    }
    split = LaterSplits(series.Doubles("split_ratio"));
  }
  std::vector<double> price(series.size());
  if (wanted == PriceBasis::kSplitAdjusted) {
    for (size_t row = 0; row < price.size(); ++row) price[row] = 1.0 / split[row];
  } else {
    if (!Complete(series, "adj_close") || !Complete(series, "close")) {
      return Refuse("NO_ADJUSTMENT_DATA", series, "column adj_close is not there for every row");
    }
    const std::span<const double> adjusted = series.Doubles("adj_close");
    const std::span<const double> close = series.Doubles("close");
    for (size_t row = 0; row < price.size(); ++row) price[row] = adjusted[row] / close[row];
  }
  for (const std::string_view name : {"open", "high", "low", "close", "dividend"}) {
    std::vector<double>* values = Values(series, name);
    if (values == nullptr) continue;
    for (size_t row = 0; row < values->size(); ++row) (*values)[row] *= price[row];
  }
  if (std::vector<double>* volume = Values(series, "volume")) {
    for (size_t row = 0; row < volume->size(); ++row) (*volume)[row] *= split[row];
  }
  std::erase_if(series.columns, [](const quant::Column& column) { return column.name == "split_ratio"; });
  series.basis = wanted;
  return series;
}

}  // namespace breadthflow::data
