#include "services/cli/values.h"

#include <filesystem>
#include <utility>

#include "common/rpc/convert.h"
#include "services/cli/command.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;

TEST(Values, SymbolsAreUpperCaseWithoutSpaces) {
  base::Violations violations;
  EXPECT_THAT(ParseSymbols("aapl, msft,BRK-B", "--symbols", violations), ElementsAre("AAPL", "MSFT", "BRK-B"));
  EXPECT_THAT(ParseSymbols("", "--symbols", violations), ElementsAre());
  EXPECT_TRUE(violations.empty());
  ParseSymbols("A,", "--symbols", violations);
  EXPECT_EQ(violations.list().size(), 1u);
}

TEST(Values, ASpaceInsideOfASymbolIsRefusedAndNotTakenOut) {
  base::Violations violations;
  ParseSymbols("BRK A", "--symbol", violations);
  ASSERT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(violations.list()[0].description, "a symbol has no space in it, was 'BRK A': separate symbols by commas");
}

TEST(Values, PathsAreMadeAbsoluteFromHere) {
  EXPECT_EQ(AbsolutePath("/data/bars"), "/data/bars");
  EXPECT_EQ(AbsolutePath("bars/../x"), (std::filesystem::current_path() / "x").string());
}

TEST(Values, TimesAreDaysOrInstantsInUtc) {
  base::Violations violations;
  EXPECT_EQ(ParseTime("2024-01-31", "--start", violations),
            absl::FromCivil(absl::CivilDay(2024, 1, 31), absl::UTCTimeZone()));
  EXPECT_EQ(ParseTime("2024-01-31T21:00:00Z", "--start", violations),
            absl::FromCivil(absl::CivilHour(2024, 1, 31, 21), absl::UTCTimeZone()));
  EXPECT_TRUE(violations.empty());
  for (const char* wrong : {"2024-02-30", "yesterday", "2024-01-31T21", "31.01.2024", "2024-1-1"}) {
    base::Violations found;
    ParseTime(wrong, "--start", found);
    EXPECT_EQ(found.list().size(), 1u) << wrong;
  }
}

TEST(Values, TheBarsOfADayAreThoseThatEndAfterItsMidnightAndUpToTheNext) {
  const Command command{.group = "data", .verb = "read", .flags = {StartFlag("", ""), EndFlag("", "")}};
  const auto range = [&](common::v1::Timeframe timeframe, const std::string& start, const std::string& end) {
    base::Violations violations;
    const auto arguments = Arguments::Parse(command, {"--start", start, "--end", end});
    EXPECT_THAT(arguments, testing::IsOk());
    const common::v1::TimeRange parsed = ParseRange(*arguments, timeframe, violations);
    EXPECT_TRUE(violations.empty());
    const absl::Time day = absl::FromCivil(absl::CivilDay(2020, 3, 12), absl::UTCTimeZone());
    return std::pair(rpc::FromProto(parsed.start_time()) - day, rpc::FromProto(parsed.end_time()) - day);
  };
  const absl::Duration day = absl::Hours(24);
  const absl::Duration instant = absl::Nanoseconds(1);
  EXPECT_EQ(range(common::v1::TIMEFRAME_1DAY, "2020-03-12", "2020-03-13"), std::pair(instant, day + instant));
  EXPECT_EQ(range(common::v1::TIMEFRAME_TICK, "2020-03-12", "2020-03-13"), std::pair(absl::ZeroDuration(), day));
  EXPECT_EQ(range(common::v1::TIMEFRAME_1DAY, "2020-03-12T00:00:00Z", "2020-03-13"),
            std::pair(absl::ZeroDuration(), day + instant));
}

TEST(Values, DaysOfBarsAreTheSameInEveryFlag) {
  const Command command{.group = "backtest", .verb = "run", .flags = {StartFlag("", ""), EndFlag("", "")}};
  base::Violations violations;
  const auto arguments = Arguments::Parse(command, {"--start", "2020-03-12", "--end", "2020-03-13"});
  ASSERT_THAT(arguments, testing::IsOk());
  const common::v1::TimeRange days = ParseRange(*arguments, common::v1::TIMEFRAME_1HOUR, violations);
  EXPECT_EQ(ParseBarRange(*arguments, violations).SerializeAsString(), days.SerializeAsString());
  const absl::Time start = ParseBound("2020-03-12", "--from", common::v1::TIMEFRAME_1HOUR, violations);
  EXPECT_EQ(start, rpc::FromProto(days.start_time()));
  EXPECT_EQ(start, DayBegin(absl::CivilDay(2020, 3, 12), common::v1::TIMEFRAME_1DAY));
  EXPECT_EQ(ParseBound("2020-03-12", "--from", common::v1::TIMEFRAME_UNSPECIFIED, violations),
            start - absl::Nanoseconds(1))
      << "rows that are no bars";
  EXPECT_EQ(ParseBound("2020-03-12T00:00:00Z", "--from", common::v1::TIMEFRAME_1DAY, violations),
            start - absl::Nanoseconds(1));
  EXPECT_TRUE(violations.empty());
  ParseBound("12.03.2020", "--from", common::v1::TIMEFRAME_1DAY, violations);
  ASSERT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(violations.list()[0].field, "--from");
}

TEST(Values, ParametersHaveTheTypeTheyLookLikeUnlessQuoted) {
  EXPECT_EQ(ParseParamValue("14").int_value(), 14);
  EXPECT_EQ(ParseParamValue("0.5").double_value(), 0.5);
  EXPECT_TRUE(ParseParamValue("true").bool_value());
  EXPECT_EQ(ParseParamValue("split").string_value(), "split");
  EXPECT_EQ(ParseParamValue("\"14\"").string_value(), "14");
}

TEST(Values, NamesMayBeShort) {
  EXPECT_EQ(ResourceName("fetchRuns", "abc"), "fetchRuns/abc");
  EXPECT_EQ(ResourceName("fetchRuns", "fetchRuns/abc"), "fetchRuns/abc");
  EXPECT_EQ(ResourceName("fetchRuns", "latest"), "latest");
}

TEST(Values, NumbersAreGroupedForPeople) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
  EXPECT_EQ(Money(-1234.5), "-1,234.50");
  EXPECT_EQ(Money(-0.001), "0.00");
  EXPECT_EQ(Percent(0.1234), "12.34 %");
}

}  // namespace
}  // namespace breadthflow::cli
