#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// What tells whether rows exist at the ends of a range.
struct RangeKnowledge {
  bool expect_all = false;  // somebody says that every session of the range has rows
  std::span<const Coverage> coverage = {};
};

// The ends of `range` that lack rows, by a calendar that says hours; of daily series and bars within a day that have
// rows. An end that is open (INT64_MIN, INT64_MAX) or lies behind `as_of_ns` was not asked for. What came after
// `as_of_ns` tells nothing.
//
//   error    `expect_all`; an answer that had more rows than are there (by an hour before `as_of_ns`: others may just
//            have been stored); a fetch of a part of it that failed
//   info     the source was asked for all of it, and what it answered is there: it has no more
//   warning  else
std::vector<RangeEnd> FindRangeEnds(const quant::Series& series, const quant::Calendar& calendar,
                                    quant::TimeRange range, int64_t as_of_ns, const RangeKnowledge& known);

}  // namespace breadthflow::data
