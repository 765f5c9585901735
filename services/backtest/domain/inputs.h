#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

}  // namespace breadthflow::backtest
