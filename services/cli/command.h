#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace breadthflow::cli {

class Session;

// What a command accepts after its verb.
struct Flag {
  std::string name;   // without dashes: "symbols"
  std::string value;  // what stands for the value in help: "A,B"; empty: a switch
  std::string description;
  std::string default_value;  // used when the flag is not given
  bool required = false;
  bool repeated = false;             // may be given more than once
  std::vector<std::string> choices;  // the only accepted values; empty: any
  std::string component;             // kind of the components that the value names, for completion; empty: none
  bool may_be_empty = false;         // the empty value means something, or is refused by who reads it
};

// The checked flags of one call. Asking for a flag that the command does not declare is a programming error and aborts.
class Arguments {
 public:
  // Whether the command declares a flag.
  bool Knows(std::string_view flag) const { return given_.find(flag) != given_.end(); }

  // Reads `words` (what follows the verb). INVALID_ARGUMENT `USAGE` with every violation: unknown flags, missing or
  // empty values, missing required ones, values outside of the choices, arguments that are too many.
  static absl::StatusOr<Arguments> Parse(const struct Command& command, const std::vector<std::string>& words);

  // The value, its default, or "".
  const std::string& Text(std::string_view flag) const;
  bool Has(std::string_view flag) const;  // given by the user
  bool Switch(std::string_view flag) const { return Has(flag); }
  const std::vector<std::string>& All(std::string_view flag) const;
  // The argument without a flag: a name or a file. Empty when it was not given.
  const std::string& argument() const { return arguments_.empty() ? none_ : arguments_.front(); }
  // All of them, where several are accepted.
  const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> defaults_;
  std::vector<std::string> arguments_;
  std::string none_;
};

// One verb of the command line. Describes itself: help, completion and checks come from here.
struct Command {
  std::string group;  // "data"; empty for verbs without a group ("doctor")
  std::string verb;
  std::string summary;
  std::string argument;  // what stands for the argument in help: "RUN"; empty: none
  bool argument_required = false;
  bool argument_repeated = false;  // any number of them
  std::string argument_default;    // what is meant when an optional argument is left out: "the newest run"
  std::vector<Flag> flags;
  // INVALID_ARGUMENT: bad usage. Results go to the session's output.
  absl::Status (*run)(Session& session, const Arguments& arguments) = nullptr;

  std::string Name() const { return group.empty() ? verb : group + " " + verb; }
};

// All commands in the order of catalog.inc.
const std::vector<Command>& Commands();

// "usage: ..." with every flag.
std::string HelpOf(const Command& command);
std::string HelpOfGroup(std::string_view group);
std::string HelpOfProgram();

// Flags that come before or after the verb of any command.
const std::vector<Flag>& GlobalFlags();

// Flags that several commands share.
Flag SymbolsFlag(bool required);
Flag TimeframeFlag();
Flag StartFlag(std::string default_value, std::string_view meaning);
Flag EndFlag(std::string default_value, std::string_view meaning);
Flag SourceFlag(std::string_view meaning);
Flag ParamFlag(std::string_view of);
Flag PageFlag();
Flag RowsFlag();

}  // namespace breadthflow::cli
