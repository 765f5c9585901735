#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/resource.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Whether daily bars can stand beside those that are stored under their key: two calendars give the bar of one day two
// instants, and both would stay. Stored rows in `replaces` go and do not count. FAILED_PRECONDITION OTHER_CALENDAR with
// the first day that would be there twice. Other bars than daily ones are not looked at.
absl::Status CheckDailyStamps(SeriesStore& store, const Resource& resource, const quant::Series& series,
                              const std::optional<quant::TimeRange>& replaces, absl::Time deadline);

}  // namespace breadthflow::data
