#include "common/quant/features/feature_set.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/hash.h"
#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

absl::Status CheckPrices(const BarColumns& bars, std::string_view symbol) {
  base::Violations violations;
  const auto check = [&](std::string_view name, std::span<const double> prices) {
    for (size_t row = 0; row < prices.size(); ++row) {
      if (prices[row] > 0) continue;
      violations.Add(fmt::format("{}.{}", symbol, name),
                     fmt::format("must be positive, was {} in row {}", prices[row], row));
      return;
    }
  };
  check("open", bars.open);
  check("high", bars.high);
  check("low", bars.low);
  check("close", bars.close);
  return violations.ToStatus("bars", "PRICE_NOT_POSITIVE");
}

}  // namespace

FeatureSet::FeatureSet(std::string name, std::vector<FeatureColumn> columns, size_t warmup, Recipe recipe)
    : name_(std::move(name)), columns_(std::move(columns)), warmup_(warmup), recipe_(recipe) {
  base::Sha256 hash;
  hash.Text(name_).Int(static_cast<int64_t>(columns_.size()));
  for (const FeatureColumn& column : columns_) hash.Text(column.name).Text(column.definition);
  schema_hash_ = hash.FinishHex();
}

std::vector<std::string> FeatureSet::ColumnNames() const {
  std::vector<std::string> names;
  for (const FeatureColumn& column : columns_) names.push_back(column.name);
  return names;
}

absl::StatusOr<Series> FeatureSet::Compute(const Series& bars) const {
  BF_ASSIGN_OR_RETURN(const BarColumns columns, BarColumns::Of(bars));
  BF_RETURN_IF_ERROR(CheckPrices(columns, bars.key.symbol));
  BF_ASSIGN_OR_RETURN(std::vector<std::vector<double>> values, recipe_(columns));
  if (values.size() != columns_.size())
    return base::MakeError(absl::StatusCode::kInternal, "FEATURE_SET_BROKEN",
                           fmt::format("{} computed {} of {} features", name_, values.size(), columns_.size()));
  Series features;
  features.key = bars.key;
  features.key.resource = "feature";
  features.basis = bars.basis;
  features.times = bars.times;
  for (size_t i = 0; i < columns_.size(); ++i) features.Add(columns_[i].name, std::move(values[i]));
  return features;
}

absl::StatusOr<const FeatureSet*> FindFeatureSet(std::string_view name) {
  for (const FeatureSet* set : {&TechnicalV1()})
    if (set->name() == name) return set;
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_FEATURE_SET",
                         fmt::format("unknown feature set '{}'; known are {}", name, TechnicalV1().name()));
}

}  // namespace breadthflow::quant
