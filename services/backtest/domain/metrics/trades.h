#pragma once

#include <optional>
#include <span>

#include "services/backtest/domain/order.h"

// Statistics of closed round trips, after all costs. All are absent without the round trips that they need. Pure.
namespace breadthflow::backtest::metrics {

std::optional<double> WinRate(std::span<const RoundTrip> trips);       // share with pnl > 0
std::optional<double> ProfitFactor(std::span<const RoundTrip> trips);  // gross profit / gross loss; absent, not
                                                                       // infinite, without a loss
std::optional<double> PayoffRatio(std::span<const RoundTrip> trips);   // mean win / mean loss; needs both
std::optional<double> Expectancy(std::span<const RoundTrip> trips);    // mean pnl, money
std::optional<double> MeanBarsHeld(std::span<const RoundTrip> trips);

}  // namespace breadthflow::backtest::metrics
