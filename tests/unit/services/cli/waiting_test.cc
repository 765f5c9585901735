#include "services/cli/waiting.h"

#include <sstream>

#include <gtest/gtest.h>

#include "common/base/clock.h"

namespace breadthflow::cli {
namespace {

class WaitingTest : public ::testing::Test {
 protected:
  // What is said when the clock is looked at every tenth of a second for so long.
  std::string Said(Progress::Style style, int seconds) {
    std::ostringstream out;
    base::FakeClock clock(absl::UnixEpoch());
    {
      Waiting waiting(style, out, clock, "checking");
      for (int tick = 0; tick < 10 * seconds; ++tick) {
        clock.Advance(absl::Milliseconds(100));
        waiting.Look();
      }
    }
    return out.str();
  }
};

TEST_F(WaitingTest, SaysNothingOfWhatIsSoonDone) {
  EXPECT_EQ(Said(Progress::Style::kBar, 1), "");
  EXPECT_EQ(Said(Progress::Style::kLines, 1), "");
}

TEST_F(WaitingTest, CountsSecondsOnATerminalAndLeavesNothingBehind) {
  EXPECT_EQ(Said(Progress::Style::kBar, 4), "\rchecking: 2 s\rchecking: 3 s\rchecking: 4 s\r             \r");
}

TEST_F(WaitingTest, IsALineWheneverTheTimeHasDoubledElsewhere) {
  EXPECT_EQ(Said(Progress::Style::kLines, 70),
            "checking: 2 s\nchecking: 4 s\nchecking: 8 s\nchecking: 16 s\nchecking: 32 s\nchecking: 1 min 04 s\n");
}

TEST_F(WaitingTest, SaysNothingWhenSilent) { EXPECT_EQ(Said(Progress::Style::kSilent, 10), ""); }

TEST_F(WaitingTest, LooksByItselfUntilItIsFinished) {
  std::ostringstream out;
  base::FakeClock clock(absl::UnixEpoch());
  Waiting waiting(Progress::Style::kLines, out, clock, "checking");
  waiting.Start();
  clock.Advance(absl::Seconds(3));
  waiting.Finish();
  waiting.Finish();
  const std::string said = out.str();
  EXPECT_TRUE(said.empty() || said == "checking: 3 s\n") << said;
  clock.Advance(absl::Seconds(30));
  EXPECT_EQ(out.str(), said);
}

}  // namespace
}  // namespace breadthflow::cli
