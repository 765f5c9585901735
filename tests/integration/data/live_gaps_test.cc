// What a stream says of rows that did not come: gaps and silence, by the hours that a series keeps.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Kind = LiveEvent::Kind;

// An hour of Tuesday, 2024-08-06, UTC.
int64_t Hour(int hour) {
  return absl::ToUnixNanos(absl::FromCivil(absl::CivilHour(2024, 8, 6, hour), absl::UTCTimeZone()));
}

quant::Series Hours(const std::string& symbol, const std::vector<int>& hours) {
  std::vector<int64_t> times;
  for (const int hour : hours) times.push_back(Hour(hour));
  return Rows(symbol, times, std::vector<double>(times.size(), 10), Timeframe::kHour1);
}

TEST_F(LiveTest, SaysWhichBarsDidNotCome) {
  LiveSpec spec{.symbols = {"AAA"}, .timeframe = Timeframe::kDay};
  Put(Rows("AAA", {NewYork(2024, 8, 5)}, {10}, Timeframe::kDay));
  const auto stream = Open(spec);
  Put(Rows("AAA", {NewYork(2024, 8, 6), NewYork(2024, 8, 9)}, {11, 12}, Timeframe::kDay));
  const LiveEvent gap = Next(*stream);
  ASSERT_EQ(gap.kind, Kind::kGap);
  EXPECT_EQ(gap.gap.key.symbol, "AAA");
  EXPECT_EQ(gap.gap.expected_rows, 2);
  EXPECT_EQ(gap.gap.range, (quant::TimeRange{NewYork(2024, 8, 7), NewYork(2024, 8, 8) + 1}));
  EXPECT_EQ(Next(*stream).rows->rows.size(), 2u);
  Put(Rows("AAA", {NewYork(2024, 8, 12)}, {13}, Timeframe::kDay));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows) << "the next session: nothing is missing";
  Put(Rows("AAA", {NewYork(2024, 8, 7)}, {11.5}, Timeframe::kDay));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows) << "what was missing comes late";
}

TEST_F(LiveTest, GapsGoByTheHoursThatTheSeriesKeeps) {
  const auto midnight = [](int day) {
    return absl::ToUnixNanos(absl::FromCivil(absl::CivilDay(2024, 8, day), absl::UTCTimeZone()));
  };
  const LiveSpec spec{.symbols = {"COIN", "AAA"}, .timeframe = Timeframe::kDay};
  const auto stream = Open(spec);
  LiveSpec named = spec;
  named.calendar = &quant::FxWeek();
  const auto other = Open(named);
  Put(Rows("COIN", {midnight(2), midnight(3)}, {10, 11}, Timeframe::kDay));
  Put(Rows("COIN", {midnight(6)}, {12}, Timeframe::kDay));
  Put(Rows("AAA", {NewYork(2024, 8, 2), NewYork(2024, 8, 5)}, {20, 21}, Timeframe::kDay));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows);
  const LiveEvent gap = Next(*stream);
  ASSERT_EQ(gap.kind, Kind::kGap) << "over a weekend";
  EXPECT_EQ(gap.gap.expected_rows, 2);
  EXPECT_EQ(gap.gap.range, (quant::TimeRange{midnight(4), midnight(5) + 1}));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows);
  EXPECT_EQ(Next(*stream).rows->rows.key.symbol, "AAA") << "no gap there";
  for (int rows = 0; rows < 3; ++rows) {
    EXPECT_EQ(Next(*other).kind, Kind::kRows) << "a calendar that the rows do not keep expects nothing";
  }
}

// Rows of two bars that an hour of 24/7 lies between; XNYS is closed there.
TEST_F(LiveTest, GapsGoByTheCalendarThatWasNamedForTheSeries) {
  const auto next_are_gap_and_rows = [](LiveSource& stream, const std::string& symbol, int first, int64_t rows) {
    const LiveEvent gap = Next(stream);
    ASSERT_EQ(gap.kind, Kind::kGap);
    EXPECT_EQ(gap.gap.key.symbol, symbol);
    EXPECT_EQ(gap.gap.expected_rows, rows);
    EXPECT_EQ(gap.gap.range.start_ns, Hour(first));
    EXPECT_EQ(Next(stream).rows->rows.key.symbol, symbol);
  };
  LiveSpec spec{.symbols = {"GOLD", "SHIP"}, .timeframe = Timeframe::kHour1};
  Put(Hours("GOLD", {1}));
  Put(Hours("SHIP", {1}));
  Name("GOLD", Timeframe::kHour1, "24/7");
  const auto stream = Open(spec);
  const std::string begin = Next(*stream, true).cursor.ToText();
  spec.calendar = &quant::Xnys();
  const auto other = Open(spec);
  spec.calendar = nullptr;
  Put(Hours("GOLD", {2, 5}));
  Put(Hours("SHIP", {2, 5}));
  next_are_gap_and_rows(*stream, "GOLD", 3, 2);
  EXPECT_EQ(Next(*stream).rows->rows.key.symbol, "SHIP") << "nobody said that it trades at night";
  Name("SHIP", Timeframe::kHour1, "24/7");
  Put(Hours("SHIP", {6, 8}));
  next_are_gap_and_rows(*stream, "SHIP", 7, 1);
  for (int rows = 0; rows < 3; ++rows)
    EXPECT_EQ(Next(*other).kind, Kind::kRows) << "the calendar of the request counts";

  const auto resumed = Open(spec, begin);
  next_are_gap_and_rows(*resumed, "GOLD", 3, 2);
  next_are_gap_and_rows(*resumed, "SHIP", 3, 2);
  next_are_gap_and_rows(*resumed, "SHIP", 7, 1);
  spec.start = quant::FromNanos(Hour(5));
  const auto stored = Open(spec);
  EXPECT_EQ(Next(*stored).rows->rows.times, std::vector<int64_t>{Hour(5)});
  next_are_gap_and_rows(*stored, "SHIP", 7, 1);
}

TEST_F(LiveTest, ACalendarThatWasNamedCountsBeforeWhatRowsTell) {
  const auto midnight = [](int day) {
    return absl::ToUnixNanos(absl::FromCivil(absl::CivilDay(2024, 8, day), absl::UTCTimeZone()));
  };
  Name("COIN", Timeframe::kDay, "XNYS");
  const auto stream = Open({.symbols = {"COIN"}, .timeframe = Timeframe::kDay});
  Put(Rows("COIN", {midnight(2), midnight(3), midnight(6)}, {10, 11, 12}, Timeframe::kDay));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows) << "XNYS has no session on the weekend between them";
}

TEST_F(LiveTest, AMarketThatNeverClosesIsSilentOnAWeekendToo) {
  clock_.Advance(absl::FromCivil(absl::CivilHour(2024, 8, 10, 12), absl::UTCTimeZone()) - clock_.Now());
  for (const char* symbol : {"GOLD", "SHIP"}) Put(Rows(symbol, {Hour(15)}, {10}));
  Name("GOLD", Timeframe::kTick, "24/7");
  LiveSpec spec = TicksOf({"GOLD", "SHIP"});
  spec.silence_after = absl::Minutes(2);
  const auto stream = Open(spec);
  EXPECT_TRUE(Silent(*stream));
  clock_.Advance(absl::Minutes(2));
  const LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kSilence);
  EXPECT_EQ(event.silence.key.symbol, "GOLD");
  EXPECT_TRUE(Silent(*stream)) << "the exchange of the other is closed";
}

TEST_F(LiveTest, SaysOnceThatASeriesIsSilent) {
  clock_.Advance(quant::FromNanos(NewYork(2024, 8, 5, 10)) - clock_.Now());
  LiveSpec spec = TicksOf({"AAA", "BBB"});
  spec.silence_after = absl::Minutes(2);
  Put(Rows("AAA", {7}, {10}));
  const auto stream = Open(spec);
  EXPECT_TRUE(Silent(*stream));
  clock_.Advance(absl::Minutes(2));
  LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kSilence);
  EXPECT_EQ(event.silence.key.symbol, "AAA");
  EXPECT_EQ(event.silence.last_time_ns, 7);
  EXPECT_TRUE(event.silence.last_arrival.has_value());
  event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kSilence);
  EXPECT_EQ(event.silence.key.symbol, "BBB");
  EXPECT_FALSE(event.silence.last_time_ns.has_value());
  Put(Rows("BBB", {8}, {20}));
  EXPECT_EQ(Next(*stream).kind, Kind::kRows);
  clock_.Advance(absl::Seconds(15));
  EXPECT_TRUE(Silent(*stream)) << "told already";
}

TEST_F(LiveTest, TokensOfAnotherStoreBecomeGaps) {
  LiveSpec spec{.symbols = {"AAA"}, .timeframe = Timeframe::kDay};
  LiveCursor cursor;
  {
    const auto stream = Open(spec);
    Put(Rows("AAA", {NewYork(2024, 8, 5)}, {10}, Timeframe::kDay));
    cursor = Next(*stream).cursor;
  }
  LiveCursor foreign = cursor;
  foreign.database = "12345";
  LiveCursor future = cursor;
  BF_ASSERT_OK_AND_ASSIGN(future.base, columnar::CommitPosition::Parse("4000000000:4000000000:"));
  for (const LiveCursor& lost : {foreign, future}) {
    const auto stream = Open(spec, lost.ToText());
    const LiveEvent event = Next(*stream);
    ASSERT_EQ(event.kind, Kind::kGap);
    EXPECT_EQ(event.gap.range.start_ns, quant::ToNanos(cursor.time));
    EXPECT_TRUE(Silent(*stream));
  }
  EXPECT_THAT(replica_.streamer.Open(spec, "nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESUME_TOKEN"));
}

}  // namespace
}  // namespace breadthflow::data
