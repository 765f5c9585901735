#include "services/cli/completion.h"

#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/cli/command.h"

namespace breadthflow::cli {
namespace {

std::vector<std::string> FirstWords() {
  std::set<std::string> words = {"help", "version"};
  for (const Command& command : Commands()) words.insert(command.group.empty() ? command.verb : command.group);
  return {words.begin(), words.end()};
}

std::string FlagWords(const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) text += (text.empty() ? "--" : " --") + flag.name;
  return text;
}

std::string QuoteForFish(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return "'" + text + "'";
}

// Bash that gives the values of `flag`; empty when they are not known.
std::string ValuesForBash(const Flag& flag) {
  if (!flag.choices.empty()) return fmt::format("\"{}\"", fmt::join(flag.choices, " "));
  if (!flag.component.empty()) return fmt::format("$(_breadthflow_components {})", flag.component);
  return "";
}

std::string ValuesForFish(const Flag& flag) {
  if (!flag.choices.empty()) return fmt::format(" -a '{}'", fmt::join(flag.choices, " "));
  if (!flag.component.empty()) return fmt::format(" -a '(__breadthflow_components {})'", flag.component);
  return "";
}

std::string BashScript() {
  std::string groups;
  std::string values;
  std::string flags;
  std::map<std::string, std::vector<std::string>> verbs;
  for (const Command& command : Commands()) {
    if (!command.group.empty()) verbs[command.group].push_back(command.verb);
    for (const Flag& flag : command.flags) {
      if (const std::string words = ValuesForBash(flag); !words.empty())
        values += fmt::format("    '{} --{}') words={} ;;\n", command.Name(), flag.name, words);
    }
    flags += fmt::format("    '{}') words=\"{} $global\" ;;\n", command.Name(), FlagWords(command.flags));
  }
  for (const Flag& flag : GlobalFlags()) {
    if (const std::string words = ValuesForBash(flag); !words.empty())
      values += fmt::format("    *' --{}') words={} ;;\n", flag.name, words);
  }
  for (const auto& [group, names] : verbs)
    groups += fmt::format("    {}) words=\"{}\" ;;\n", group, fmt::join(names, " "));
  return fmt::format(R"(# Components as the server knows them: names of the kind $1, or KIND/NAME of all.
_breadthflow_components() {{
  local kind=()
  [[ -n $1 ]] && kind=(--kind "$1")
  "${{COMP_WORDS[0]}}" --output json components list "${{kind[@]}}" 2> /dev/null |
    sed -n "s|.*\"name\": \"components/${{1:+$1/}}\([^\"]*\)/[^/\"]*\".*|\1|p" | sort -u
}}
_breadthflow() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local global="{}" words="" plain=() i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${{COMP_WORDS[i]}} == -* ]] && {{ case ${{COMP_WORDS[i]}} in --server|--api-key|--output) ((i++)) ;; esac; continue; }}
    plain+=("${{COMP_WORDS[i]}}")
  done
  [[ $current != -* ]] && case "${{plain[*]:0:2}} $previous" in
{}    'components show show') words=$(_breadthflow_components) ;;
  esac
  if [[ -n $words ]]; then
    :
  elif [[ $current != -* && ${{#plain[@]}} -eq 0 ]]; then
    words="{}"
  elif [[ $current != -* && ${{#plain[@]}} -eq 1 ]]; then
    case ${{plain[0]}} in
{}    completion) words="bash zsh fish" ;;
    esac
  fi
  if [[ $current == -* ]]; then
    words=$global
    case "${{plain[*]:0:2}}" in
{}    esac
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -F _breadthflow breadthflow
)",
                     FlagWords(GlobalFlags()), values, fmt::join(FirstWords(), " "), groups, flags);
}

std::string FishScript() {
  std::string text = R"(function __breadthflow_components
  set -l kind
  test -n "$argv[1]"; and set kind --kind $argv[1]
  set -l prefix (test -n "$argv[1]"; and echo "$argv[1]/")
  breadthflow --output json components list $kind 2>/dev/null |
    string replace -rf "^.*\"name\": \"components/$prefix([^\"]*)/[^/\"]*\".*\$" '$1' | sort -u
end
complete -c breadthflow -f
complete -c breadthflow -n '__fish_seen_subcommand_from components; and __fish_seen_subcommand_from show' -a '(__breadthflow_components)'
)";
  for (const std::string& word : FirstWords()) {
    text += fmt::format("complete -c breadthflow -n __fish_use_subcommand -a {}\n", word);
  }
  for (const Flag& flag : GlobalFlags()) {
    text += fmt::format("complete -c breadthflow -l {} -d {}{}\n", flag.name, QuoteForFish(flag.description),
                        flag.value.empty() ? "" : " -r" + ValuesForFish(flag));
  }
  for (const Command& command : Commands()) {
    std::string condition = fmt::format("__fish_seen_subcommand_from {}", command.verb);
    if (!command.group.empty()) {
      text += fmt::format("complete -c breadthflow -n '__fish_seen_subcommand_from {}' -a {} -d {}\n", command.group,
                          command.verb, QuoteForFish(command.summary));
      condition = fmt::format("__fish_seen_subcommand_from {}; and {}", command.group, condition);
    }
    for (const Flag& flag : command.flags) {
      text += fmt::format("complete -c breadthflow -n '{}' -l {} -d {}{}\n", condition, flag.name,
                          QuoteForFish(flag.description), flag.value.empty() ? "" : " -r" + ValuesForFish(flag));
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + BashScript();
  if (shell == "fish") return FishScript();
  base::Violations violations;
  violations.Add("SHELL", fmt::format("must be bash, zsh or fish, was '{}'", shell));
  return violations.ToStatus("wrong use of `completion`", "USAGE");
}

}  // namespace breadthflow::cli
