#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/cli/command.h"

namespace breadthflow::cli {
namespace {

const Flag* FindFlag(const Command& command, std::string_view name) {
  for (const Flag& flag : command.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::string KnownFlags(const Command& command) {
  std::vector<std::string> names;
  for (const Flag& flag : command.flags) names.push_back("--" + flag.name);
  return names.empty() ? "it takes none" : fmt::format("known are {}", fmt::join(names, ", "));
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const Command& command, const std::vector<std::string>& words) {
  Arguments out;
  base::Violations violations;
  for (const Flag& flag : command.flags) {
    out.given_[flag.name];
    out.defaults_[flag.name] = flag.default_value;
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 3 || word.substr(0, 2) != "--") {
      if (command.argument.empty() || (!out.arguments_.empty() && !command.argument_repeated)) {
        violations.Add(word, command.argument.empty() ? "this command takes no argument without a flag"
                                                      : fmt::format("only one {} is accepted", command.argument));
      } else {
        out.arguments_.push_back(word);
      }
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Flag* flag = FindFlag(command, name);
    if (flag == nullptr) {
      violations.Add("--" + name, fmt::format("unknown flag of `{}`; {}", command.Name(), KnownFlags(command)));
      // Its value, if it has one, is not an argument.
      if (equals == std::string::npos && i + 1 < words.size() && words[i + 1].substr(0, 2) != "--") ++i;
      continue;
    }
    std::vector<std::string>& values = out.given_[name];
    if (!values.empty() && !flag->repeated) violations.Add("--" + name, "given more than once");
    if (flag->value.empty()) {
      if (equals != std::string::npos) violations.Add("--" + name, "is a switch and takes no value");
      values.emplace_back("true");
      continue;
    }
    if (equals == std::string::npos && i + 1 == words.size()) {
      violations.Add("--" + name, fmt::format("needs a value: --{} {}", name, flag->value));
      continue;
    }
    std::string value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
    if (!flag->choices.empty() && std::count(flag->choices.begin(), flag->choices.end(), value) == 0) {
      violations.Add("--" + name, fmt::format("must be one of {}, was '{}'", fmt::join(flag->choices, ", "), value));
    } else if (value.empty() && flag->choices.empty() && !flag->may_be_empty) {
      violations.Add("--" + name, fmt::format("must not be empty: --{} {}", name, flag->value));
    }
    values.push_back(std::move(value));
  }
  for (const Flag& flag : command.flags) {
    if (flag.required && out.given_[flag.name].empty()) {
      violations.Add("--" + flag.name, fmt::format("is required: {}", flag.description));
    }
  }
  if (command.argument_required && out.arguments_.empty()) {
    violations.Add(command.argument, fmt::format("is required: breadthflow {} {}", command.Name(), command.argument));
  }
  if (absl::Status status = violations.ToStatus("wrong use of `" + command.Name() + "`", "USAGE"); !status.ok()) {
    return status;
  }
  return out;
}

const std::vector<std::string>& Arguments::All(std::string_view flag) const {
  const auto found = given_.find(flag);
  if (found == given_.end()) std::abort();
  return found->second;
}

const std::string& Arguments::Text(std::string_view flag) const {
  const std::vector<std::string>& values = All(flag);
  return values.empty() ? defaults_.find(flag)->second : values.back();
}

bool Arguments::Has(std::string_view flag) const { return !All(flag).empty(); }

}  // namespace breadthflow::cli
