#include "services/cli/components.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cli/values.h"

namespace breadthflow::cli {

std::string FirstSentence(const std::string& text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') return text.substr(0, at);
    if (text[at] == '.' && at + 1 < text.size() && text[at + 1] == ' ') return text.substr(0, at + 1);
  }
  return text;
}

std::string DescribeParam(const common::v1::ParamSpec& spec) {
  std::string text = spec.required() ? "required" : ToText(spec.default_value());
  if (spec.has_min() && spec.has_max()) {
    text += fmt::format(" in [{}, {}]", spec.min(), spec.max());
  } else if (spec.has_min()) {
    text += fmt::format(", at least {}", spec.min());
  } else if (spec.has_max()) {
    text += fmt::format(", at most {}", spec.max());
  }
  if (!spec.choices().empty()) text += fmt::format(" of {}", fmt::join(spec.choices(), "|"));
  if (!spec.unit().empty()) text += " " + spec.unit();
  return text;
}

void ShowComponent(Printer& out, const common::v1::ComponentInfo& info) {
  const std::string title = fmt::format("{} {} {}: {}", info.kind(), info.name(), info.version(), info.description());
  if (info.params().empty()) {
    out.Say(title);
    return;
  }
  Table table{.title = title, .columns = {"parameter", "default", "description"}};
  for (const common::v1::ParamSpec& spec : info.params())
    table.rows.push_back({spec.name(), DescribeParam(spec), spec.description()});
  out.Show(table);
}

}  // namespace breadthflow::cli
