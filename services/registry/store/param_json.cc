#include "services/registry/store/param_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::registry {
namespace {

using component::ParamSpec;
using component::ParamType;
using component::ParamValue;
using nlohmann::json;

ParamValue ValueFrom(ParamType type, const json& value) {
  switch (type) {
    case ParamType::kInt:
      return value.get<int64_t>();
    case ParamType::kDouble:
      return value.get<double>();
    case ParamType::kBool:
      return value.get<bool>();
    case ParamType::kString:
      break;
  }
  return value.get<std::string>();
}

}  // namespace

std::string ToJson(const std::vector<ParamSpec>& params) {
  json array = json::array();
  for (const ParamSpec& spec : params) {
    json object = {{"name", spec.name}, {"type", static_cast<int>(spec.type)}};
    if (spec.required) {
      object["required"] = true;
    } else {
      std::visit([&](const auto& value) { object["default"] = value; }, spec.default_value);
    }
    if (spec.min) object["min"] = *spec.min;
    if (spec.max) object["max"] = *spec.max;
    if (!spec.choices.empty()) object["choices"] = spec.choices;
    if (!spec.unit.empty()) object["unit"] = spec.unit;
    if (!spec.description.empty()) object["description"] = spec.description;
    array.push_back(std::move(object));
  }
  return array.dump();
}

absl::StatusOr<std::vector<ParamSpec>> ParamsFromJson(std::string_view text) {
  try {
    std::vector<ParamSpec> params;
    for (const json& object : json::parse(text)) {
      ParamSpec spec;
      spec.name = object.at("name").get<std::string>();
      spec.type = static_cast<ParamType>(object.at("type").get<int>());
      spec.required = object.value("required", false);
      if (!spec.required) spec.default_value = ValueFrom(spec.type, object.at("default"));
      if (object.contains("min")) spec.min = object.at("min").get<double>();
      if (object.contains("max")) spec.max = object.at("max").get<double>();
      spec.choices = object.value("choices", std::vector<std::string>());
      spec.unit = object.value("unit", "");
      spec.description = object.value("description", "");
      params.push_back(std::move(spec));
    }
    return params;
  } catch (const json::exception& error) {
    return base::MakeError(absl::StatusCode::kDataLoss, "PARAMS_CORRUPTED",
                           fmt::format("stored parameters do not parse: {}", error.what()));
  }
}

}  // namespace breadthflow::registry
