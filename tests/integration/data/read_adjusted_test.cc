// ReadSeries of prices adjusted for splits and dividends, through a real server.
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/data/read_series_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

MATCHER_P(AreNear, expected, "") {
  if (arg.size() != expected.size()) return false;
  for (size_t i = 0; i < arg.size(); ++i) {
    if (std::abs(arg[i] - expected[i]) > 1e-12 * std::abs(expected[i])) {
      *result_listener << "row " << i << " is " << arg[i] << ", not " << expected[i];
      return false;
    }
  }
  return true;
}

constexpr double kKept = 1.0 - 1.0 / 128.0;  // what the dividend leaves of the close before it

TEST_F(ReadSeriesTest, EachAdjustmentIsWhatAHandComputes) {
  PutAaa();
  EXPECT_THAT(Closes(Adjustment::kRaw), AreNear(kCloses));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{125, 126, 128, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend), AreNear(Doubles{125 * kKept, 126 * kKept, 127, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kTotalReturn), AreNear(Doubles{500, 504, 512, 532, 4 * (1 + 1 / 132.0) * 130}));
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), AreNear(Doubles{500, 504, 512, 528, 520}));
  EXPECT_THAT(Closes(Adjustment::kForward), AreNear(Doubles{500, 504, 512, 528 / kKept, 520 / kKept}));
  BF_ASSERT_OK_AND_ASSIGN(const Series split, ReadOne("AAA", {.adjustment = Adjustment::kSplit}));
  EXPECT_THAT(split.Doubles("volume"), ElementsAre(400, 400, 100, 100, 100));
  EXPECT_EQ(split.basis, PriceBasis::kSplitAdjusted);
}

TEST_F(ReadSeriesTest, EventsAfterTheRangeCountAsInTheWholeRead) {
  PutAaa();
  const quant::TimeRange two_days{INT64_MIN, CloseOf(CivilDay(2020, 8, 31))};
  EXPECT_THAT(Closes(Adjustment::kSplit, two_days), AreNear(Doubles{125, 126}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend, two_days), AreNear(Doubles{125 * kKept, 126 * kKept}));
  EXPECT_THAT(Closes(Adjustment::kForward, two_days), AreNear(Doubles{500, 504})) << "no later event changes it";
  const quant::TimeRange from_friday{CloseOf(CivilDay(2020, 8, 28)), INT64_MAX};
  EXPECT_THAT(Closes(Adjustment::kForwardSplit, from_friday), AreNear(Doubles{504, 512, 528, 520}));
}

TEST_F(ReadSeriesTest, TheNewestRowIsAsItTradedWhateverIsAnnounced) {
  PutAaa();
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 4}, {CivilDay(2020, 12, 1), 10}}));
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}, {CivilDay(2020, 12, 4), 2}}));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{125, 126, 128, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend), AreNear(Doubles{125 * kKept, 126 * kKept, 127, 132, 130}));
}

TEST_F(ReadSeriesTest, EventsAreReadAsOfTheSameInstantAndInASnapshotAsOfThat) {
  PutAaa();
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  spec.range.end_ns = CloseOf(CivilDay(2020, 9, 1));
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  const absl::Time before = snapshot.spec.as_of;
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 5}}));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{100, 100.8, 128, 132, 130}));
  BF_ASSERT_OK_AND_ASSIGN(const Series then, ReadOne("AAA", {.as_of = before, .adjustment = Adjustment::kSplit}));
  EXPECT_THAT(then.Doubles("close"), ElementsAre(125, 126, 128, 132, 130));
  BF_ASSERT_OK_AND_ASSIGN(const Series frozen,
                          ReadOne("AAA", {.snapshot = snapshot.name, .adjustment = Adjustment::kSplitDividend}));
  EXPECT_THAT(frozen.Doubles("close"), AreNear(Doubles{125 * kKept, 126 * kKept, 127}))
      << "the dividend behind the snapshot's range counts";
}

TEST_F(ReadSeriesTest, PricesAdjustedBeforeAreNotAdjustedTwice) {
  Put(FlatBars("BBB", kThursday, kCloses, PriceBasis::kSplitAndDividendAdjusted));
  EXPECT_THAT(ReadOne("BBB", {.adjustment = Adjustment::kSplit}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_THAT(ReadOne("BBB", {.basis = PriceBasis::kRaw}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_THAT(ReadOne("BBB", {.adjustment = Adjustment::kSplitDividend}), IsOk()) << "is what is stored";
}

}  // namespace
}  // namespace breadthflow::data
