#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/base/status.h"
#include "common/quant/features/feature_set.h"
#include "common/quant/indicators/catalog.h"

namespace breadthflow::quant {
namespace {

using Values = std::vector<double>;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kWarmUp = 49;  // the first mean of 50 closes is in row 49

absl::StatusOr<IndicatorColumns> Indicator(std::string_view name, const component::RawParams& params,
                                           const BarColumns& bars) {
  BF_ASSIGN_OR_RETURN(const IndicatorEntry* entry, Indicators().Find(name));
  return ComputeIndicator(*entry, params, bars);
}

// fn(row) for rows from `first` on; unknown before.
template <typename Fn>
Values From(size_t first, size_t size, Fn fn) {
  Values out(size, kUnknown);
  for (size_t row = first; row < size; ++row) out[row] = fn(row);
  return out;
}

Values Return(std::span<const double> close, size_t bars) {
  return From(bars, close.size(), [&](size_t t) { return close[t] / close[t - bars] - 1.0; });
}

// Mean of the last `period` values.
double Mean(std::span<const double> values, size_t row, size_t period) {
  double sum = 0;
  for (size_t i = row + 1 - period; i <= row; ++i) sum += values[i];
  return sum / static_cast<double>(period);
}

// Standard deviation (divisor n) of the last `period` one-bar returns; the first return is in row 1.
Values Volatility(const Values& returns, size_t period) {
  return From(period, returns.size(), [&](size_t t) {
    const double mean = Mean(returns, t, period);
    double sum = 0;
    for (size_t i = t + 1 - period; i <= t; ++i) sum += (returns[i] - mean) * (returns[i] - mean);
    return std::sqrt(sum / static_cast<double>(period));
  });
}

// a / b, or `otherwise` where b is zero: nothing moved or nothing was traded in the whole window.
double Ratio(double a, double b, double otherwise) { return b != 0 ? a / b : otherwise; }

Values Divided(const Values& values, std::span<const double> by) {
  return From(0, values.size(), [&](size_t t) { return values[t] / by[t]; });
}

std::vector<FeatureColumn> Columns() {
  return {
      {"return_1", "close / close[1] - 1"},
      {"return_5", "close / close[5] - 1"},
      {"return_10", "close / close[10] - 1"},
      {"return_20", "close / close[20] - 1"},
      {"gap", "open / close[1] - 1"},
      {"range", "(high - low) / close"},
      {"close_location", "(close - low) / (high - low) - 0.5; 0 when high = low"},
      {"close_to_sma_10", "close / sma(10) - 1"},
      {"close_to_sma_20", "close / sma(20) - 1"},
      {"close_to_sma_50", "close / sma(50) - 1"},
      {"close_to_high_50", "close / max(high, 50) - 1"},
      {"close_to_low_50", "close / min(low, 50) - 1"},
      {"rsi_14", "rsi(14) / 50 - 1"},
      {"macd_histogram", "macd(12, 26, 9).histogram / close"},
      {"percent_b_20", "(close - bollinger(20, 2).lower) / (upper - lower) - 0.5; 0 when upper = lower"},
      {"atr_14", "atr(14) / close"},
      {"volatility_20", "standard deviation (n) of return_1 over 20"},
      {"volatility_ratio", "standard deviation of return_1 over 5 / over 20 - 1; 0 when nothing moved"},
      {"return_1_in_volatility", "return_1 / volatility_20; 0 when nothing moved"},
      {"volume_ratio_1_20", "volume / mean(volume, 20) - 1; 0 when nothing was traded"},
      {"volume_ratio_5_20", "mean(volume, 5) / mean(volume, 20) - 1; 0 when nothing was traded"},
  };
}

absl::StatusOr<std::vector<Values>> Compute(const BarColumns& bars) {
  const size_t n = bars.size();
  const std::span<const double> close = bars.close;
  BF_ASSIGN_OR_RETURN(const IndicatorColumns sma_10, Indicator("sma", {{"period", int64_t{10}}}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns sma_20, Indicator("sma", {{"period", int64_t{20}}}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns sma_50, Indicator("sma", {{"period", int64_t{50}}}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns rsi, Indicator("rsi", {{"period", int64_t{14}}}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns macd, Indicator("macd", {}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns bands, Indicator("bollinger", {{"period", int64_t{20}}}, bars));
  BF_ASSIGN_OR_RETURN(const IndicatorColumns atr, Indicator("atr", {{"period", int64_t{14}}}, bars));
  const Values& upper = bands[0];
  const Values& lower = bands[2];

  const Values return_1 = Return(close, 1);
  const Values volatility_5 = Volatility(return_1, 5);
  const Values volatility_20 = Volatility(return_1, 20);
  const auto to_sma = [&](const IndicatorColumns& sma) {
    return From(0, n, [&](size_t t) { return close[t] / sma[0][t] - 1.0; });
  };

  std::vector<Values> out;
  out.push_back(return_1);
  out.push_back(Return(close, 5));
  out.push_back(Return(close, 10));
  out.push_back(Return(close, 20));
  out.push_back(From(1, n, [&](size_t t) { return bars.open[t] / close[t - 1] - 1.0; }));
  out.push_back(From(0, n, [&](size_t t) { return (bars.high[t] - bars.low[t]) / close[t]; }));
  out.push_back(
      From(0, n, [&](size_t t) { return Ratio(close[t] - bars.low[t], bars.high[t] - bars.low[t], 0.5) - 0.5; }));
  out.push_back(to_sma(sma_10));
  out.push_back(to_sma(sma_20));
  out.push_back(to_sma(sma_50));
  out.push_back(From(kWarmUp, n, [&](size_t t) {
    const auto window = bars.high.subspan(t - kWarmUp, kWarmUp + 1);
    return close[t] / *std::max_element(window.begin(), window.end()) - 1.0;
  }));
  out.push_back(From(kWarmUp, n, [&](size_t t) {
    const auto window = bars.low.subspan(t - kWarmUp, kWarmUp + 1);
    return close[t] / *std::min_element(window.begin(), window.end()) - 1.0;
  }));
  out.push_back(From(0, n, [&](size_t t) { return rsi[0][t] / 50.0 - 1.0; }));
  out.push_back(Divided(macd[2], close));
  out.push_back(From(0, n, [&](size_t t) { return Ratio(close[t] - lower[t], upper[t] - lower[t], 0.5) - 0.5; }));
  out.push_back(Divided(atr[0], close));
  out.push_back(volatility_20);
  out.push_back(From(20, n, [&](size_t t) { return Ratio(volatility_5[t], volatility_20[t], 1.0) - 1.0; }));
  out.push_back(From(20, n, [&](size_t t) { return Ratio(return_1[t], volatility_20[t], 0.0); }));
  out.push_back(From(19, n, [&](size_t t) { return Ratio(bars.volume[t], Mean(bars.volume, t, 20), 1.0) - 1.0; }));
  out.push_back(
      From(19, n, [&](size_t t) { return Ratio(Mean(bars.volume, t, 5), Mean(bars.volume, t, 20), 1.0) - 1.0; }));
  return out;
}

}  // namespace

const FeatureSet& TechnicalV1() {
  static const auto* const set = new FeatureSet("technical_v1", Columns(), kWarmUp, &Compute);
  return *set;
}

}  // namespace breadthflow::quant
