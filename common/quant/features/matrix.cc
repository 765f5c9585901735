#include "common/quant/features/matrix.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

std::vector<std::string> Names(const Series& features) {
  std::vector<std::string> names;
  for (const Column& column : features.columns) names.push_back(column.name);
  return names;
}

absl::Status Check(std::span<const SymbolSamples> inputs) {
  base::Violations violations;
  std::vector<std::string> symbols;
  for (const SymbolSamples& input : inputs) {
    if (Names(input.features) != Names(inputs.front().features))
      violations.Add(input.features.key.symbol, "has other feature columns than the first symbol");
    symbols.push_back(input.features.key.symbol);
  }
  std::sort(symbols.begin(), symbols.end());
  for (auto twice = std::adjacent_find(symbols.begin(), symbols.end()); twice != symbols.end();
       twice = std::adjacent_find(twice + 1, symbols.end()))
    violations.Add(*twice, "is given more than once");
  return violations.ToStatus("training samples", "SAMPLES_DO_NOT_JOIN");
}

// One row that is kept: where it came from.
struct Kept {
  int64_t time;
  int32_t symbol;
  uint32_t input;
  uint32_t row;  // of the features
  uint32_t label;
};

bool Known(const std::vector<std::span<const double>>& columns, size_t row) {
  return std::all_of(columns.begin(), columns.end(), [row](const auto& c) { return std::isfinite(c[row]); });
}

std::vector<std::span<const double>> ColumnsOf(const Series& features) {
  std::vector<std::span<const double>> columns;
  for (const Column& column : features.columns) columns.push_back(features.Doubles(column.name));
  return columns;
}

}  // namespace

Matrix Matrix::Select(std::span<const uint32_t> rows) const {
  Matrix out;
  out.columns = columns;
  out.symbols = symbols;
  out.values.reserve(rows.size() * width());
  for (uint32_t row : rows) {
    const std::span<const float> from = Row(row);
    out.values.insert(out.values.end(), from.begin(), from.end());
    out.symbol.push_back(symbol[row]);
    out.time.push_back(time[row]);
    out.exit.push_back(exit[row]);
    out.target.push_back(target[row]);
    out.outcome.push_back(outcome[row]);
  }
  return out;
}

absl::StatusOr<Matrix> JoinSamples(std::span<const SymbolSamples> inputs) {
  Matrix out;
  if (inputs.empty()) return out;
  BF_RETURN_IF_ERROR(Check(inputs));
  out.columns = Names(inputs.front().features);
  for (const SymbolSamples& input : inputs) out.symbols.push_back(input.features.key.symbol);
  std::sort(out.symbols.begin(), out.symbols.end());

  std::vector<Kept> kept;
  std::vector<std::vector<std::span<const double>>> columns;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    const Series& features = inputs[i].features;
    columns.push_back(ColumnsOf(features));
    const auto place = std::lower_bound(out.symbols.begin(), out.symbols.end(), features.key.symbol);
    const auto symbol = static_cast<int32_t>(place - out.symbols.begin());
    uint32_t row = 0;
    for (uint32_t label = 0; label < inputs[i].labels.size(); ++label) {
      const int64_t time = inputs[i].labels[label].decision_ns;
      while (row < features.size() && features.times[row] < time) ++row;
      if (row < features.size() && features.times[row] == time && Known(columns.back(), row))
        kept.push_back({time, symbol, i, row, label});
    }
  }
  std::sort(kept.begin(), kept.end(),
            [](const Kept& a, const Kept& b) { return std::tie(a.time, a.symbol) < std::tie(b.time, b.symbol); });

  out.values.reserve(kept.size() * out.width());
  for (const Kept& k : kept) {
    const Label& label = inputs[k.input].labels[k.label];
    for (const auto& column : columns[k.input]) out.values.push_back(static_cast<float>(column[k.row]));
    out.symbol.push_back(k.symbol);
    out.time.push_back(k.time);
    out.exit.push_back(label.exit_ns);
    out.target.push_back(label.target);
    out.outcome.push_back(label.forward_return);
  }
  return out;
}

std::vector<float> ToRows(const Series& features, size_t begin, size_t end) {
  const std::vector<std::span<const double>> columns = ColumnsOf(features);
  std::vector<float> rows((end - begin) * columns.size());
  for (size_t c = 0; c < columns.size(); ++c)
    for (size_t row = begin; row < end; ++row)
      rows[(row - begin) * columns.size() + c] = static_cast<float>(columns[c][row]);
  return rows;
}

}  // namespace breadthflow::quant
