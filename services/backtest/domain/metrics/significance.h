#pragma once

#include <optional>

// Whether a Sharpe ratio is more than luck. Sharpe ratios are per period (not annual), kurtosis is raw (3 for a normal
// distribution). Pure; thread-safe.
namespace breadthflow::backtest::metrics {

// Standard normal distribution function (Hart 1968, algorithm 5666, after West 2005); error below 1e-14.
double NormalCdf(double x);

// Probability that the true Sharpe ratio is above `benchmark` (Bailey and Lopez de Prado 2012, "The Sharpe Ratio
// Efficient Frontier", eq. 11): Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2)).
// Absent for n < 2 or when the moments leave no variance.
std::optional<double> ProbabilisticSharpe(double sharpe, double benchmark, double n, double skewness, double kurtosis);

// The Sharpe ratio that the best of `trials` unskilled runs is expected to show, when their Sharpe ratios have this
// variance (Bailey and Lopez de Prado 2014, "The Deflated Sharpe Ratio", eq. 7). 0 for one trial.
double ExpectedMaximumSharpe(double trials, double variance);

// ProbabilisticSharpe against ExpectedMaximumSharpe.
std::optional<double> DeflatedSharpe(double sharpe, double n, double skewness, double kurtosis, double trials,
                                     double variance);

// Returns needed before ProbabilisticSharpe reaches `confidence` (same paper of 2012, eq. 13). Absent when the Sharpe
// ratio is not above the benchmark.
std::optional<double> MinimumTrackRecord(double sharpe, double benchmark, double skewness, double kurtosis,
                                         double confidence);

}  // namespace breadthflow::backtest::metrics
