#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/clients/data_client.h"

// How features, signals and simulations read bars: adjusted for splits, since a split is no price change that anything
// should react to, or as they are stored when those hold more adjustments than that already (which can not be taken
// out).
namespace breadthflow::clients {

// DataClient::ReadEach in that basis. What `fn` returned ends the read.
inline absl::Status ReadEachBars(DataClient& data, ReadQuery query,
                                 const std::function<absl::Status(quant::Series)>& fn, const CallScope& scope) {
  bool any = false;
  const auto counted = [&](quant::Series bars) {
    any = true;
    return fn(std::move(bars));
  };
  query.basis = quant::PriceBasis::kSplitAdjusted;
  const absl::Status status = data.ReadEach(query, counted, scope);
  if (any || base::DetailsOf(status).reason != "ALREADY_ADJUSTED") return status;
  query.basis.reset();
  return data.ReadEach(query, fn, scope);
}

// DataClient::Read in that basis.
inline absl::StatusOr<std::vector<quant::Series>> ReadBars(DataClient& data, ReadQuery query, const CallScope& scope) {
  query.basis = quant::PriceBasis::kSplitAdjusted;
  absl::StatusOr<std::vector<quant::Series>> bars = data.Read(query, scope);
  if (bars.ok() || base::DetailsOf(bars.status()).reason != "ALREADY_ADJUSTED") return bars;
  query.basis.reset();
  return data.Read(query, scope);
}

}  // namespace breadthflow::clients
