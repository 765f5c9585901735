#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/clients/data_client.h"

// How features, signals and simulations read bars: adjusted for splits, since a split is no price change that anything
// should react to. Each series whose stored prices hold more adjustments than that already (which can not be taken out)
// comes as it is stored; that changes nothing for the others. The basis of each says which it is.
namespace breadthflow::clients {

// `query` in that basis.
inline ReadQuery ForBars(ReadQuery query) {
  query.basis = quant::PriceBasis::kSplitAdjusted;
  query.keep_adjusted = true;
  return query;
}

// DataClient::ReadEach in that basis. What `fn` returned ends the read.
inline absl::Status ReadEachBars(DataClient& data, ReadQuery query,
                                 const std::function<absl::Status(quant::Series)>& fn, const CallScope& scope) {
  return data.ReadEach(ForBars(std::move(query)), fn, scope);
}

// DataClient::Read in that basis.
inline absl::StatusOr<std::vector<quant::Series>> ReadBars(DataClient& data, ReadQuery query, const CallScope& scope) {
  return data.Read(ForBars(std::move(query)), scope);
}

}  // namespace breadthflow::clients
