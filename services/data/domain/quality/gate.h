#pragma once

#include <cstdint>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

struct GateResult {
  int64_t impossible_rows = 0;    // no market can have made them; each counts once, however many checks find it
  std::vector<Finding> findings;  // of the checks that say so, error first
};

// Looks at rows that came with the checks that gate, before they are stored, by the calendar that the series keeps.
// Nothing in it when they may be.
GateResult Gate(const quant::Series& rows, const quant::Calendar& calendar);

}  // namespace breadthflow::data
