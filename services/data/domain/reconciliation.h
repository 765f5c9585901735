#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/quant/series.h"
#include "services/data/domain/price_anchor.h"

namespace breadthflow::data {

inline constexpr size_t kMaxDisagreements = 10;
inline constexpr size_t kMaxUnmatched = 10;

struct Disagreement {
  int64_t time_ns = 0;
  double value = 0;
  double other_value = 0;
};

struct FieldReconciliation {
  std::string field;
  int64_t compared_rows = 0;           // both have a value
  int64_t differing_rows = 0;          // by more than the tolerance
  double max_difference = 0;           // relative
  std::vector<Disagreement> examples;  // greatest first
};

struct SeriesReconciliation {
  std::string symbol;
  int64_t common_rows = 0;
  int64_t only_rows = 0;
  int64_t only_other_rows = 0;
  std::vector<int64_t> unmatched_ns;
  int64_t differing_rows = 0;         // common rows of which a column differs
  std::vector<int64_t> differing_ns;  // the first kMaxDisagreements of them
  std::vector<FieldReconciliation> fields;
  bool agrees = true;  // every common row does
};

// |a - b| over the greater of |a| and |b|; 0 when they are equal.
double RelativeDifference(double a, double b);

// Compares two series of one key but for the variant. Rows match by time; of rows that share their instant the first
// matches the first. `fields` are columns of numbers; empty: those that both have and that are not extras. A column
// that only one of them has is not compared. FAILED_PRECONDITION BASIS_DIFFERS when the prices were adjusted
// differently, or as of other days (which of both are told: `anchors`; empty: nobody knows), and a column that
// adjustment changes would be compared: only fields like split_ratio, named, can be then.
absl::StatusOr<SeriesReconciliation> Reconcile(const quant::Series& one, const quant::Series& other, double tolerance,
                                               const std::vector<std::string>& fields,
                                               std::span<const AnchoredRows> anchors = {},
                                               std::span<const AnchoredRows> other_anchors = {});

}  // namespace breadthflow::data
