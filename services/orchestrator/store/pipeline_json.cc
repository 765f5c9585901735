#include "services/orchestrator/store/pipeline_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::orchestrator {
namespace {

using nlohmann::json;

absl::Status Corrupted(const json::exception& error) {
  return base::MakeError(absl::StatusCode::kDataLoss, "STORED_JSON_CORRUPTED",
                         fmt::format("a stored step does not parse: {}", error.what()));
}

component::ParamValue ValueFrom(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

std::string ToJson(const Step& step) {
  json object = {{"id", step.id}, {"kind", step.kind}};
  for (const auto& [name, value] : step.params) {
    std::visit([&, key = name](const auto& typed) { object["params"][key] = typed; }, value);
  }
  if (!step.inputs.empty()) object["inputs"] = step.inputs;
  if (!step.depends_on.empty()) object["depends_on"] = step.depends_on;
  return object.dump();
}

absl::StatusOr<Step> StepFromJson(std::string_view text) {
  try {
    const json object = json::parse(text);
    Step step;
    step.id = object.at("id").get<std::string>();
    step.kind = object.at("kind").get<std::string>();
    if (const auto params = object.find("params"); params != object.end()) {
      for (const auto& [name, value] : params->items()) step.params[name] = ValueFrom(value);
    }
    step.inputs = object.value("inputs", step.inputs);
    step.depends_on = object.value("depends_on", step.depends_on);
    return step;
  } catch (const json::exception& error) {
    return Corrupted(error);
  }
}

std::string ToJson(const Outputs& outputs) { return json(outputs).dump(); }

absl::StatusOr<Outputs> OutputsFromJson(std::string_view text) {
  try {
    return json::parse(text).get<Outputs>();
  } catch (const json::exception& error) {
    return Corrupted(error);
  }
}

}  // namespace breadthflow::orchestrator
