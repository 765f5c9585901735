#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/quant/series.h"
#include "services/data/domain/reconciliation.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

inline constexpr size_t kMaxReconciled = 1'000;  // symbols of one call

// Which series of which two sources are compared.
struct ReconcileQuery {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  std::string source;
  std::string other_source;
  double tolerance = 1e-6;
  std::vector<std::string> fields;
  absl::Time as_of = absl::InfiniteFuture();
};

// One entry for each symbol, in the order asked. INVALID_ARGUMENT with every violation: symbols, sources that are one,
// tolerances outside [0, 1], fields that are no numbers of the resource; NOT_FOUND as SeriesStore::Resolve; errors of
// Reconcile.
absl::StatusOr<std::vector<SeriesReconciliation>> ReconcileStored(SeriesStore& series, ResourceStore& resources,
                                                                  const ReconcileQuery& query, absl::Time deadline,
                                                                  const base::CancelToken& cancel);

}  // namespace breadthflow::data
