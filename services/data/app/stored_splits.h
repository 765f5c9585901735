#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// The splits that are stored apart from prices as traded, in their newest state: those of the source of the prices,
// else those of another source that were stored first and may count for it (MayCount). nullopt where there are none,
// and for other prices.
absl::StatusOr<std::optional<quant::Series>> StoredSplits(SeriesStore& store, const quant::Series& prices,
                                                          absl::Time deadline);

}  // namespace breadthflow::data
