#include <set>
#include <sstream>

#include "services/cli/cli.h"
#include "services/cli/command.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::HasSubstr;

TEST(Catalog, NamesEveryCommandOnce) {
  std::set<std::string> names;
  for (const Command& command : Commands()) EXPECT_TRUE(names.insert(command.Name()).second) << command.Name();
}

TEST(Catalog, EveryCommandSaysWhatItDoesAndAccepts) {
  for (const Command& command : Commands()) {
    EXPECT_NE(command.run, nullptr) << command.Name();
    EXPECT_FALSE(command.summary.empty()) << command.Name();
    const std::string help = HelpOf(command);
    std::set<std::string> flags;
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(flags.insert(flag.name).second) << command.Name() << " --" << flag.name << " is there twice";
      EXPECT_FALSE(flag.description.empty()) << command.Name() << " --" << flag.name;
      EXPECT_THAT(help, HasSubstr("--" + flag.name));
      for (const Flag& global : GlobalFlags()) EXPECT_NE(flag.name, global.name) << command.Name();
    }
  }
}

struct Ran {
  int status;
  std::string json;
  std::string people;
};

Ran Call(const std::vector<std::string>& words) {
  std::ostringstream json;
  std::ostringstream people;
  const int status = RunCli(words, {}, json, people);
  return {status, json.str(), people.str()};
}

TEST(Catalog, EveryArgumentThatMayBeLeftOutSaysWhatIsMeantThen) {
  for (const Command& command : Commands()) {
    const bool optional = !command.argument.empty() && !command.argument_required;
    EXPECT_EQ(optional, !command.argument_default.empty()) << command.Name();
    if (!optional) continue;
    EXPECT_THAT(HelpOf(command), HasSubstr("default: " + command.argument_default)) << command.Name();
  }
}

TEST(Cli, PrintsWhatWasAskedForWhereItCanBePiped) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                                     {"data", "--help"},
                                                                                     {"data", "fetch", "--help"},
                                                                                     {"--help", "pipeline", "run"},
                                                                                     {"--version"},
                                                                                     {"version"},
                                                                                     {"help"},
                                                                                     {"help", "data"},
                                                                                     {"help", "data", "fetch"},
                                                                                     {"doctor", "-h"}}) {
    const Ran ran = Call(words);
    EXPECT_EQ(ran.status, 0) << words.back();
    EXPECT_NE(ran.json, "");
    EXPECT_EQ(ran.people, "");
    std::vector<std::string> as_json = words;
    as_json.insert(as_json.begin(), "--output=json");
    EXPECT_EQ(Call(as_json).json, "") << "with --output json nothing else stands there";
  }
  EXPECT_EQ(Call({"help", "data", "fetch"}).json, Call({"data", "fetch", "--help"}).json);
  EXPECT_EQ(Call({"help", "nonsense"}).status, 2);
}

TEST(Cli, BadUsageEndsWithTwoAndSaysWhatIsKnown) {
  EXPECT_EQ(Call({}).status, 2);
  EXPECT_THAT(Call({"nonsense"}).people, HasSubstr("unknown command 'nonsense'"));
  const Ran verb = Call({"data", "fletch"});
  EXPECT_EQ(verb.status, 2);
  EXPECT_THAT(verb.people, HasSubstr("unknown verb 'fletch' of data"));
  EXPECT_THAT(verb.people, HasSubstr("data fetch"));
  const Ran flag = Call({"data", "fetch", "--symbol", "AAPL"});
  EXPECT_EQ(flag.status, 2);
  EXPECT_THAT(flag.people, HasSubstr("--symbol: unknown flag of `data fetch`; known are --symbols"));
  EXPECT_THAT(flag.people, HasSubstr("--symbols: is required"));
  EXPECT_EQ(Call({"--output", "xml", "data", "summary"}).status, 2);
}

TEST(Cli, RefusesValuesThatItCanCheckWithoutAServer) {
  const Ran ran = Call({"--server", "localhost:1", "data", "fetch", "--symbols", "AAPL,,MSFT", "--start", "2024-13-01",
                        "--param", "seed"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.people, HasSubstr("--symbols: symbol 2 is empty"));
  EXPECT_THAT(ran.people, HasSubstr("--start: must be a day"));
  EXPECT_THAT(ran.people, HasSubstr("--param: must be NAME=VALUE"));
  const Ran reversed = Call({"--server", "localhost:1", "data", "fetch", "--symbols", "AAPL", "--start", "2024-02-01",
                             "--end", "2024-01-01"});
  EXPECT_EQ(reversed.status, 2);
  EXPECT_THAT(reversed.people, HasSubstr("--end: must be later than --start"));
}

TEST(Cli, AServerThatIsNotThereIsThree) {
  const Ran ran = Call({"--server", "127.0.0.1:1", "--output", "json", "data", "summary"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.json, "");
  EXPECT_THAT(ran.people, HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(Call({"--server", "127.0.0.1:1", "ops", "health"}).status, 3);
}

TEST(Cli, ReadsOneAddressPerService) {
  EXPECT_EQ(Call({"--server", "data=127.0.0.1:1,signal=127.0.0.1:2", "data", "summary"}).status, 3);
  const Ran wrong = Call({"--server", "data=127.0.0.1:1,nobody=127.0.0.1:2", "data", "summary"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.people, HasSubstr("nobody=127.0.0.1:2"));
  const Ran missing = Call({"--server", "signal=127.0.0.1:2", "data", "summary"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.people, HasSubstr("--server data=HOST:PORT,signal=HOST:PORT"));
}

TEST(Cli, SignalsThatAreNamedHaveTheirOwnStrategyAndBars) {
  const Ran ran = Call({"--server", "127.0.0.1:1", "backtest", "run", "--signals", "latest", "--strategy", "x",
                        "--param", "a=1", "--model", "m", "--snapshot", "s", "--source", "t"});
  EXPECT_EQ(ran.status, 2);
  for (const char* flag : {"--strategy:", "--param:", "--model:", "--snapshot:", "--source:"})
    EXPECT_THAT(ran.people, HasSubstr(flag));
}

}  // namespace
}  // namespace breadthflow::cli
