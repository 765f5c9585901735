#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "services/data/domain/fetch.h"

namespace breadthflow::data {

// What an import answered, as it is remembered for its request_id, with everything that an import says of a symbol:
// all of FetchResult but what only fetches have (attempts, ranges, body).
std::string ToAnswer(const std::vector<FetchResult>& results);

// DATA_LOSS BAD_ANSWER for what ToAnswer did not write.
absl::StatusOr<std::vector<FetchResult>> FromAnswer(const std::string& text);

}  // namespace breadthflow::data
