#include "services/data/domain/price_basis.h"

#include <fmt/format.h>

namespace breadthflow::data {

using quant::PriceBasis;

AssumedBasis AssumeBasis(const BasisColumns& columns) {
  if (columns.splits) return {PriceBasis::kRaw, true};
  if (columns.applied_splits && !columns.adjusted_close) return {PriceBasis::kSplitAndDividendAdjusted, true};
  return {PriceBasis::kSplitAdjusted, columns.applied_splits || columns.adjusted_close};
}

BasisColumns ColumnsOf(const quant::Series& rows) {
  return {.splits = rows.Find("split_ratio") != nullptr,
          .applied_splits = false,
          .adjusted_close = rows.Find("adj_close") != nullptr};
}

BasisColumns Together(const BasisColumns& a, const BasisColumns& b) {
  return {.splits = a.splits || b.splits,
          .applied_splits = a.applied_splits || b.applied_splits,
          .adjusted_close = a.adjusted_close || b.adjusted_close};
}

std::string AssumedBasisNote() {
  return fmt::format(
      "nothing says how the prices were adjusted: they are taken to be {}; others must be said (data import: --basis "
      "raw; data fetch: --param basis=raw)",
      quant::ToText(AssumeBasis(BasisColumns{}).basis));
}

}  // namespace breadthflow::data
