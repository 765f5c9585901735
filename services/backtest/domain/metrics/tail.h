#pragma once

#include <optional>
#include <span>

// Historical value at risk and expected shortfall of one period, as losses: positive numbers are losses, in the unit of
// the returns. Absent with fewer than kMinTailReturns returns, which leave fewer than 5 in the 5 % tail. Pure.
namespace breadthflow::backtest::metrics {

inline constexpr size_t kMinTailReturns = 100;

// Minus the ceil(n * tail)-th smallest return: the loss not exceeded with probability 1 - tail.
std::optional<double> ValueAtRisk(std::span<const double> returns, double tail);

// Mean loss in the worst `tail` of the distribution, the return at its border counted with the fraction of it that
// belongs to the tail (Acerbi and Tasche 2002): never below ValueAtRisk, and never a mean over nothing.
std::optional<double> ExpectedShortfall(std::span<const double> returns, double tail);

}  // namespace breadthflow::backtest::metrics
