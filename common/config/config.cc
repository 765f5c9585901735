#include "common/config/config.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "common/base/file.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/config/field_value.h"

namespace breadthflow::config {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

constexpr std::string_view kPrefix = "BREADTHFLOW__";

bool IsSection(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() != "google.protobuf.Duration";
}

std::string KnownKeys(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return fmt::format("{}", fmt::join(names, ", "));
}

class Loader {
 public:
  Loader(std::string file, const Variables& environment) : file_(std::move(file)), environment_(environment) {}

  void ReadFile(Message& message) {
    const absl::StatusOr<std::string> text = base::ReadFile(file_);
    if (!text.ok()) {
      violations_.Add(file_, base::Message(text.status()));
      return;
    }
    try {
      const YAML::Node root = YAML::Load(*text);
      if (root.IsNull()) return;
      if (!root.IsMap()) return Add(root, "must be a mapping of sections");
      ReadSection(root, message);
    } catch (const YAML::Exception& error) {
      violations_.Add(fmt::format("{}:{}", file_, error.mark.line + 1), error.msg);
    }
  }

  void ReadEnvironment(Message& message) {
    for (const auto& [name, value] : environment_) {
      if (name.starts_with(kPrefix)) ReadVariable(name, value, message);
    }
  }

  absl::Status Finish() const { return violations_.ToStatus("invalid configuration", "BAD_CONFIG"); }

 private:
  void Add(const YAML::Node& node, std::string_view what) {
    violations_.Add(fmt::format("{}:{}", file_, node.Mark().line + 1), what);
  }

  void ReadSection(const YAML::Node& node, Message& message) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        Add(entry.first, "a key must be text");
        continue;
      }
      const std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        Add(entry.first, fmt::format("{} is given twice", key));
        continue;
      }
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key);
      if (field == nullptr)
        Add(entry.first, fmt::format("unknown key '{}'; known are {}", key, KnownKeys(*message.GetDescriptor())));
      else
        ReadField(entry.second, *field, message);
    }
  }

  void ReadField(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    if (field.is_repeated()) {
      if (!node.IsSequence()) return Add(node, fmt::format("{} must be a list", field.name()));
      for (const YAML::Node& element : node) {
        if (!IsSection(field))
          ReadScalar(element, field, message);
        else if (element.IsMap())
          ReadSection(element, *message.GetReflection()->AddMessage(&message, &field));
        else
          Add(element, fmt::format("each of {} must be a mapping", field.name()));
      }
      return;
    }
    if (!IsSection(field)) return ReadScalar(node, field, message);
    if (node.IsNull()) return;
    if (!node.IsMap()) return Add(node, fmt::format("{} must be a mapping", field.name()));
    ReadSection(node, *message.GetReflection()->MutableMessage(&message, &field));
  }

  void ReadScalar(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    absl::StatusOr<std::string> text = TextOf(node, field);
    const absl::Status status = text.ok() ? SetFromText(*text, field, message) : text.status();
    if (!status.ok()) Add(node, fmt::format("{} {}", field.name(), base::Message(status)));
  }

  // A scalar as it stands, or what {file: PATH} or {env: NAME} refers to.
  absl::StatusOr<std::string> TextOf(const YAML::Node& node, const FieldDescriptor& field) {
    if (node.IsScalar()) return node.Scalar();
    if (node.IsMap() && node.size() == 1 && field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const std::string kind = node.begin()->first.Scalar();
      const std::string target = node.begin()->second.Scalar();
      if (kind == "file") return ReadSecretFile(target);
      if (kind == "env") {
        const auto found = environment_.find(target);
        if (found == environment_.end())
          return absl::InvalidArgumentError(fmt::format("variable {} is not set", target));
        return found->second;
      }
    }
    return absl::InvalidArgumentError("must be a single value");
  }

  void ReadVariable(const std::string& name, std::string value, Message& message) {
    std::vector<std::string> path = base::SplitList(name.substr(kPrefix.size()), "__");
    for (std::string& part : path) {
      std::transform(part.begin(), part.end(), part.begin(), [](unsigned char c) { return std::tolower(c); });
    }
    if (path.size() > 1 && path.back() == "file") {
      path.pop_back();
      absl::StatusOr<std::string> content = ReadSecretFile(value);
      if (!content.ok()) return violations_.Add(name, base::Message(content.status()));
      value = *std::move(content);
    }
    Message* section = &message;
    for (size_t i = 0; i < path.size(); ++i) {
      const FieldDescriptor* field = section->GetDescriptor()->FindFieldByName(path[i]);
      const bool last = i + 1 == path.size();
      if (field == nullptr) {
        return violations_.Add(
            name, fmt::format("unknown key '{}'; known are {}", path[i], KnownKeys(*section->GetDescriptor())));
      }
      if (!last && IsSection(*field) && !field->is_repeated()) {
        section = section->GetReflection()->MutableMessage(section, field);
        continue;
      }
      if (!last) return violations_.Add(name, fmt::format("{} has no keys of its own", path[i]));
      return SetVariable(name, value, *field, *section);
    }
  }

  void SetVariable(const std::string& name, const std::string& value, const FieldDescriptor& field, Message& message) {
    if (!field.is_repeated()) {
      const absl::Status status = SetFromText(value, field, message);
      if (!status.ok()) violations_.Add(name, base::Message(status));
      return;
    }
    message.GetReflection()->ClearField(&message, &field);
    for (const std::string& element : base::SplitList(value)) {
      const absl::Status status = SetFromText(element, field, message);
      if (!status.ok()) violations_.Add(name, base::Message(status));
    }
  }

  std::string file_;
  const Variables& environment_;
  base::Violations violations_;
};

}  // namespace

Variables ProcessEnvironment() {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

absl::Status Load(const std::string& file, const Variables& environment, Message& message) {
  Loader loader(file, environment);
  if (!file.empty()) loader.ReadFile(message);
  loader.ReadEnvironment(message);
  return loader.Finish();
}

}  // namespace breadthflow::config
