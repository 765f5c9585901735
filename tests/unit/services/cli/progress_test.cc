#include "services/cli/progress.h"

#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(Progress, IsOneLinePerTenPerCentWithoutATerminal) {
  std::ostringstream out;
  const base::FakeClock clock(absl::UnixEpoch());
  {
    Progress progress(Progress::Style::kLines, out, clock, "fetch");
    for (int i = 0; i <= 25; ++i) progress.Update(i / 100.0, "reading");
    progress.Update(1, "");
  }
  EXPECT_EQ(out.str(), "fetch: 0 %  reading\nfetch: 10 %  reading\nfetch: 20 %  reading\nfetch: 100 %\n");
}

TEST(Progress, DrawsABarWithAnEstimateOnATerminal) {
  std::ostringstream out;
  base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kBar, out, clock, "train");
  clock.Advance(absl::Seconds(10));
  progress.Update(0.25, "fitting");
  EXPECT_EQ(out.str(), "\rtrain [#######.....................]  25 %  30 s left  fitting");
}

TEST(Progress, NeverGoesBack) {
  std::ostringstream out;
  const base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kBar, out, clock, "x");
  progress.Update(0.5, "");
  progress.Update(0.1, "");
  EXPECT_THAT(out.str(), HasSubstr(" 50 %"));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr(" 10 %")));
}

TEST(Progress, WorkThatStandsStillSaysWhyEveryFiveSeconds) {
  const std::string waits = "yahoo: could not resolve query1.finance.yahoo.com; next try in {} s, until 07:51:10 UTC";
  const auto after = [&](Progress::Style style) {
    std::ostringstream out;
    base::FakeClock clock(absl::UnixEpoch());
    {
      Progress progress(style, out, clock, "fetch");
      progress.Update(0, "AAPL");
      for (int left = 12; left > 0; --left) {
        clock.Advance(absl::Seconds(1));
        progress.Update(0, fmt::format(fmt::runtime(waits), left));
      }
      progress.Update(1, "");
    }
    return out.str();
  };
  EXPECT_EQ(after(Progress::Style::kLines), "fetch: 0 %  AAPL\nfetch: 0 %  " + fmt::format(fmt::runtime(waits), 8) +
                                                "\nfetch: 0 %  " + fmt::format(fmt::runtime(waits), 3) +
                                                "\nfetch: 100 %\n");
  // Behind the bar there is room for its beginning only.
  EXPECT_THAT(after(Progress::Style::kBar), HasSubstr("\rfetch: " + fmt::format(fmt::runtime(waits), 8) + "\n"));
  EXPECT_EQ(after(Progress::Style::kSilent), "");
}

TEST(Progress, StepsThatGoOnAreNoStandstill) {
  std::ostringstream out;
  base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kLines, out, clock, "fetch");
  for (int i = 0; i < 9; ++i) {
    progress.Update(i / 100.0, fmt::format("S{}", i));
    clock.Advance(absl::Seconds(4));
  }
  EXPECT_EQ(out.str(), "fetch: 0 %  S0\n");
}

TEST(Progress, NotesClearTheBarFirst) {
  std::ostringstream out;
  const base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kBar, out, clock, "x");
  progress.Update(0.5, "");
  progress.Note("a step is done");
  EXPECT_THAT(out.str(), EndsWith("\ra step is done\n"));
}

TEST(Progress, SaysNothingWhenSilent) {
  std::ostringstream out;
  const base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kSilent, out, clock, "x");
  progress.Update(1, "y");
  progress.Note("z");
  progress.Finish();
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace breadthflow::cli
