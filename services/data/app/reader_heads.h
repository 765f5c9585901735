#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "services/data/domain/read_query.h"
#include "services/data/store/series_store.h"

// What the parts of Reader that look for the companions of a series have in common.
namespace breadthflow::data {

using Heads = std::vector<const columnar::SeriesHead*>;

// All rows of it.
inline PlannedSeries Whole(const columnar::SeriesHead& head) {
  return {head.key, head.basis, head.version, {}, head.rows, head.dropped_before_ns};
}

// The order in which stored events count for prices of `source`: its own, then those that were stored first.
inline void Order(Heads& heads, std::string_view source) {
  std::sort(heads.begin(), heads.end(), [&](const columnar::SeriesHead* a, const columnar::SeriesHead* b) {
    const bool a_own = a->key.variant == source, b_own = b->key.variant == source;
    return a_own != b_own ? a_own : a->id < b->id;
  });
}

}  // namespace breadthflow::data
