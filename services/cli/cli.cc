#include "services/cli/cli.h"

#include <algorithm>
#include <string>
#include <vector>

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

// `help data fetch` asks for what `data fetch --help` says, `version` for what `--version` does.
bool TakeWord(std::vector<std::string>& words, std::string_view word) {
  if (words.empty() || words[0] != word) return false;
  words.erase(words.begin());
  return true;
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

// What to type, where the error alone does not say.
std::string HintFor(const absl::Status& status, const Arguments& arguments) {
  const std::string reason = base::DetailsOf(status).reason;
  const std::vector<base::FieldViolation> violations = base::DetailsOf(status).violations;
  const bool joins =
      std::any_of(violations.begin(), violations.end(), [](const auto& one) { return one.field.starts_with("joins"); });
  if (reason == "SEVERAL_SOURCES" && joins) return "  name one with --join-source RESOURCE=SOURCE\n";
  if (reason == "SEVERAL_SOURCES" && arguments.Knows("source")) return "  name one with --source SOURCE\n";
  if (reason == "NOTHING_TO_RETRY" && arguments.Knows("from")) return "  name the step with --from STEP\n";
  if (reason == "NO_PEER")
    return "  say where each process is: --server data=HOST:PORT,signal=HOST:PORT,backtest=HOST:PORT,"
           "training=HOST:PORT,registry=HOST:PORT,orchestrator=HOST:PORT (or BREADTHFLOW_SERVER)\n";
  return "";
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
    people << HintFor(status, *arguments);
    if (ExitStatus(status) == 3 && session.ok()) people << WhyNotReached(**session);
  }
  return ExitStatus(status);
}

// What could not be written was not done.
int Written(std::ostream& json, std::ostream& people, int exit_status) {
  json.flush();
  if (json.good() || exit_status != 0) return exit_status;
  people << "error: the output could not be written (CANNOT_WRITE)\n" << std::flush;
  return 1;
}

}  // namespace

int RunCli(const std::vector<std::string>& words, const Defaults& defaults, std::ostream& json, std::ostream& people) {
  absl::StatusOr<Line> line = SplitGlobal(words);
  if (!line.ok()) {
    people << DescribeError(line.status()) << std::flush;
    return 2;
  }
  const bool as_json = line->global.Text("output") == "json";
  // What was asked for goes where it can be piped; with JSON nothing else may stand there.
  std::ostream& asked = as_json ? people : json;
  if (TakeWord(line->words, "version") || line->global.Switch("version")) {
    asked << "breadthflow " << BREADTHFLOW_VERSION << std::endl;
    return Written(json, people, 0);
  }
  const bool help = TakeWord(line->words, "help") || line->global.Switch("help");
  if (line->words.empty()) {
    if (!help) return Usage(people, "a command is needed", HelpOfProgram());
    asked << HelpOfProgram() << std::flush;
    return Written(json, people, 0);
  }
  size_t used = 0;
  const Command* command = FindCommand(line->words, &used);
  if (command == nullptr) {
    const std::string& first = line->words[0];
    if (!IsGroup(first)) return Usage(people, fmt::format("unknown command '{}'", first), HelpOfProgram());
    if (line->words.size() > 1)
      return Usage(people, fmt::format("unknown verb '{}' of {}", line->words[1], first), HelpOfGroup(first));
    if (!help) return Usage(people, fmt::format("{} needs a verb", first), HelpOfGroup(first));
    asked << HelpOfGroup(first) << std::flush;
    return Written(json, people, 0);
  }
  if (help) {
    asked << HelpOf(*command) << std::flush;
    return Written(json, people, 0);
  }
  Printer printer(as_json ? Printer::Mode::kJson : Printer::Mode::kTable, line->global.Switch("quiet"), json, people,
                  TerminalColumns());
  const std::vector<std::string> rest(line->words.begin() + static_cast<std::ptrdiff_t>(used), line->words.end());
  return Written(json, people, RunCommand(*command, *line, rest, defaults, printer, people));
}

}  // namespace breadthflow::cli
