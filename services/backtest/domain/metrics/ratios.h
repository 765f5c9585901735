#pragma once

#include <optional>
#include <span>

#include "services/backtest/domain/metrics/sessions.h"

// Return per risk. Returns are fractions per period; `risk_free_rate` is annual, compounded. Pure; thread-safe.
namespace breadthflow::backtest::metrics {

// mean(r - rf) / sample standard deviation(r - rf) * sqrt(periods per year). Absent below 2 returns or without spread.
std::optional<double> Sharpe(std::span<const double> returns, double risk_free_rate, double periods_per_year);

// mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) * sqrt(periods per year): the same annualisation as Sharpe, the deviation
// over all returns (Sortino and Price 1994). Absent without a return below rf.
std::optional<double> Sortino(std::span<const double> returns, double risk_free_rate, double periods_per_year);

// CAGR / max drawdown. Absent without a drawdown.
std::optional<double> Calmar(const SessionCurve& curve);

// Sharpe * eta(q) / sqrt(q) with eta(q) = q / sqrt(q + 2 sum_{k<q} (q - k) rho_k), q = periods per year and
// autocorrelations up to `lags` (Lo 2002, "The Statistics of Sharpe Ratios", eq. 20; higher lags count as 0). Absent
// where Sharpe is, below 2 * lags returns, or when the autocorrelations leave no variance.
std::optional<double> SharpeLo(std::span<const double> returns, double risk_free_rate, double periods_per_year,
                               int lags);

}  // namespace breadthflow::backtest::metrics
