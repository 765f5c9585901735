#include "services/orchestrator/store/pipeline_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::orchestrator {
namespace {

using nlohmann::json;

absl::Status Corrupted(const json::exception& error) {
  return base::MakeError(absl::StatusCode::kDataLoss, "STORED_JSON_CORRUPTED",
                         fmt::format("a stored pipeline does not parse: {}", error.what()));
}

component::ParamValue ValueFrom(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

std::string ToJson(const Pipeline& pipeline) {
  json steps = json::array();
  for (const Step& step : pipeline.steps) {
    json object = {{"id", step.id}, {"kind", step.kind}};
    for (const auto& [name, value] : step.params) {
      std::visit([&, key = name](const auto& typed) { object["params"][key] = typed; }, value);
    }
    if (!step.inputs.empty()) object["inputs"] = step.inputs;
    if (!step.depends_on.empty()) object["depends_on"] = step.depends_on;
    steps.push_back(std::move(object));
  }
  return json{{"id", pipeline.id}, {"description", pipeline.description}, {"steps", std::move(steps)}}.dump();
}

absl::StatusOr<Pipeline> PipelineFromJson(std::string_view text) {
  try {
    const json object = json::parse(text);
    Pipeline pipeline{object.at("id").get<std::string>(), object.at("description").get<std::string>(), {}};
    for (const json& entry : object.at("steps")) {
      Step step;
      step.id = entry.at("id").get<std::string>();
      step.kind = entry.at("kind").get<std::string>();
      if (const auto params = entry.find("params"); params != entry.end()) {
        for (const auto& [name, value] : params->items()) step.params[name] = ValueFrom(value);
      }
      step.inputs = entry.value("inputs", step.inputs);
      step.depends_on = entry.value("depends_on", step.depends_on);
      pipeline.steps.push_back(std::move(step));
    }
    return pipeline;
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
