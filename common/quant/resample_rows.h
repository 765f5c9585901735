#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/quant/series.h"

// For resample*.cc and whoever must know which rows they pass over: the rows that are read, the bar that they make, the
// series of such bars.
namespace breadthflow::quant {

// A column as numbers, whether stored as doubles or integers; not there when the series has no such column.
class Numbers {
 public:
  Numbers() = default;
  Numbers(const Series& series, std::string_view name);
  Numbers(Numbers&&) = default;
  Numbers& operator=(Numbers&&) = default;

  bool there() const { return there_; }
  bool present(size_t row) const { return there_ && (column_ == nullptr || column_->present(row)); }
  double operator[](size_t row) const { return values_[row]; }
  void Require(std::string_view name, base::Violations& violations) const;

 private:
  bool there_ = false;
  const Column* column_ = nullptr;
  std::vector<double> converted_;
  std::span<const double> values_;
};

// Trades or bars, read alike. Does not own; must not outlive the series.
struct SourceRows {
  bool trades = false;
  bool raw = false;
  std::span<const int64_t> times;
  Numbers open, high, low, close, volume;  // trades: all prices are `close`
  Numbers vwap, trade_count, adj_close, dividend, split_ratio, is_filled;

  static absl::StatusOr<SourceRows> Of(const Series& series);

  size_t size() const { return times.size(); }
  // The instant by which the row's interval is found: a bar belongs where it ends.
  int64_t position(size_t row) const { return trades ? times[row] : times[row] - 1; }
  bool filled(size_t row) const { return is_filled.present(row) && is_filled[row] != 0; }
  double value(size_t row) const;  // price x size
};

// A number that is unknown as soon as one part of it is.
struct Known {
  double value = 0;
  bool known = true;
};

struct PartialBar {
  size_t rows = 0;
  double open = 0, high = 0, low = 0, close = 0, volume = 0;
  Known value, trade_count, adj_close, dividend, split_ratio{1, true};

  void Add(const SourceRows& source, size_t row);
};

class BarWriter {
 public:
  BarWriter(const SourceRows& source, bool mark_filled);
  void Write(int64_t time, const PartialBar& bar);
  // Repeats the close of the last bar.
  void Fill(int64_t time);
  bool empty() const { return bars_.times.empty(); }
  int64_t last_time() const { return bars_.times.back(); }
  Series Finish(SeriesKey key, PriceBasis basis) &&;

 private:
  struct Optional {
    std::vector<double> values;
    std::vector<bool> valid;
    void Push(Known value);
  };
  void AddOptional(std::string_view name, Optional column);

  bool trades_, vwap_, trade_count_, adj_close_, dividend_, split_ratio_, mark_filled_;
  Series bars_;
  std::vector<double> open_, high_, low_, close_, volume_;
  Optional vwaps_, trade_counts_, adj_closes_, dividends_, split_ratios_;
  std::vector<int64_t> filled_;
};

}  // namespace breadthflow::quant
