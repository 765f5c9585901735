#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cli/command.h"

namespace breadthflow::cli {

#define COMMAND(Name) Command Name();
#include "services/cli/catalog.inc"
#undef COMMAND

const std::vector<Command>& Commands() {
  static const auto* commands = new std::vector<Command>{
#define COMMAND(Name) Name(),
#include "services/cli/catalog.inc"
#undef COMMAND
  };
  return *commands;
}

const std::vector<Flag>& GlobalFlags() {
  static const auto* flags = new std::vector<Flag>{
      {.name = "server",
       .value = "HOST:PORT",
       .description = "where the suite is; for separate processes data=HOST:PORT,signal=HOST:PORT,... "
                      "(BREADTHFLOW_SERVER)",
       .default_value = "localhost:50050",
       .may_be_empty = true},
      {.name = "api-key",
       .value = "KEY",
       .description = "key to call with (BREADTHFLOW_API_KEY); empty: none",
       .may_be_empty = true},
      {.name = "output",
       .value = "table|json",
       .description = "json goes to standard output, everything for people to standard error",
       .default_value = "table",
       .choices = {"table", "json"}},
      {.name = "quiet", .description = "no progress and no tables; errors only"},
      {.name = "help", .description = "what a command does and accepts"},
      {.name = "version", .description = "the version of this program"},
  };
  return *flags;
}

namespace {

std::string FlagLine(const Flag& flag) {
  std::string left = "--" + flag.name + (flag.value.empty() ? "" : " " + flag.value);
  std::string right = flag.description;
  if (flag.required) right += " (required)";
  if (flag.repeated) right += " (may be repeated)";
  if (!flag.default_value.empty()) right += fmt::format(" (default {})", flag.default_value);
  if (!flag.choices.empty()) right += fmt::format(" [{}]", fmt::join(flag.choices, ", "));
  return fmt::format("  {:<26} {}\n", left, right);
}

std::string CommandLine(const Command& command) {
  return fmt::format("  {:<22} {}\n", command.Name(), command.summary);
}

}  // namespace

std::string HelpOf(const Command& command) {
  std::string text = fmt::format("usage: breadthflow {}", command.Name());
  if (!command.argument.empty()) {
    text += command.argument_required ? " " + command.argument : fmt::format(" [{}]", command.argument);
    if (command.argument_repeated) text += "...";
  }
  text += command.flags.empty() ? "\n" : " [flags]\n";
  text += command.summary + "\n";
  if (!command.argument_default.empty())
    text += fmt::format("\n  {:<26} default: {}\n", command.argument, command.argument_default);
  if (!command.flags.empty()) text += "\nflags:\n";
  for (const Flag& flag : command.flags) text += FlagLine(flag);
  text += "\nfor every command:\n";
  for (const Flag& flag : GlobalFlags()) text += FlagLine(flag);
  return text;
}

std::string HelpOfGroup(std::string_view group) {
  std::string text = fmt::format("usage: breadthflow {} VERB [flags]\n\n", group);
  for (const Command& command : Commands()) {
    if (command.group == group) text += CommandLine(command);
  }
  return text;
}

std::string HelpOfProgram() {
  std::string text = "usage: breadthflow [flags] GROUP VERB [flags]\n\n";
  for (const Command& command : Commands()) text += CommandLine(command);
  text += fmt::format("  {:<22} {}\n", "help [GROUP [VERB]]", "this, the verbs of a group, or what a verb accepts");
  text += fmt::format("  {:<22} {}\n", "version", "the version of this program");
  text += "\nfor every command:\n";
  for (const Flag& flag : GlobalFlags()) text += FlagLine(flag);
  text += "\nexit status: 0 done, 1 the work failed, 2 bad usage, 3 cannot reach the server, 4 not allowed\n";
  return text;
}

Flag SymbolsFlag(bool required) {
  return {.name = "symbols", .value = "A,B", .description = "symbols, comma-separated", .required = required};
}

Flag TimeframeFlag() {
  return {.name = "timeframe",
          .value = "TF",
          .description = "bar size",
          .default_value = "1day",
          .choices = {"tick", "1min", "5min", "15min", "30min", "1hour", "1day", "1week", "1month"}};
}

Flag StartFlag(std::string default_value, std::string_view meaning) {
  return {.name = "start",
          .value = "DATE",
          .description = fmt::format("first day {}", meaning),
          .default_value = std::move(default_value)};
}

Flag EndFlag(std::string default_value, std::string_view meaning) {
  return {.name = "end",
          .value = "DATE",
          .description = fmt::format("first day after what is {}", meaning),
          .default_value = std::move(default_value)};
}

Flag SourceFlag(std::string_view meaning) {
  return {.name = "source",
          .value = "SOURCE",
          .description = fmt::format("{}; see data sources", meaning),
          .component = "data_source"};
}

Flag ParamFlag(std::string_view of) {
  return {
      .name = "param", .value = "NAME=VALUE", .description = fmt::format("parameter of the {}", of), .repeated = true};
}

Flag PageFlag() {
  return {.name = "limit", .value = "N", .description = "at most this many, newest first", .default_value = "20"};
}

Flag RowsFlag() {
  return {.name = "limit",
          .value = "N",
          .description = "at most this many rows of each symbol; default 20 in all in a table, all in JSON"};
}

}  // namespace breadthflow::cli
