#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/bar.h"
#include "common/quant/series.h"

namespace breadthflow::quant {

// One feature: its name and, for people and for the schema hash, how it is computed.
struct FeatureColumn {
  std::string name;
  std::string definition;
};

// A named, versioned recipe that turns the bars of one symbol into model inputs. There is one definition of a feature
// in the suite: training, the Predict method and the ml_model strategy all come through here, and a model carries the
// schema hash of the set it was trained on.
//
// Features are ratios, distances in units of volatility and bounded oscillators, never price or volume levels, so that
// they mean the same for every symbol and do not identify it. Immutable and thread-safe.
class FeatureSet {
 public:
  // Computes all columns, each as long as the bars.
  using Recipe = absl::StatusOr<std::vector<std::vector<double>>> (*)(const BarColumns& bars);

  FeatureSet(std::string name, std::vector<FeatureColumn> columns, size_t warmup, Recipe recipe);

  const std::string& name() const { return name_; }
  const std::vector<FeatureColumn>& columns() const { return columns_; }
  std::vector<std::string> ColumnNames() const;

  // How many of the first rows have at least one column that is not known yet.
  size_t WarmUp() const { return warmup_; }

  // SHA-256, 64 hexadecimal digits, over the set's name and every column's name and definition, in order.
  const std::string& schema_hash() const { return schema_hash_; }

  // One row per bar, one double column per feature, in the order of columns(); key, times and basis are those of
  // `bars` with resource "feature". The first WarmUp() rows hold NaN in the columns that are not known yet, all later
  // rows are finite. Row t depends on bars 0..t only. Fewer bars than the warm-up are not an error.
  // INVALID_ARGUMENT if open, high, low, close or volume is missing (as a column or in a row) or a price is not
  // positive.
  absl::StatusOr<Series> Compute(const Series& bars) const;

 private:
  std::string name_;
  std::vector<FeatureColumn> columns_;
  size_t warmup_;
  Recipe recipe_;
  std::string schema_hash_;
};

// "technical_v1": price and volume features of daily or intraday bars.
const FeatureSet& TechnicalV1();

// NOT_FOUND with the known names.
absl::StatusOr<const FeatureSet*> FindFeatureSet(std::string_view name);

}  // namespace breadthflow::quant
