#include "services/cli/cli.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/command.h"
#include "services/cli/health.h"
#include "services/cli/printer.h"
#include "services/cli/session.h"

namespace breadthflow::cli {
namespace {

struct Line {
  Arguments global;
  std::vector<std::string> words;  // group, verb and what belongs to the verb
};

// Flags of every command may stand anywhere; the rest keeps its order.
absl::StatusOr<Line> SplitGlobal(const std::vector<std::string>& words) {
  const Command global{.group = "", .verb = "breadthflow", .flags = GlobalFlags()};
  std::vector<std::string> taken;
  Line line;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    const auto flag =
        std::find_if(global.flags.begin(), global.flags.end(), [&](const Flag& f) { return "--" + f.name == name; });
    if (words[i] == "-h") {
      taken.emplace_back("--help");
    } else if (flag == global.flags.end()) {
      line.words.push_back(words[i]);
    } else {
      taken.push_back(words[i]);
      if (!flag->value.empty() && name == words[i] && i + 1 < words.size()) taken.push_back(words[++i]);
    }
  }
  BF_ASSIGN_OR_RETURN(line.global, Arguments::Parse(global, taken));
  return line;
}

const Command* FindCommand(const std::vector<std::string>& words, size_t* used) {
  for (const Command& command : Commands()) {
    const std::string& first = command.group.empty() ? command.verb : command.group;
    if (words.empty() || words[0] != first) continue;
    *used = command.group.empty() ? 1 : 2;
    if (command.group.empty() || (words.size() > 1 && words[1] == command.verb)) return &command;
  }
  return nullptr;
}

bool IsGroup(const std::string& word) {
  return std::any_of(Commands().begin(), Commands().end(),
                     [&](const Command& c) { return !word.empty() && c.group == word; });
}

int Usage(std::ostream& people, const std::string& problem, const std::string& help) {
  people << "error: " << problem << "\n\n" << help << std::flush;
  return 2;
}

// A server that can not be used is there but not serving, or not there.
std::string WhyNotReached(const Session& session) {
  std::string states;
  for (const ServiceHealth& entry : CheckHealth(session)) {
    if (entry.status != "NOT_SERVING" && entry.status != "UNREACHABLE") continue;
    states +=
        fmt::format("  {}: {}, {}\n", entry.service.empty() ? "server" : entry.service, entry.status, entry.detail);
    if (entry.service.empty()) break;  // the services of this process are no better off
  }
  return fmt::format("{}  looked for at {} (--server)\n", states, session.server());
}

int RunCommand(const Command& command, const Line& line, const std::vector<std::string>& rest, const Defaults& defaults,
               Printer& printer, std::ostream& people) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(command, rest);
  if (!arguments.ok()) {
    printer.Error(arguments.status());
    people << fmt::format("see: breadthflow {} --help\n", command.Name());
    return 2;
  }
  Session::Options options{.server = line.global.Text("server"),
                           .api_key = line.global.Text("api-key"),
                           .progress = Progress::Detect(printer.quiet())};
  if (!line.global.Has("server") && !defaults.server.empty()) options.server = defaults.server;
  if (!line.global.Has("api-key")) options.api_key = defaults.api_key;
  Interrupts interrupts;
  const absl::StatusOr<std::unique_ptr<Session>> session = Session::Open(options, printer, people, interrupts);
  const absl::Status status = session.ok() ? command.run(**session, *arguments) : session.status();
  if (!status.ok()) {
    printer.Error(status);
    if (ExitStatus(status) == 3 && session.ok()) people << WhyNotReached(**session);
  }
  return ExitStatus(status);
}

}  // namespace

int RunCli(const std::vector<std::string>& words, const Defaults& defaults, std::ostream& json, std::ostream& people) {
  const absl::StatusOr<Line> line = SplitGlobal(words);
  if (!line.ok()) {
    people << DescribeError(line.status()) << std::flush;
    return 2;
  }
  if (line->global.Switch("version")) {
    people << "breadthflow " << BREADTHFLOW_VERSION << std::endl;
    return 0;
  }
  const bool help = line->global.Switch("help");
  if (line->words.empty()) {
    if (!help) return Usage(people, "a command is needed", HelpOfProgram());
    people << HelpOfProgram() << std::flush;
    return 0;
  }
  size_t used = 0;
  const Command* command = FindCommand(line->words, &used);
  if (command == nullptr) {
    const std::string& first = line->words[0];
    if (!IsGroup(first)) return Usage(people, fmt::format("unknown command '{}'", first), HelpOfProgram());
    if (line->words.size() > 1)
      return Usage(people, fmt::format("unknown verb '{}' of {}", line->words[1], first), HelpOfGroup(first));
    if (!help) return Usage(people, fmt::format("{} needs a verb", first), HelpOfGroup(first));
    people << HelpOfGroup(first) << std::flush;
    return 0;
  }
  if (help) {
    people << HelpOf(*command) << std::flush;
    return 0;
  }
  Printer printer(line->global.Text("output") == "json" ? Printer::Mode::kJson : Printer::Mode::kTable,
                  line->global.Switch("quiet"), json, people);
  const std::vector<std::string> rest(line->words.begin() + static_cast<std::ptrdiff_t>(used), line->words.end());
  return RunCommand(*command, *line, rest, defaults, printer, people);
}

}  // namespace breadthflow::cli
