#include "services/backtest/app/bars.h"

#include "common/base/status.h"

namespace breadthflow::backtest {

absl::StatusOr<std::vector<quant::Series>> ReadBars(clients::DataClient& data, clients::ReadQuery query,
                                                    const clients::CallScope& scope) {
  query.basis = quant::PriceBasis::kSplitAdjusted;
  absl::StatusOr<std::vector<quant::Series>> bars = data.Read(query, scope);
  if (bars.ok() || base::DetailsOf(bars.status()).reason != "ALREADY_ADJUSTED") return bars;
  query.basis.reset();
  return data.Read(query, scope);
}

}  // namespace breadthflow::backtest
