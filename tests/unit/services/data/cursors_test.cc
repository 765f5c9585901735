#include "services/data/rpc/cursors.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using testing::IsOk;
using testing::StatusIs;

const quant::SeriesKey kKey = {"stock_price", "BRK B", quant::Timeframe::kHour1, ""};

TEST(Cursors, OfSeriesAndOfWhatIsCoveredComeBackAsTheyWere) {
  for (const std::string source : {"", "simulated"}) {
    quant::SeriesKey key = kKey;
    key.variant = source;
    BF_ASSERT_OK_AND_ASSIGN(const auto series, KeyFromCursor(ToCursor(key)));
    EXPECT_EQ(series, key);
    for (const int64_t start : {INT64_MIN, int64_t{0}, INT64_MAX}) {
      BF_ASSERT_OK_AND_ASSIGN(const auto covered, CoverageFromCursor(ToCursor(CoveragePosition{key, start})));
      ASSERT_TRUE(covered.has_value());
      EXPECT_EQ(covered->key, key);
      EXPECT_EQ(covered->start_ns, start);
    }
  }
}

TEST(Cursors, OfTimesComeBackToTheMicrosecond) {
  const absl::Time time = absl::FromUnixMicros(1'598'900'400'123'456);
  BF_ASSERT_OK_AND_ASSIGN(const auto position, FromCursor(ToCursor(time, "0190-a")));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->create_time, time);
  EXPECT_EQ(position->id, "0190-a");
}

TEST(Cursors, AnEmptyOneIsTheBeginning) {
  EXPECT_EQ(FromCursor("").value(), std::nullopt);
  EXPECT_EQ(KeyFromCursor("").value(), std::nullopt);
  EXPECT_EQ(CoverageFromCursor("").value(), std::nullopt);
}

TEST(Cursors, WhatIsNoneOfTheKindIsRefused) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN");
  const std::string series = ToCursor(kKey), covered = ToCursor(CoveragePosition{kKey, 5});
  EXPECT_THAT(FromCursor(series), refused);
  EXPECT_THAT(FromCursor("12"), refused);
  EXPECT_THAT(KeyFromCursor(covered), refused);
  EXPECT_THAT(KeyFromCursor("one\ntwo\n12\nfour"), refused);
  EXPECT_THAT(CoverageFromCursor(series), refused);
  EXPECT_THAT(CoverageFromCursor(covered + "x"), refused);
  EXPECT_THAT(CoverageFromCursor(series + "\n"), refused);
}

}  // namespace
}  // namespace breadthflow::data
