#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/series.h"

namespace breadthflow::quant {

inline constexpr std::string_view kSignal = "signal";
inline constexpr std::string_view kPrediction = "prediction";

// What a strategy says at the close of one bar. It acts on nothing: sizing, risk and timing are the backtester's.
//   direction  +1 be long, -1 be short (out, where shorting is not allowed), 0 no opinion: keep what is held
//   score      in [-1, 1]: strength of the opinion with its sign; not a probability. May be other than 0 while the
//              direction is 0 (an opinion too weak to act on)
//   reason     for people: which votes made it; may be empty
struct Signal {
  int64_t time = 0;  // of the bar whose close was the last thing known
  int64_t direction = 0;
  double score = 0;
  std::string reason;
  friend bool operator==(const Signal&, const Signal&) = default;
};

// The columns of a signal series, looked up once. Does not own.
struct SignalColumns {
  std::span<const int64_t> times;
  std::span<const int64_t> direction;
  std::span<const double> score;
  std::span<const std::string> reason;

  size_t size() const { return times.size(); }
  Signal operator[](size_t row) const { return {times[row], direction[row], score[row], reason[row]}; }

  // INVALID_ARGUMENT NOT_SIGNALS when a column is absent, of another type or has missing values, a direction is not -1,
  // 0 or 1, or a score is outside [-1, 1].
  static absl::StatusOr<SignalColumns> Of(const Series& series);
};

// A Series of resource "signal" with columns direction (int64), score (double), reason (text): one row per bar from the
// first bar at which the strategy was ready. `variant` is the run that made them.
Series SignalSeries(SeriesKey key, std::vector<int64_t> times, std::vector<int64_t> direction,
                    std::vector<double> score, std::vector<std::string> reason);

}  // namespace breadthflow::quant
