#pragma once

#include <optional>
#include <span>

// Moments of a sample. All are absent for samples too small to have them, and the standardised ones for samples
// without spread. Pure; thread-safe.
namespace breadthflow::backtest::metrics {

std::optional<double> Mean(std::span<const double> values);               // n >= 1
std::optional<double> StandardDeviation(std::span<const double> values);  // ddof 1, n >= 2

// Population forms, m3 / m2^1.5 and m4 / m2^2 (raw: 3 for a normal distribution); n >= 3 and n >= 4.
std::optional<double> Skewness(std::span<const double> values);
std::optional<double> Kurtosis(std::span<const double> values);

}  // namespace breadthflow::backtest::metrics
