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

// Whether the daily bars that `written` adds go on in the calendar of the stored ones, where their days do not tell:
// when the stored rows next to them (outside `replaces`) all end with sessions of one calendar, or at midnight in UTC
// or in the time zone that was named for the series, those that come before the first or after the last stored row (all
// rows, where none do) must end at the time of day of its sessions there, but for less than half of them. Days that it
// does not cover do not count. FAILED_PRECONDITION OTHER_CALENDAR with the calendar to name. Reads a few rows, and
// nothing where no row is added.
absl::Status CheckStampsGoOn(SeriesStore& store, const Resource& resource, const quant::Series& series,
                             const columnar::WrittenSeries& written, const std::optional<quant::TimeRange>& replaces,
                             absl::Time deadline);

}  // namespace breadthflow::data
