#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "services/backtest/domain/inputs.h"

namespace breadthflow::backtest {

// Which bar of each symbol is at hand while a simulation goes from time to time of the union of all bars. Every step is
// Begin and then End. Inline: it is asked in the innermost loop. Not thread-safe.
class BarCursor {
 public:
  // Before the first of `steps` times. `inputs` must outlive it.
  BarCursor(const std::vector<SymbolInput>& inputs, size_t steps)
      : inputs_(inputs), rows_(inputs.size()), is_fresh_(inputs.size()) {
    fresh_.reserve(inputs.size());
    aligned_ =
        std::all_of(inputs.begin(), inputs.end(), [&](const SymbolInput& input) { return input.bars.size() == steps; });
    if (!aligned_) return;
    for (size_t i = 0; i < inputs.size(); ++i) fresh_.push_back(static_cast<int32_t>(i));
    is_fresh_.assign(inputs.size(), 1);
  }

  // Finds the symbols that have a bar at `now`, which is not before the next bar of any.
  void Begin(int64_t now) {
    if (!aligned_) FindFresh(now);
  }
  // Goes on to the next bars of those symbols.
  void End() {
    for (const int32_t symbol : fresh_) ++rows_[static_cast<size_t>(symbol)];
  }
  // The only symbol: passes over `count` bars.
  void Skip(size_t count) { rows_[0] += count; }

  std::span<const int32_t> fresh() const { return fresh_; }  // ascending
  bool IsFresh(int32_t symbol) const { return is_fresh_[static_cast<size_t>(symbol)] != 0; }
  // Row of the symbol's bar at hand, or of its next one when it is not fresh.
  size_t row(int32_t symbol) const { return rows_[static_cast<size_t>(symbol)]; }

 private:
  void FindFresh(int64_t now) {
    fresh_.clear();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const std::span<const int64_t> times = inputs_[i].bars.times;
      is_fresh_[i] = rows_[i] < times.size() && times[rows_[i]] == now;
      if (is_fresh_[i]) fresh_.push_back(static_cast<int32_t>(i));
    }
  }

  const std::vector<SymbolInput>& inputs_;
  std::vector<size_t> rows_;
  std::vector<uint8_t> is_fresh_;
  std::vector<int32_t> fresh_;
  bool aligned_ = false;  // every symbol has a bar at every step
};

}  // namespace breadthflow::backtest
