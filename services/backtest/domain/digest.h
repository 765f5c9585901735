#pragma once

#include <span>
#include <string>

#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/simulator.h"

namespace breadthflow::backtest {

// SHA-256, 64 hexadecimal digits, over what a run found: capital, fills, round trips, open positions, refusals, equity
// curve, benchmark and metrics, in that order. No ids and no wall-clock times: the same inputs give the same digest in
// every process, on any number of threads and on every machine.
std::string ResultDigest(const SimulationResult& result, std::span<const double> benchmark,
                         std::span<const MetricValue> metrics);

}  // namespace breadthflow::backtest
