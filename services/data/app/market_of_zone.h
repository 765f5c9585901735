#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/component/params.h"
#include "common/quant/series.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/series_market.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What a time zone that `params` name beside no calendar (ZoneIn) says of the series that `series` is written to, for
// which nothing was named before: that the dates in it are all that is known, where neither the symbol nor the rows,
// the stored and the new ones, tell a calendar. Else nothing: hours written in the zone of New York are still those of
// XNYS. Nothing also of what no bars can be made of.
absl::StatusOr<std::optional<SeriesMarket>> MarketOfZone(SeriesStore& store, const Resource& resource,
                                                         const quant::Series& series,
                                                         const component::RawParams& params, absl::Time deadline);

}  // namespace breadthflow::data
