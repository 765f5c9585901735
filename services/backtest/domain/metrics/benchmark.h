#pragma once

#include <optional>
#include <span>
#include <vector>

#include "services/backtest/domain/inputs.h"

// Comparison with buying everything on the first day and keeping it. Pure; thread-safe.
namespace breadthflow::backtest {

// Value of `capital` in equal parts, each bought at the first close of its symbol, without costs, and held; a part
// waits in cash until its symbol's first bar, and keeps the last close after its last one. One value for each of
// `times`, which holds every bar time of the inputs.
std::vector<double> BuyAndHold(double capital, std::span<const SymbolInput> inputs, std::span<const int64_t> times);

namespace metrics {

// Ordinary least squares of excess returns on the benchmark's excess returns; `alpha` is per period.
struct Regression {
  double alpha = 0;
  double beta = 0;
  double correlation = 0;
};

// Absent below 3 returns, when lengths differ, or when either side has no spread.
std::optional<Regression> RegressOn(std::span<const double> returns, std::span<const double> benchmark,
                                    double periodic_rate);

// Sample standard deviation of (r - b) * sqrt(periods per year).
std::optional<double> TrackingError(std::span<const double> returns, std::span<const double> benchmark,
                                    double periods_per_year);

// mean(r - b) / sample standard deviation(r - b) * sqrt(periods per year). Absent without spread.
std::optional<double> InformationRatio(std::span<const double> returns, std::span<const double> benchmark,
                                       double periods_per_year);

}  // namespace metrics
}  // namespace breadthflow::backtest
