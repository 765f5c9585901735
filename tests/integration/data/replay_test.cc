// Replays of stored rows on a real PostgreSQL.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/quant/calendar.h"
#include "common/quant/stats/random.h"
#include "services/data/app/replay_stream.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using testing::IsOk;
using testing::StatusIs;
using Kind = LiveEvent::Kind;

constexpr int64_t kSecond = 1'000'000'000;

LiveSpec Replay(std::vector<std::string> symbols, quant::TimeRange range = {}, double speed = 0) {
  return {.symbols = std::move(symbols),
          .timeframe = Timeframe::kTick,
          .replay = ReplaySpec{.range = range, .speed = speed}};
}

// Everything that a stream plays; token of its last event. `until`: leave it after so many events.
std::vector<quant::Series> Play(LiveSource& stream, std::string* token = nullptr, size_t until = SIZE_MAX) {
  std::vector<quant::Series> played;
  while (played.size() < until) {
    LiveEvent event;
    const auto step = stream.Next(event);
    EXPECT_THAT(step, IsOk());
    if (!step.ok() || step->kind == LiveStep::Kind::kEnd) break;
    if (step->kind != LiveStep::Kind::kEvent || event.kind != Kind::kRows) continue;
    played.push_back(event.rows->rows);
    if (token != nullptr) *token = event.cursor.ToText();
  }
  return played;
}

using Played = std::vector<std::tuple<int64_t, std::string, std::string>>;  // time, symbol, row as its chunk's bytes

void AddRows(const quant::Series& rows, Played& all) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto bytes = columnar::EncodeChunk(rows, i, i + 1);
    ASSERT_THAT(bytes, IsOk());
    all.emplace_back(rows.times[i], rows.key.symbol, *bytes);
  }
}

class ReplayTest : public LiveTest {
 protected:
  // Series of irregular times, many of them shared.
  void PutSome(int symbols, int64_t rows) {
    quant::stats::RandomSequence random(5, "replay");
    for (int s = 0; s < symbols; ++s) {
      std::vector<int64_t> times;
      std::vector<double> close;
      int64_t time = static_cast<int64_t>(random.Below(50));
      for (int64_t i = 0; i < rows; ++i) {
        times.push_back(time);
        close.push_back(static_cast<double>(random.Below(100'000)) / 100);
        time += 1 + static_cast<int64_t>(random.Below(random.Below(100) == 0 ? 5000 : 5));
      }
      symbols_.push_back(fmt::format("R{}", s));
      Put(Rows(symbols_.back(), times, close));
    }
  }

  // What ReadSeries has, merged by time: the oracle.
  Played Stored(quant::TimeRange range) {
    Played all;
    for (const std::string& symbol : symbols_) {
      const auto rows = replica_.series.chunks().Read({"stock_price", symbol, Timeframe::kTick, kTestSource}, range,
                                                      absl::InfiniteFuture());
      EXPECT_THAT(rows, IsOk());
      if (rows.ok()) AddRows(*rows, all);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
    return all;
  }

  // A replay that reads little at a time.
  std::unique_ptr<ReplayStream> Small(const LiveSpec& spec, int64_t window_rows, LiveCursor cursor = {}) {
    columnar::ChangeLog log(*replica_.database);
    const auto head = log.Head();
    EXPECT_THAT(head, IsOk());
    const auto states = log.States({spec.resource, spec.timeframe, spec.symbols}, "", head->position, head->position,
                                   {}, absl::InfiniteFuture());
    EXPECT_THAT(states, IsOk());
    return std::make_unique<ReplayStream>(replica_.series, clock_, spec, true, *states, NamedCalendars(),
                                          std::move(cursor), ReplayStream::Options{.window_rows = window_rows});
  }

  std::vector<std::string> symbols_;
};

TEST_F(ReplayTest, PlaysWhatIsStoredMergedByTimeByteForByte) {
  PutSome(7, 9000);
  for (const quant::TimeRange range : {quant::TimeRange{}, quant::TimeRange{1000, 20'000}, quant::TimeRange{5, 6}}) {
    const Played stored = Stored(range);
    for (const int64_t window : {50, 1000, 1'000'000}) {
      if (window == 50 && stored.size() > 20'000) continue;
      Played played;
      for (const quant::Series& rows : Play(*Small(Replay(symbols_, range), window))) AddRows(rows, played);
      EXPECT_EQ(played, stored) << window;
    }
  }
}

TEST_F(ReplayTest, GoesOnWithinAnInstant) {
  PutSome(4, 500);
  const Played stored = Stored({});
  const LiveSpec spec = Replay(symbols_);
  Played played;
  std::string token;
  std::unique_ptr<LiveSource> stream = Open(spec);
  for (size_t before = SIZE_MAX; before != played.size();) {
    before = played.size();
    for (const quant::Series& rows : Play(*stream, &token, 7)) AddRows(rows, played);
    stream = Open(spec, token);
  }
  EXPECT_EQ(played, stored);
}

TEST_F(ReplayTest, PlaysRowsAsTheyWereWhenItBegan) {
  Put(Rows("AAA", {1, 2, 3}, {10, 11, 12}));
  const LiveSpec spec = Replay({"AAA"});
  LiveCursor cursor;
  {
    const auto stream = Open(spec);
    LiveEvent event = Next(*stream);
    cursor = event.cursor;
    EXPECT_EQ(event.rows->rows, Rows("AAA", {1, 2, 3}, {10, 11, 12})) << "as fast as possible: together";
  }
  Put(Rows("AAA", {2, 4}, {99, 13}));
  cursor.time_ns = 1;
  const auto stream = Open(spec, cursor.ToText());
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {2, 3}, {11, 12}));
  LiveEvent event;
  EXPECT_EQ(stream->Next(event)->kind, LiveStep::Kind::kEnd);
}

TEST_F(ReplayTest, PlaysAtTheSpeedAskedFor) {
  Put(Rows("AAA", {0, 10 * kSecond, 20 * kSecond, 20 * kSecond + 1}, {1, 2, 3, 4}));
  Put(Rows("BBB", {10 * kSecond, 15 * kSecond}, {5, 6}));
  const auto stream = Open(Replay({"AAA", "BBB"}, {}, 10));
  const absl::Time start = clock_.Now();
  const auto played_by = [&](absl::Duration since) {
    clock_.Advance(start + since - clock_.Now());
    Received received;
    LiveEvent event;
    for (int waits = 0; waits < 3;) {
      const auto step = stream->Next(event);
      EXPECT_THAT(step, IsOk());
      if (step->kind != LiveStep::Kind::kEvent) {
        ++waits;
      } else {
        EXPECT_EQ(event.rows->arrival, clock_.Now());
        Append(event.rows->rows, received);
      }
    }
    return received;
  };
  EXPECT_EQ(played_by(absl::ZeroDuration()), (Received{{0, 1}}));
  EXPECT_EQ(played_by(absl::Milliseconds(999)), Received());
  EXPECT_EQ(played_by(absl::Seconds(1)), (Received{{10 * kSecond, 2}, {10 * kSecond, 5}}));
  EXPECT_EQ(played_by(absl::Milliseconds(1999)), (Received{{15 * kSecond, 6}}));
  EXPECT_EQ(played_by(absl::Seconds(3)), (Received{{20 * kSecond, 3}, {20 * kSecond + 1, 4}}));
  LiveEvent event;
  EXPECT_EQ(stream->Next(event)->kind, LiveStep::Kind::kEnd);
}

TEST_F(ReplayTest, SaysWhatIsMissing) {
  const auto close = [](int day) { return quant::NewYorkInstant(absl::CivilSecond(2024, 8, day, 16, 0, 0)); };
  Put(Rows("AAA", {close(5), close(8), close(9)}, {1, 2, 3}, Timeframe::kDay));
  LiveSpec spec = Replay({"AAA"});
  spec.timeframe = Timeframe::kDay;
  const auto stream = Open(spec);
  const LiveEvent gap = Next(*stream);
  ASSERT_EQ(gap.kind, Kind::kGap);
  EXPECT_EQ(gap.gap.expected_rows, 2);
  EXPECT_EQ(Next(*stream).rows->rows.size(), 3u);
}

TEST_F(ReplayTest, WhatIsMissingGoesByTheCalendarThatWasNamed) {
  const auto hour = [](int of_day) {
    return absl::ToUnixNanos(absl::FromCivil(absl::CivilHour(2024, 8, 6, of_day), absl::UTCTimeZone()));
  };
  Put(Rows("GOLD", {hour(1), hour(2), hour(5)}, {1, 2, 3}, Timeframe::kHour1));
  LiveSpec spec = Replay({"GOLD"});
  spec.timeframe = Timeframe::kHour1;
  EXPECT_EQ(Next(*Open(spec)).kind, Kind::kRows) << "XNYS is closed, as far as the rows tell";
  Name("GOLD", Timeframe::kHour1, "24/7");
  const auto stream = Open(spec);
  const LiveEvent gap = Next(*stream);
  ASSERT_EQ(gap.kind, Kind::kGap);
  EXPECT_EQ(gap.gap.range, (quant::TimeRange{hour(3), hour(4) + 1}));
  spec.calendar = &quant::Xnys();
  EXPECT_EQ(Next(*Open(spec)).kind, Kind::kRows) << "the calendar of the request counts";
}

TEST_F(ReplayTest, NamesTheSourcesOfWhichOneMustBeSaid) {
  quant::Series other = Rows("AAA", {1}, {10});
  other.key.variant = "another";
  Put(other);
  Put(Rows("AAA", {1}, {10}));
  const auto refused = replica_.streamer.Open(Replay({"AAA"}), "");
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  EXPECT_EQ(base::DetailsOf(refused.status()).violations[0].description,
            "AAA is stored from another, test: name the source");
}

TEST_F(ReplayTest, RefusesWhatIsNotStored) {
  Put(Rows("AAA", {1}, {10}));
  EXPECT_THAT(replica_.streamer.Open(Replay({"AAA", "BBB", "CCC"}), ""),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  const auto empty = Open(Replay({"AAA"}, {5, 10}));
  LiveEvent event;
  EXPECT_EQ(empty->Next(event)->kind, LiveStep::Kind::kEnd);
}

}  // namespace
}  // namespace breadthflow::data
