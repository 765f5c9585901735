#pragma once

// Logarithm, exponential, the normal distribution and its quantile made of +, -, *, / and sqrt only, which IEEE 754
// rounds correctly: the same bits on every CPU and C library. (libm picks its kernels by CPU.) Use these wherever the
// result is stored or hashed. Pure; thread-safe.
namespace breadthflow::quant::stats {

// Natural logarithm, error below 2 ulp. NaN for negative or NaN x, -infinity for 0.
double Log(double x);

// e^x, error below 2 ulp; 0 below -745.2 and infinity above 709.8.
double Exp(double x);

// Quantile of the standard normal distribution (Wichura 1988, AS 241, PPND16; relative error below 1e-15).
// p in (0, 1); -infinity at 0, infinity at 1, NaN outside.
double NormalQuantile(double p);

// Distribution function of the standard normal, absolute error below 1e-14 (Hart 1968, algorithm 5666, with a continued
// fraction in the far tails). NaN for NaN.
double NormalCdf(double x);

}  // namespace breadthflow::quant::stats
