#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/fetch_store.h"

// What page tokens hold. Cursors are read as nullopt when they are empty; INVALID_ARGUMENT INVALID_PAGE_TOKEN.
namespace breadthflow::data {

// Of lists by time: microseconds and id, which has no space.
std::string ToCursor(absl::Time time, const std::string& id);
absl::StatusOr<std::optional<ListPosition>> FromCursor(const std::string& cursor);

// Of lists of series: the parts of the key, a line each.
std::string ToCursor(const quant::SeriesKey& key);
absl::StatusOr<std::optional<quant::SeriesKey>> KeyFromCursor(const std::string& cursor);

// Of lists of what is covered of series: those, and the beginning of the range.
std::string ToCursor(const CoveragePosition& position);
absl::StatusOr<std::optional<CoveragePosition>> CoverageFromCursor(const std::string& cursor);

}  // namespace breadthflow::data
