#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/quant/bar.h"
#include "common/quant/series.h"

namespace breadthflow::backtest {

// One symbol as the simulator reads it: its bars and, for each bar, what the strategy said at its close (+1, -1, or 0
// for no opinion and for bars without a signal). The bars are not owned and must outlive it.
struct SymbolInput {
  std::string symbol;
  quant::BarColumns bars;
  std::vector<int8_t> direction;
};

// Puts signals beside their bars. INVALID_ARGUMENT when either series is malformed, opens or closes are not positive,
// or a signal's time is not the time of a bar (it would have been made from other data).
absl::StatusOr<SymbolInput> MakeSymbolInput(const quant::Series& bars, const quant::Series& signals);

// Whether they can be simulated together; `inputs` are ordered by symbol. INVALID_ARGUMENT when there is none or a
// symbol appears twice, has no bars or not one direction for each, or the capital is not positive.
absl::Status CheckInputs(double capital, const std::vector<SymbolInput>& inputs);

// Every time at which at least one of the inputs, of which there is one, has a bar; ascending.
std::vector<int64_t> UnionOfTimes(const std::vector<SymbolInput>& inputs);

}  // namespace breadthflow::backtest
