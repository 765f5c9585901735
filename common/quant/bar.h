#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/quant/series.h"

namespace breadthflow::quant {

inline constexpr std::string_view kStockPrice = "stock_price";

// One bar. `time` is the instant at which it was complete (Unix nanoseconds, UTC). Prices in the currency of the
// instrument, volume in units of it.
struct Bar {
  int64_t time = 0;
  double open = 0, high = 0, low = 0, close = 0, volume = 0;
};

// The columns of a bar series, looked up once. Does not own: must not outlive the Series. Cheap to copy.
struct BarColumns {
  std::span<const int64_t> times;
  std::span<const double> open, high, low, close, volume;

  size_t size() const { return times.size(); }
  Bar operator[](size_t row) const { return {times[row], open[row], high[row], low[row], close[row], volume[row]}; }
  // The first `size` rows.
  BarColumns First(size_t size) const;

  // INVALID_ARGUMENT NOT_BARS when a column is absent, not double, or has a missing value; every fault is named. An
  // `adj_close` column is none of the bar: who wants it asks the series.
  static absl::StatusOr<BarColumns> Of(const Series& series);
};

}  // namespace breadthflow::quant
