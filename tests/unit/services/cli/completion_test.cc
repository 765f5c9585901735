#include "services/cli/completion.h"

#include <cstdio>
#include <fstream>

#include <unistd.h>

#include "services/cli/command.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(Completion, KnowsEveryVerbAndFlagInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    BF_ASSERT_OK_AND_ASSIGN(const std::string script, CompletionScript(shell));
    for (const Command& command : Commands()) {
      EXPECT_THAT(script, HasSubstr(command.verb)) << shell;
      for (const Flag& flag : command.flags)
        EXPECT_THAT(script, HasSubstr(flag.name)) << shell << " " << command.Name();
    }
  }
}

TEST(Completion, RefusesOtherShells) {
  EXPECT_THAT(CompletionScript("tcsh"), StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
}

// Stands for the program, which asks the server.
constexpr char kServer[] = R"(breadthflow() {
  [[ "$*" == *"--kind data_source" ]] && echo ' "name": "components/data_source/csv_file/1.0.0",'
  [[ "$*" == *list ]] && echo ' "name": "components/indicator/rsi/1.0.0",'
}
)";

// What bash offers for a line whose last word is being typed.
std::string Offered(const std::string& line) {
  const std::string file = "/tmp/bf-completion-" + std::to_string(getpid());
  std::ofstream(file) << kServer << *CompletionScript("bash") << "\nCOMP_WORDS=(" << line
                      << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                      << "_breadthflow\nprintf '%s ' \"${COMPREPLY[@]}\"\n";
  std::string out;
  std::FILE* pipe = popen(("bash " + file).c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  pclose(pipe);
  std::remove(file.c_str());
  return out;
}

TEST(Completion, OffersGroupsVerbsAndFlagsInBash) {
  EXPECT_EQ(Offered("breadthflow pipe"), "pipeline ");
  EXPECT_EQ(Offered("breadthflow --server localhost:1 data fe"), "fetch ");
  EXPECT_EQ(Offered("breadthflow data fetch --sym"), "--symbols ");
  EXPECT_EQ(Offered("breadthflow completion f"), "fish ");
  EXPECT_EQ(Offered("breadthflow vers"), "version ");
}

TEST(Completion, OffersTheValuesOfFlagsInBash) {
  EXPECT_EQ(Offered("breadthflow data fetch --timeframe 1d"), "1day ");
  EXPECT_EQ(Offered("breadthflow data summary --output j"), "json ");
  EXPECT_EQ(Offered("breadthflow training train --strategy c"), "classification ");
  EXPECT_EQ(Offered("breadthflow data fetch --source c"), "csv_file ") << "as the server knows them";
  EXPECT_EQ(Offered("breadthflow components show ind"), "indicator/rsi ");
}

}  // namespace
}  // namespace breadthflow::cli
