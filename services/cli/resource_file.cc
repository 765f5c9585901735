#include "services/cli/resource_file.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace breadthflow::cli {
namespace {

// Line of the field at `path` ("fields[2].name"), else of what holds it; 0 when the file is no YAML. The file was read
// before: what can not be read of it is said already.
int LineOf(const YAML::Node& root, std::string_view path) {
  YAML::Node at = root;
  int line = root.Mark().line + 1;
  while (!path.empty()) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    const std::string name(path.substr(0, end));
    path.remove_prefix(end);
    YAML::Node next;
    if (name.empty() && path.starts_with('[')) {
      const size_t close = path.find(']');
      size_t index = 0;
      if (close == std::string_view::npos || !absl::SimpleAtoi(std::string(path.substr(1, close - 1)), &index) ||
          !at.IsSequence() || index >= at.size()) {
        return line;
      }
      next.reset(at[index]);
      path.remove_prefix(close + 1);
    } else {
      if (!at.IsMap()) return line;
      for (const auto& entry : at) {
        if (entry.first.IsScalar() && entry.first.Scalar() == name) next.reset(entry.second);
      }
      if (!next.IsDefined() || next.IsNull()) return line;
    }
    if (path.starts_with('.')) path.remove_prefix(1);
    at.reset(next);
    line = at.Mark().line + 1;
  }
  return line;
}

}  // namespace

void MergeByLine(const absl::Status& refused, const std::string& file, base::Violations& violations) {
  constexpr std::string_view kResource = "resource.";
  YAML::Node root;
  try {
    root.reset(YAML::LoadFile(file));
  } catch (const YAML::Exception&) {
    if (!violations.empty()) return;  // that it is no YAML is said
  }
  const base::Violations before = violations;
  for (const base::FieldViolation& one : base::DetailsOf(refused).violations) {
    std::string path = one.field == "resource_id" ? "name" : one.field;
    if (path.starts_with(kResource)) path.erase(0, kResource.size());
    const std::string place = root.IsMap() ? fmt::format("{}:{}", file, LineOf(root, path)) : file;
    const bool said = std::any_of(before.list().begin(), before.list().end(),
                                  [&](const base::FieldViolation& known) { return known.field == place; });
    if (!said) violations.Add(place, fmt::format("{} {}", path, one.description));
  }
}

}  // namespace breadthflow::cli
