#pragma once

#include <optional>
#include <span>

#include "services/backtest/domain/metrics/sessions.h"

// How much a curve has grown and how much it moved. Returns are fractions per period. Pure; thread-safe.
namespace breadthflow::backtest::metrics {

// last / first - 1; -1 and below after ruin. Absent for an empty curve.
std::optional<double> TotalReturn(const SessionCurve& curve);

// (1 + total return)^(1 / years) - 1 with years = calendar time between first and last point / 365.25 days. -1 after
// ruin. Absent when the curve spans less than a day.
std::optional<double> Cagr(const SessionCurve& curve);

// Sample standard deviation (ddof 1) * sqrt(periods per year). Absent below 2 returns.
std::optional<double> AnnualVolatility(std::span<const double> returns, double periods_per_year);

// sqrt(mean(min(r - target, 0)^2)) over all returns, per period. Absent without returns.
std::optional<double> DownsideDeviation(std::span<const double> returns, double target);

// The periodic rate that compounds to `annual_rate`.
double PeriodicRate(double annual_rate, double periods_per_year);

}  // namespace breadthflow::backtest::metrics
