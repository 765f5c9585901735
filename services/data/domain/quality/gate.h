#pragma once

#include <cstdint>
#include <vector>

#include "common/quant/series.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// What is wrong with rows that came, before they are stored at `now_ns`. Empty when they may be: when no check that
// gates says that rows are impossible. Else the findings of every check, error first.
std::vector<Finding> Gate(const quant::Series& rows, int64_t now_ns);

}  // namespace breadthflow::data
