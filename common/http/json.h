#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include <nlohmann/json.hpp>

namespace breadthflow::http {

// One JSON document, at most 64 levels deep, nothing after it. DATA_LOSS `BAD_JSON` with the byte position otherwise
// (the content is not quoted: it may be hostile or secret).
absl::StatusOr<nlohmann::json> ParseJson(std::string_view body);

}  // namespace breadthflow::http
