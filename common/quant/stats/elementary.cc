#include "common/quant/stats/elementary.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace breadthflow::quant::stats {
namespace {

// ln 2 in two parts: the first has 20 trailing zero bits, so that k * kLn2High is exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kInverseLn2 = 1.44269504088896338700e+00;
constexpr double kSqrtHalf = 7.07106781186547524401e-01;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double PowerOfTwo(int exponent) { return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

// Coefficients from the highest power down.
template <size_t N>
double Polynomial(const double (&coefficients)[N], double x) {
  double value = coefficients[0];
  for (size_t i = 1; i < N; ++i) value = value * x + coefficients[i];
  return value;
}

}  // namespace

double Log(double x) {
  if (!(x >= 0)) return kNan;
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return x;
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= PowerOfTwo(54);
    exponent = -54;
  }
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1022;
  double mantissa = std::bit_cast<double>((bits & 0x000f'ffff'ffff'ffffULL) | 0x3fe0'0000'0000'0000ULL);  // [0.5, 1)
  if (mantissa < kSqrtHalf) {
    mantissa *= 2;
    --exponent;
  }
  // log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R), s = f / (2 + f), R the rest of the series of 2 atanh(s) / s.
  const double f = mantissa - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  static constexpr double kSeries[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                       2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
  const double rest = z * Polynomial(kSeries, z);
  const double half_square = 0.5 * f * f;
  const double k = exponent;
  return k * kLn2High - ((half_square - (s * (half_square + rest) + k * kLn2Low)) - f);
}

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.782712893384) return kInfinity;
  if (x < -745.2) return 0;
  // Adding and subtracting 1.5 * 2^52 rounds to the nearest whole number.
  constexpr double kRound = 6755399441055744.0;
  const double k = (x * kInverseLn2 + kRound) - kRound;
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;
  // e^r = 1 + r + r^2 (1/2 + r/6 + ...), |r| <= ln(2) / 2.
  static constexpr double kSeries[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                       1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                       1.0 / 120,        1.0 / 24,        1.0 / 6,        1.0 / 2};
  const double value = 1 + (high + (r * r * Polynomial(kSeries, r) - low));
  const int exponent = static_cast<int>(k);
  // In two steps, so that neither factor leaves the range of normal numbers.
  const int half = exponent / 2;
  return value * PowerOfTwo(half) * PowerOfTwo(exponent - half);
}

double NormalQuantile(double p) {
  if (!(p >= 0 && p <= 1)) return kNan;
  if (p == 0) return -kInfinity;
  if (p == 1) return kInfinity;
  static constexpr double kCentreTop[] = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                                          4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                                          1.3314166789178437745e2, 3.3871328727963666080e0};
  static constexpr double kCentreBottom[] = {
      5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
      5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0};
  static constexpr double kMiddleTop[] = {
      7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
      3.64784832476320460504e0, 5.76949722146069140550e0,  4.63033784615654529590e0,  1.42343711074968357734e0};
  static constexpr double kMiddleBottom[] = {
      1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
      6.89767334985100004550e-1, 1.67638483018380384940e0,  2.05319162663775882187e0,  1.0};
  static constexpr double kTailTop[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                                        2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
                                        5.46378491116411436990e0,  6.65790464350110377720e0};
  static constexpr double kTailBottom[] = {
      2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
      1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kCentreTop, r) / Polynomial(kCentreBottom, r);
  }
  double r = std::sqrt(-Log(q < 0 ? p : 1 - p));
  double value = 0;
  if (r <= 5) {
    r -= 1.6;
    value = Polynomial(kMiddleTop, r) / Polynomial(kMiddleBottom, r);
  } else {
    r -= 5;
    value = Polynomial(kTailTop, r) / Polynomial(kTailBottom, r);
  }
  return q < 0 ? -value : value;
}

double NormalCdf(double x) {
  // From the highest power down.
  static constexpr double kTop[] = {3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383,
                                    112.079291497871,     221.213596169931,  220.206867912376};
  static constexpr double kBottom[] = {8.83883476483184e-02, 1.75566716318264, 16.064177579207,  86.7807322029461,
                                       296.564248779674,     637.333633378831, 793.826512519948, 440.413735824752};
  const double size = x < 0 ? -x : x;
  double tail = 0;
  if (size < 7.07106781186547) {
    tail = Exp(-size * size / 2) * Polynomial(kTop, size) / Polynomial(kBottom, size);
  } else if (size <= 38) {
    double fraction = size + 0.65;
    for (int i = 4; i > 0; --i) fraction = size + i / fraction;
    tail = Exp(-size * size / 2) / fraction / 2.506628274631;
  } else if (!(size > 38)) {
    return x;  // NaN
  }
  return x > 0 ? 1 - tail : tail;
}

}  // namespace breadthflow::quant::stats
