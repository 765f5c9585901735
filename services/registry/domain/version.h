#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace breadthflow::registry {

// A semantic version without pre-release or build parts: "1.4.0".
struct Version {
  int64_t major = 0;
  int64_t minor = 0;
  int64_t patch = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

// INVALID_ARGUMENT unless `text` is three whole numbers in [0, 999,999], without leading zeros, joined by dots.
absl::StatusOr<Version> ParseVersion(std::string_view text);

}  // namespace breadthflow::registry
