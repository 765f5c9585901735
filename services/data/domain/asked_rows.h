#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/quant/series.h"
#include "services/data/domain/resource.h"

// Which rows an answer for a range has.
//
// A row counts in the range that its time lies in. Dividends and splits are known on one day and take effect on another
// (Resource::takes_effect): they also count in the range in which this other day begins, so that all that prices of a
// range need is asked for by that range, however long before it was announced. When they are known stays their time.
// The day may begin as anywhere on earth, within 26 hours: its zone is known only where the prices are, and an event
// too many does no harm.
//
// Rows of one instant are stored together, the later ones in place of the earlier. So with a row that counts by its day
// come all others of its instant: many payments that were announced at once are all there or none is.
namespace breadthflow::data {

// Leaves in `rows` (times ascending) those that an answer for `range` has, and says which of them that were, ascending.
std::vector<size_t> KeepAsked(const Resource& resource, quant::TimeRange range, quant::Series& rows);

// Of each row that counts in `range` an instant within it: its own time, else the first at which it may take effect.
std::vector<int64_t> InstantsWithin(const Resource& resource, quant::TimeRange range, const quant::Series& rows);

}  // namespace breadthflow::data
