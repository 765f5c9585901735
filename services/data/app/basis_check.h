#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// For prices of which nobody said how they were adjusted: whether what they correct looks like it. `written` is what
// storing `rows` would change; the closes of the version it was computed from are read where rows are corrected.
// FAILED_PRECONDITION BASIS_DOUBTFUL that ends with `advice`, of how whoever sends them helps it; see FindBasisDoubt.
absl::Status CheckAssumedBasis(SeriesStore& store, const quant::Series& rows, const columnar::WrittenSeries& written,
                               std::string_view advice, absl::Time deadline);

}  // namespace breadthflow::data
