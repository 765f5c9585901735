#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/data/store/fetch_store.h"

// What page tokens of lists by time hold: microseconds and id, which has no space.
namespace breadthflow::data {

std::string ToCursor(absl::Time time, const std::string& id);

// nullopt for an empty one. INVALID_ARGUMENT INVALID_PAGE_TOKEN.
absl::StatusOr<std::optional<ListPosition>> FromCursor(const std::string& cursor);

}  // namespace breadthflow::data
