#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "common/columnar/series_merge.h"

namespace breadthflow::columnar {

// Which neighbouring parts [begin, end) of a series' newest version are worth putting into one chunk each: two or more
// with at most kRowsPerChunk rows together, of which the largest has at most four times the rows of the others. A chunk
// is therefore rewritten only when it grows by a quarter, and the states kept of a series that grows bar by bar stay
// few; what is left afterwards are chunks of falling size, of which there can not be many.
std::vector<std::pair<size_t, size_t>> PlanCompaction(const std::vector<StoredPart>& parts);

}  // namespace breadthflow::columnar
