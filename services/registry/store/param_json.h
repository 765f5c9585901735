#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/params.h"

namespace breadthflow::registry {

// Parameter specifications as the JSON array that the column `params` holds.
std::string ToJson(const std::vector<component::ParamSpec>& params);

// The reverse. DATA_LOSS PARAMS_CORRUPTED when the text is not what ToJson writes.
absl::StatusOr<std::vector<component::ParamSpec>> ParamsFromJson(std::string_view json);

}  // namespace breadthflow::registry
