#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace breadthflow::backtest {

// An equity curve with one point per session: what statistics are made of, whatever the bar size.
struct SessionCurve {
  std::vector<int64_t> times;  // Unix nanoseconds
  std::vector<double> equity;
  size_t size() const { return times.size(); }
};

// Days from 1970-01-01 to the UTC date of an instant.
int64_t UtcDay(int64_t time_ns);

// Keeps the last point of each UTC day (sessions of the markets we know do not cross midnight UTC), after a first point
// that holds `capital` at the time of the first bar. When the first day has only that one bar, they are the same point.
SessionCurve ToSessions(std::span<const int64_t> times, std::span<const double> equity, double capital);

// equity[i + 1] / equity[i] - 1. None at all when a point is not positive (ruin): a return on nothing means nothing,
// and neither does any statistic of the returns before it alone.
std::vector<double> SimpleReturns(std::span<const double> equity);

}  // namespace breadthflow::backtest
