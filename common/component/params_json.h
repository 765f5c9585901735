#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/component/params.h"

namespace breadthflow::component {

// Values as one flat JSON object, names ascending: how stores keep them in jsonb. Doubles always have a point or an
// exponent ("5.0"), which PostgreSQL keeps, so that they come back as doubles.
std::string ToJson(const RawParams& params);

// The reverse, for what ToJson wrote and PostgreSQL may have spelt otherwise. DATA_LOSS `BAD_PARAMS_JSON` for anything
// else: nested values, null, text after the object, a name given twice.
absl::StatusOr<RawParams> ParamsFromJson(std::string_view json);

}  // namespace breadthflow::component
