#pragma once

#include "absl/status/statusor.h"

#include "common/clients/data_client.h"

namespace breadthflow::backtest {

// Reads bars in the price basis that a simulation needs: adjusted for splits, or as they are stored when those hold
// more adjustments than that already (which can not be taken out). Otherwise as DataClient::Read.
absl::StatusOr<std::vector<quant::Series>> ReadBars(clients::DataClient& data, clients::ReadQuery query,
                                                    const clients::CallScope& scope);

}  // namespace breadthflow::backtest
