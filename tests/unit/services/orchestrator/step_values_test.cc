#include "services/orchestrator/domain/step_values.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::orchestrator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::StatusIs;

component::Params Given(const component::RawParams& given) {
  return *component::Params::Check({SymbolsParam(""), StartParam(), EndParam(), TimeframeParam()}, given);
}

std::vector<std::string> ViolatedFields(const component::RawParams& given) {
  base::Violations violations;
  CheckValues(Given(given), violations);
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : violations.list()) fields.push_back(violation.field);
  return fields;
}

TEST(ParseSymbols, SeparatesByCommasAndDropsBlanks) {
  EXPECT_THAT(ParseSymbols("AAPL"), IsOkAndHolds(ElementsAre("AAPL")));
  EXPECT_THAT(ParseSymbols(" AAPL, BRK.B ,^GSPC"), IsOkAndHolds(ElementsAre("AAPL", "BRK.B", "^GSPC")));
  EXPECT_THAT(ParseSymbols(""), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(ParseSymbols("  "), IsOkAndHolds(IsEmpty()));
}

TEST(ParseSymbols, RefusesEmptyItemsAndDuplicates) {
  for (const char* wrong : {",", "A,", ",A", "A,,B", "A, ,B", "A,B,A"}) {
    EXPECT_THAT(ParseSymbols(wrong), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_VALUE")) << wrong;
  }
}

TEST(ParseDay, IsADayOfTheCalendar) {
  EXPECT_THAT(ParseDay("1970-01-01"), IsOkAndHolds(absl::CivilDay(1970, 1, 1)));
  EXPECT_THAT(ParseDay("2020-02-29"), IsOkAndHolds(absl::CivilDay(2020, 2, 29)));
}

TEST(ParseDay, RefusesWhatIsNotADay) {
  for (const char* wrong :
       {"", "2018", "2018-1-1", "2018-02-30", "2019-02-29", "2018-13-01", "2018-00-10", "2018-01-00", "2018/01/01",
        "01-01-2018", "2018-01-01T00:00", "-018-01-01", "2018-+1-01", "20l8-01-01"}) {
    EXPECT_THAT(ParseDay(wrong), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_VALUE")) << wrong;
  }
}

TEST(CheckValues, NamesEveryWrongParameter) {
  EXPECT_THAT(ViolatedFields({}), IsEmpty());
  EXPECT_THAT(ViolatedFields({{"symbols", "A,,B"}, {"start", "x"}, {"end", "y"}}),
              ElementsAre("symbols", "start", "end"));
  EXPECT_THAT(ViolatedFields({{"start", "2018-01-01"}, {"end", "2018-01-01"}}), ElementsAre("end"));
  EXPECT_THAT(ViolatedFields({{"start", "2018-01-02"}, {"end", "2018-01-01"}}), ElementsAre("end"));
}

TEST(RangeOf, IsHalfOpenAndOpenWhereNothingIsGiven) {
  constexpr quant::Timeframe kTick = quant::Timeframe::kTick;
  EXPECT_EQ(RangeOf(Given({}), kTick), std::nullopt);
  EXPECT_EQ(RangeOf(Given({{"start", "1970-01-02"}, {"end", "1970-01-03"}}), kTick),
            (quant::TimeRange{86'400'000'000'000, 2 * 86'400'000'000'000}));
  EXPECT_EQ(RangeOf(Given({{"end", "1970-01-01"}}), kTick), (quant::TimeRange{INT64_MIN, 0}));
  EXPECT_EQ(RangeOf(Given({{"start", "1970-01-01"}}), kTick), (quant::TimeRange{0, INT64_MAX}));
}

TEST(RangeOf, DaysOfBarsEndBehindTheirMidnight) {
  const component::Params days = Given({{"start", "1970-01-02"}, {"end", "1970-01-03"}});
  const quant::TimeRange range{86'400'000'000'001, 2 * 86'400'000'000'000 + 1};
  EXPECT_EQ(RangeOf(days), range);
  EXPECT_EQ(RangeOf(days, quant::Timeframe::kHour1), range);
}

TEST(TimeframeParam, OffersExactlyTheTimeframesThereAre) {
  for (const std::string& choice : TimeframeParam().choices) {
    BF_ASSERT_OK_AND_ASSIGN(const quant::Timeframe timeframe, quant::ParseTimeframe(choice));
    EXPECT_EQ(TimeframeOf(Given({{"timeframe", choice}})), timeframe);
  }
  EXPECT_EQ(TimeframeParam().choices.size(), 9);
}

}  // namespace
}  // namespace breadthflow::orchestrator
