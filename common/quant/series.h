#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/hash.h"
#include "common/quant/timeframe.h"

namespace breadthflow::quant {

enum class ColumnType { kDouble = 1, kInt64 = 2, kText = 3 };

// One named column. A value that is missing has `valid` false at its row; an empty `valid` means that all are present.
// Doubles are finite, except in indicator output, where NaN means "not known yet".
struct Column {
  std::string name;
  std::variant<std::vector<double>, std::vector<int64_t>, std::vector<std::string>> values;
  std::vector<bool> valid;

  ColumnType type() const { return static_cast<ColumnType>(values.index() + 1); }
  size_t size() const {
    return std::visit([](const auto& v) { return v.size(); }, values);
  }
  bool present(size_t row) const { return valid.empty() || valid[row]; }
  friend bool operator==(const Column&, const Column&) = default;
};

// How prices were adjusted before they reached us. A source declares it, the series keeps it, and whoever would adjust
// a second time is refused.
enum class PriceBasis { kNotPrices = 0, kRaw = 1, kSplitAdjusted = 2, kSplitAndDividendAdjusted = 3 };
std::string_view ToText(PriceBasis basis);  // "none", "raw", "split", "split_dividend"
// INVALID_ARGUMENT UNKNOWN_PRICE_BASIS; ANCHORED_PRICES for prices that were made for one read ("total_return@<time of
// the row on which they are anchored>", as exports say it): no series has such.
absl::StatusOr<PriceBasis> ParsePriceBasis(std::string_view text);

// What a series is of. `resource` is the kind ("stock_price", "signal", "prediction", "equity"), `symbol` upper case as
// the user gave it, `variant` tells series apart that share both (the run that made them; empty for market data).
struct SeriesKey {
  std::string resource;
  std::string symbol;
  Timeframe timeframe = Timeframe::kDay;
  std::string variant;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// Half-open [start, end) in Unix nanoseconds.
struct TimeRange {
  int64_t start_ns = INT64_MIN;
  int64_t end_ns = INT64_MAX;
  bool Contains(int64_t time_ns) const { return time_ns >= start_ns && time_ns < end_ns; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

inline int64_t ToNanos(absl::Time time) { return absl::ToUnixNanos(time); }
inline absl::Time FromNanos(int64_t nanos) { return absl::FromUnixNanos(nanos); }

// A table of typed columns indexed by time: what is stored, carried, read and written everywhere.
//
// Rows are strictly ascending by `times` (Unix nanoseconds, UTC: the instant at which the row became known; a bar's
// close, a filing's publication). With `repeats` rows may share their instant (trades of one nanosecond, the contracts
// of an option chain, the periods of one filing): the rows of one instant are then one unit, stored, replaced, sliced
// and split into chunks together, in the order given. All columns have the length of `times`. Plain data; immutable by
// convention once shared.
struct Series {
  SeriesKey key;
  PriceBasis basis = PriceBasis::kNotPrices;
  bool repeats = false;
  std::vector<int64_t> times;
  std::vector<Column> columns;

  size_t size() const { return times.size(); }
  bool empty() const { return times.empty(); }

  const Column* Find(std::string_view name) const;
  // The doubles of a column, or an empty span if it is absent or of another type.
  std::span<const double> Doubles(std::string_view name) const;
  std::span<const int64_t> Ints(std::string_view name) const;
  void Add(std::string name, std::vector<double> values);
  void Add(std::string name, std::vector<int64_t> values);
  void Add(std::string name, std::vector<std::string> values);

  // Lengths equal, names unique and not empty, times strictly ascending (with `repeats`: not descending), doubles
  // finite where present.
  // INVALID_ARGUMENT that names the first offending row of each kind.
  absl::Status Validate() const;

  // Rows with time in `range`, all columns; key, basis and `repeats` stay.
  Series Slice(TimeRange range) const;
  // Rows [begin, end).
  Series Rows(size_t begin, size_t end) const;

  // SHA-256 over resource, symbol, timeframe, times, column names, presence and values, row after row: not over ids,
  // knowledge times, variant or how the rows are stored. Missing values hash as missing, whatever fills their slot.
  base::Sha256Digest ContentHash() const;

  friend bool operator==(const Series&, const Series&) = default;
};

// Bytes that a series takes in memory, about.
int64_t BytesOf(const Series& series);

// Appends the rows of `tail` to `head`; the columns must match by name and type and the times must follow: no instant
// of `tail` is one of `head`, also where rows repeat. `head` repeats when either does.
absl::Status Append(Series& head, const Series& tail);

// The first `size` rows of a series and nothing after them: what a decision at row size - 1 may know. Strategies
// receive this type, so that look-ahead is not expressible. Does not own; must not outlive the series. Cheap to copy.
class SeriesView {
 public:
  SeriesView(const Series& series, size_t size) : series_(&series), size_(size) {}
  size_t size() const { return size_; }
  int64_t time(size_t row) const { return series_->times[row]; }
  const SeriesKey& key() const { return series_->key; }
  std::span<const int64_t> times() const { return std::span(series_->times).first(size_); }
  std::span<const double> Doubles(std::string_view name) const;
  // By position in Series::columns: for callers that looked the name up once. The column must hold doubles.
  std::span<const double> Doubles(size_t column) const;
  bool present(size_t column, size_t row) const { return series_->columns[column].present(row); }

 private:
  const Series* series_;
  size_t size_;
};

}  // namespace breadthflow::quant
