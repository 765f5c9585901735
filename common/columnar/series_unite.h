#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/columnar/series_merge.h"
#include "common/quant/series.h"

// Rows that add to what is stored and correct it, but take nothing away.
namespace breadthflow::columnar {

// What `fresh` has to say so that MergeSeries, which replaces whole instants, keeps every stored row of an instant that
// is not in `fresh`. Rows of one instant are the same when they agree in the columns `identity` (all columns when there
// are none; a missing value agrees with a missing one); of several that agree the first goes with the first. Such a row
// has the new values and, where the new row has none, the stored ones. Rows stay in their stored order, what is new
// comes behind them. Without `repeats` an instant has one row, which is the same.
//
// nullopt: `fresh` as it is says it already. `load` gives the rows of a part; it is called for those that share a time
// span with new rows and whose digest differs from theirs. INVALID_ARGUMENT when a column would change its type.
absl::StatusOr<std::optional<quant::Series>> UniteSeries(
    const std::vector<StoredPart>& parts, const quant::Series& fresh, const std::vector<std::string>& identity,
    const std::function<absl::StatusOr<quant::Series>(const StoredPart&)>& load);

}  // namespace breadthflow::columnar
