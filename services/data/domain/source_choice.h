#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "services/data/domain/fetch.h"

namespace breadthflow::data {

// What is known of a source before it is asked for a symbol.
struct SourceFacts {
  double covered_share = 0;                       // of the range, that it has given already
  absl::Time last_answer = absl::InfinitePast();  // for this series
  int64_t failures = 0;                           // in the last day, that say something about the source
  double requests_per_day = 0;                    // that it allows; infinite when it asks nobody
};

// One of the sources by its place in the list, and why it stands where it stands, for people.
struct SourceChoice {
  size_t index = 0;
  std::string reason;
};

// The order in which the sources are asked. Where the preference makes no difference, the order given holds.
std::vector<SourceChoice> Rank(Preference preference, std::span<const SourceFacts> sources);

}  // namespace breadthflow::data
