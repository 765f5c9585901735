#include "services/backtest/domain/metrics/sessions.h"

#include <algorithm>

namespace breadthflow::backtest {
namespace {

constexpr int64_t kDay = 86'400'000'000'000;

}  // namespace

int64_t UtcDay(int64_t time_ns) { return time_ns >= 0 ? time_ns / kDay : -((-time_ns + kDay - 1) / kDay); }

SessionCurve ToSessions(std::span<const int64_t> times, std::span<const double> equity, double capital) {
  SessionCurve curve;
  if (times.empty()) return curve;
  curve.times.push_back(times[0]);
  curve.equity.push_back(capital);
  for (size_t i = 0; i < times.size(); ++i) {
    const bool last_of_day = i + 1 == times.size() || UtcDay(times[i + 1]) != UtcDay(times[i]);
    if (!last_of_day || i == 0) continue;
    curve.times.push_back(times[i]);
    curve.equity.push_back(equity[i]);
  }
  return curve;
}

std::vector<double> SimpleReturns(std::span<const double> equity) {
  std::vector<double> returns;
  if (equity.size() < 2 || std::any_of(equity.begin(), equity.end(), [](double value) { return !(value > 0); })) {
    return returns;
  }
  returns.reserve(equity.size() - 1);
  for (size_t i = 1; i < equity.size(); ++i) returns.push_back(equity[i] / equity[i - 1] - 1);
  return returns;
}

}  // namespace breadthflow::backtest
