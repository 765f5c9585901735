#include "services/cli/pipeline_file.h"

#include <cctype>
#include <iostream>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "common/base/file.h"
#include "common/base/status.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

class Reader {
 public:
  Reader(std::string_view file, const std::map<std::string, std::string>& variables)
      : file_(file), variables_(variables) {}

  PipelineFile Read(const YAML::Node& root) {
    ReadPipeline(root);
    for (const auto& [name, value] : variables_) {
      if (used_.count(name) == 0) {
        read_.violations.Add("--set " + name, used_.empty() ? fmt::format("{} has no ${{...}} to fill in", file_)
                                                            : fmt::format("{} has no ${{{}}}; there are {}", file_,
                                                                          name, fmt::join(used_, ", ")));
      }
    }
    return std::move(read_);
  }

 private:
  void ReadPipeline(const YAML::Node& root) {
    orchestrator::v1::Pipeline& pipeline = read_.pipeline;
    Place("pipeline", root);
    if (!CheckKeys(root, "the file", {"id", "description", "steps"})) return;
    pipeline.set_id(Text(root["id"], "id"));
    pipeline.set_description(Text(root["description"], "description"));
    const YAML::Node steps = root["steps"];
    if (!steps || !steps.IsSequence()) {
      Add(steps ? steps : root, "steps must be a list of steps");
      return;
    }
    if (root["id"]) Place("pipeline.id", root["id"]);
    for (const YAML::Node& step : steps) {
      const std::string field = fmt::format("pipeline.steps[{}]", pipeline.steps_size());
      ReadStep(step, field, *pipeline.add_steps());
    }
  }

  void ReadStep(const YAML::Node& node, const std::string& field, orchestrator::v1::PipelineStep& step) {
    Place(field, node);
    if (!CheckKeys(node, "a step", {"id", "kind", "params", "inputs", "depends_on"})) return;
    for (const char* key : {"id", "kind", "params", "inputs", "depends_on"}) {
      if (node[key]) Place(fmt::format("{}.{}", field, key), node[key]);
    }
    step.set_id(Text(node["id"], "id"));
    step.set_kind(Text(node["kind"], "kind"));
    if (const YAML::Node params = node["params"]; params && CheckMap(params, "params")) {
      for (const auto& entry : params) {
        const std::string key = entry.first.as<std::string>();
        Place(fmt::format("{}.params.{}", field, key), entry.first);
        std::string text = Text(entry.second, key);
        if (key == "source.path" && !text.empty()) text = AbsolutePath(text);
        if (!text.empty()) (*step.mutable_params())[key] = Value(entry.second, text);
      }
    }
    if (const YAML::Node inputs = node["inputs"]; inputs && CheckMap(inputs, "inputs")) {
      for (const auto& entry : inputs) {
        const std::string key = entry.first.as<std::string>();
        Place(fmt::format("{}.inputs.{}", field, key), entry.first);
        // An empty input, as a placeholder may leave it, is one that is not connected.
        if (std::string text = Text(entry.second, key); !text.empty()) (*step.mutable_inputs())[key] = std::move(text);
      }
    }
    if (const YAML::Node after = node["depends_on"]; after) {
      if (!after.IsSequence()) {
        Add(after, "depends_on must be a list of step ids");
        return;
      }
      for (const YAML::Node& id : after) step.add_depends_on(Text(id, "depends_on"));
    }
  }

  common::v1::ParamValue Value(const YAML::Node& node, const std::string& text) {
    // Quotes in YAML mean text, unless all there is between them is one placeholder.
    const std::string raw = node.Scalar();
    const bool placeholder = raw.size() > 3 && raw.substr(0, 2) == "${" && raw.find('}') == raw.size() - 1;
    if (node.Tag() == "!" && !placeholder) {
      common::v1::ParamValue value;
      value.set_string_value(text);
      return value;
    }
    return ParseParamValue(text);
  }

  bool CheckMap(const YAML::Node& node, std::string_view what) {
    if (node.IsMap()) return true;
    Add(node, fmt::format("{} must be a map of keys and values", what));
    return false;
  }

  bool CheckKeys(const YAML::Node& node, std::string_view what, const std::set<std::string>& known) {
    if (!CheckMap(node, what)) return false;
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      if (known.count(key) == 0)
        Add(entry.first, fmt::format("unknown key '{}'; known are {}", key, fmt::join(known, ", ")));
      if (!seen.insert(key).second) Add(entry.first, fmt::format("key '{}' is there twice", key));
    }
    return true;
  }

  std::string Text(const YAML::Node& node, std::string_view key) {
    if (!node || node.IsNull()) return "";
    if (!node.IsScalar()) {
      Add(node, fmt::format("{} must be one value", key));
      return "";
    }
    return Expand(node);
  }

  std::string Expand(const YAML::Node& node) {
    const std::string& raw = node.Scalar();
    std::string out;
    for (size_t at = 0; at < raw.size();) {
      const size_t open = raw.find("${", at);
      if (open == std::string::npos) return out + raw.substr(at);
      const size_t close = raw.find('}', open);
      if (close == std::string::npos) {
        Add(node, fmt::format("'${{' without '}}' in '{}'", raw));
        return out;
      }
      out += raw.substr(at, open - at);
      const std::string inside = raw.substr(open + 2, close - open - 2);
      const size_t sign = inside.find(":-");
      const std::string name = inside.substr(0, sign);
      used_.insert(name);
      const auto value = variables_.find(name);
      if (value != variables_.end() && !value->second.empty()) {
        out += value->second;
      } else if (sign != std::string::npos) {
        out += inside.substr(sign + 2);
      } else {
        Add(node, fmt::format("no value for ${{{}}}: give one with --set {}=VALUE", name, name));
      }
      at = close + 1;
    }
    return out;
  }

  std::string PlaceOf(const YAML::Node& node) const { return fmt::format("{}:{}", file_, node.Mark().line + 1); }
  void Place(const std::string& field, const YAML::Node& node) { read_.places[field] = PlaceOf(node); }
  void Add(const YAML::Node& node, const std::string& what) { read_.violations.Add(PlaceOf(node), what); }

  const std::string file_;
  const std::map<std::string, std::string>& variables_;
  std::set<std::string> used_;  // names in placeholders
  PipelineFile read_;
};

}  // namespace

PipelineFile ParsePipeline(const std::string& yaml, std::string_view file,
                           const std::map<std::string, std::string>& variables) {
  try {
    return Reader(file, variables).Read(YAML::Load(yaml));
  } catch (const YAML::Exception& error) {
    PipelineFile broken;
    broken.violations.Add(fmt::format("{}:{}", file, error.mark.line + 1), error.msg);
    return broken;
  }
}

absl::StatusOr<PipelineFile> LoadPipeline(const std::string& file,
                                          const std::map<std::string, std::string>& variables) {
  if (file == "-") {
    const std::string yaml{std::istreambuf_iterator<char>(std::cin), {}};
    return ParsePipeline(yaml, "standard input", variables);
  }
  BF_ASSIGN_OR_RETURN(const std::string yaml, base::ReadFile(file));
  return ParsePipeline(yaml, file, variables);
}

void MergeByPlace(const absl::Status& refused, const PipelineFile& file, base::Violations& violations) {
  std::set<std::string> known;
  for (const base::FieldViolation& violation : file.violations.list()) known.insert(violation.field);
  base::Violations all;
  all.Merge("", refused);
  for (const base::FieldViolation& violation : all.list()) {
    std::string field = violation.field;
    auto place = file.places.find(field);
    while (place == file.places.end() && field.find_last_of(".[") != std::string::npos) {
      field.resize(field.find_last_of(".["));
      place = file.places.find(field);
    }
    if (place == file.places.end()) {
      violations.Add(violation.field, violation.description);
    } else if (known.count(place->second) == 0) {
      violations.Add(fmt::format("{} ({})", place->second, violation.field), violation.description);
    }
  }
}

}  // namespace breadthflow::cli
