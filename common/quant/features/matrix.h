#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/features/labels.h"
#include "common/quant/series.h"

namespace breadthflow::quant {

// The features and labels of one symbol, as computed; rows of the two need not match.
struct SymbolSamples {
  Series features;
  std::vector<Label> labels;
};

// Model inputs of many symbols, with the labels where known. Rows are ordered by (time, symbol); each (symbol, time)
// occurs once. Features are float, row-major: what the models see is exactly this.
struct Matrix {
  std::vector<std::string> columns;
  std::vector<std::string> symbols;  // sorted
  std::vector<float> values;         // size() * columns.size()

  std::vector<int32_t> symbol;  // index into `symbols`
  std::vector<int64_t> time;    // decision, Unix nanoseconds
  std::vector<int64_t> exit;    // end of the label's window, Unix nanoseconds
  std::vector<int32_t> target;  // class, 0 or 1
  std::vector<double> outcome;  // the forward return behind the class

  size_t size() const { return time.size(); }
  size_t width() const { return columns.size(); }
  std::span<const float> Row(size_t row) const { return std::span(values).subspan(row * width(), width()); }

  // The rows at `rows`, in that order.
  Matrix Select(std::span<const uint32_t> rows) const;
};

// Joins features and labels on (symbol, time), once: a row is kept when every feature is known and it has a label.
// INVALID_ARGUMENT if two inputs are of one symbol or the columns differ.
absl::StatusOr<Matrix> JoinSamples(std::span<const SymbolSamples> inputs);

// Rows of a features series as floats, row-major, for rows [begin, end); NaN stays NaN.
std::vector<float> ToRows(const Series& features, size_t begin, size_t end);

}  // namespace breadthflow::quant
