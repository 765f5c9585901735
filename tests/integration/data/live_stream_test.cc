// Live rows on a real PostgreSQL: what is committed reaches every subscriber once.
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "common/columnar/chunk_compactor.h"
#include "common/quant/calendar.h"
#include "common/quant/stats/random.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Kind = LiveEvent::Kind;

LiveSpec Ticks(std::vector<std::string> symbols) {
  return {.symbols = std::move(symbols), .timeframe = Timeframe::kTick};
}

int64_t NewYork(int year, int month, int day, int hour = 16, int minute = 0) {
  return quant::NewYorkInstant(absl::CivilSecond(year, month, day, hour, minute, 0));
}

TEST_F(LiveTest, TellsWhatIsCommittedFromNowOn) {
  Put(Rows("AAA", {1, 2}, {10, 11}));
  const auto stream = Open(Ticks({"AAA", "BBB"}));
  EXPECT_TRUE(Silent(*stream));
  Put(Rows("AAA", {3}, {12}));
  LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kRows);
  EXPECT_EQ(event.rows->rows, Rows("AAA", {3}, {12})) << "not what was there, though its chunk was written again";
  EXPECT_FALSE(event.backfill);
  Put(Rows("BBB", {3, 4}, {20, 21}));
  event = Next(*stream);
  EXPECT_EQ(event.rows->rows, Rows("BBB", {3, 4}, {20, 21})) << "a series that was not stored before";
  Put(Rows("CCC", {3}, {30}));
  Put(Rows("AAA", {3}, {12}));
  EXPECT_TRUE(Silent(*stream)) << "what nobody asked for, and what was known";
}

TEST_F(LiveTest, TellsRevisionsOfEarlierRows) {
  Put(Rows("AAA", {1, 2, 3, 4}, {10, 11, 12, 13}));
  const auto stream = Open(Ticks({"AAA"}));
  Put(Rows("AAA", {2, 4, 5}, {11.5, 13, 14}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {2, 5}, {11.5, 14}));
}

TEST_F(LiveTest, TellsOfAnInstantThatSeveralRowsShareAsAWhole) {
  quant::Series before = Rows("AAA", {1, 1, 2, 2}, {10, 11, 12, 13});
  before.repeats = true;
  Put(before);
  const auto stream = Open(Ticks({"AAA"}));
  quant::Series after = Rows("AAA", {1, 1, 2, 2, 2}, {10, 11, 12, 13, 14});
  after.repeats = true;
  Put(after);
  quant::Series changed = Rows("AAA", {2, 2, 2}, {12, 13, 14});
  changed.repeats = true;
  EXPECT_EQ(Next(*stream).rows->rows, changed);
}

columnar::WriteOptions Replacing(int64_t start, int64_t end) { return {.replaces = quant::TimeRange{start, end}}; }

TEST_F(LiveTest, TellsWhichRowsAreGone) {
  Put(Rows("AAA", {1, 2, 3, 4, 5}, {10, 11, 12, 13, 14}));
  const auto stream = Open(Ticks({"AAA"}));
  columnar::ChunkStore& store = replica_.series.chunks();
  ASSERT_THAT(store.Put(Rows("AAA", {3, 4}, {12, 99}), Replacing(2, 5)), IsOk());
  LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kWithdrawal);
  EXPECT_EQ(event.rows->rows.key.symbol, "AAA");
  EXPECT_THAT(event.rows->withdrawn, ElementsAre(2));
  EXPECT_FALSE(event.backfill);
  event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kRows);
  EXPECT_EQ(event.rows->rows, Rows("AAA", {4}, {99})) << "what changed comes with what it is now";
  ASSERT_THAT(store.Put(Rows("AAA", {}, {}), Replacing(0, 100)), IsOk());
  event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kWithdrawal);
  EXPECT_THAT(event.rows->withdrawn, ElementsAre(1, 3, 4, 5)) << "no row is left";
  Put(Rows("AAA", {2, 6}, {11, 15}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {2, 6}, {11, 15}));
  EXPECT_TRUE(Silent(*stream));
}

TEST_F(LiveTest, AnInstantIsGoneWithTheLastOfItsRows) {
  const auto rows = [](std::vector<int64_t> times, std::vector<double> close) {
    quant::Series series = Rows("AAA", std::move(times), std::move(close));
    series.repeats = true;
    return series;
  };
  Put(rows({1, 1, 2, 2, 3}, {10, 11, 12, 13, 14}));
  const auto stream = Open(Ticks({"AAA"}));
  ASSERT_THAT(replica_.series.chunks().Put(rows({1}, {11}), Replacing(0, 3)), IsOk());
  LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kWithdrawal);
  EXPECT_THAT(event.rows->withdrawn, ElementsAre(2));
  const quant::Series left = Next(*stream).rows->rows;
  EXPECT_THAT(left.times, ElementsAre(1)) << "one with fewer rows is told as a whole";
}

TEST_F(LiveTest, WhatWasWithdrawnMeanwhileIsToldOnResumptionInPieces) {
  constexpr int64_t kRows = 150'000;
  std::vector<int64_t> times(kRows);
  for (int64_t i = 0; i < kRows; ++i) times[static_cast<size_t>(i)] = i;
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA"}));
  Put(Rows("AAA", {0}, {1}));
  std::string token = Next(*stream).cursor.ToText();
  stream.reset();
  Put(Rows("AAA", times, std::vector<double>(kRows, 1)));
  ASSERT_THAT(replica_.series.chunks().Put(Rows("AAA", {100'000}, {1}), Replacing(5, kRows)), IsOk());
  columnar::ChunkCompactor compactor(*replica_.database, 2);
  ASSERT_THAT(compactor.Run(10), IsOk());
  std::set<int64_t> have = {0};
  for (int piece = 0; have.size() != 6 || piece < 3; ++piece) {
    ASSERT_LT(piece, 200);
    stream = Open(Ticks({"AAA"}), token);
    const LiveEvent event = Next(*stream);
    EXPECT_TRUE(event.backfill);
    EXPECT_LE(event.rows->withdrawn.size(), 8 * columnar::kRowsPerChunk);
    if (event.kind == Kind::kRows) have.insert(event.rows->rows.times.begin(), event.rows->rows.times.end());
    if (event.kind == Kind::kWithdrawal) {
      for (const int64_t time : event.rows->withdrawn) have.erase(time);
    }
    token = event.cursor.ToText();
  }
  EXPECT_THAT(have, ElementsAre(0, 1, 2, 3, 4, 100'000));
  stream = Open(Ticks({"AAA"}), token);
  EXPECT_TRUE(Silent(*stream));
}

// Whatever is put, revised, taken away and compacted.
TEST_F(LiveTest, WhoAppliesWhatIsToldHasWhatIsStored) {
  quant::stats::RandomSequence random(17, "histories");
  columnar::ChunkStore& store = replica_.series.chunks();
  columnar::ChunkCompactor compactor(*replica_.database, 2);
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA"}));
  std::map<int64_t, double> told;
  std::string token = Next(*stream, true).cursor.ToText();
  int withdrawals = 0;
  for (int round = 0; round < 80; ++round) {
    const auto start = static_cast<int64_t>(random.Below(20'000));
    const auto length = static_cast<int64_t>(random.Below(random.Below(4) == 0 ? 12'000 : 50)) + 1;
    std::vector<int64_t> times;
    std::vector<double> close;
    const bool replaces = random.Below(2) == 0;
    for (int64_t time = start; time < start + length; ++time) {
      if (replaces && random.Below(3) == 0) continue;
      times.push_back(time);
      close.push_back(static_cast<double>(random.Below(3)));
    }
    if (times.empty() && !replaces) continue;
    if (random.Below(8) == 0) times.clear(), close.clear();
    const columnar::WriteOptions options = replaces ? Replacing(start, start + length) : columnar::WriteOptions();
    ASSERT_THAT(store.Put(Rows("AAA", times, close), options), IsOk());
    if (random.Below(4) == 0) {
      ASSERT_THAT(compactor.Run(10), IsOk());
    }
    if (random.Below(3) == 0) stream = Open(Ticks({"AAA"}), token);
    if (random.Below(3) == 0) continue;
    ASSERT_THAT(replica_.streamer.hub().Scan(), IsOk());
    LiveEvent event;
    for (int idle = 0; idle < 20;) {
      const auto step = stream->Next(event);
      ASSERT_THAT(step, IsOk());
      if (step->kind != LiveStep::Kind::kEvent) {
        ++idle;
        continue;
      }
      token = event.cursor.ToText();
      if (event.kind == Kind::kWithdrawal) {
        ++withdrawals;
        for (const int64_t time : event.rows->withdrawn) told.erase(time);
      } else if (event.kind == Kind::kRows) {
        const auto values = event.rows->rows.Doubles("close");
        for (size_t i = 0; i < values.size(); ++i) told[event.rows->rows.times[i]] = values[i];
      }
    }
    std::map<int64_t, double> stored;
    const auto read = store.Read({"stock_price", "AAA", Timeframe::kTick, kTestSource});
    if (read.ok()) {
      const auto values = read->Doubles("close");
      for (size_t i = 0; i < values.size(); ++i) stored[read->times[i]] = values[i];
    }
    ASSERT_EQ(told.size(), stored.size()) << "round " << round;
    ASSERT_TRUE(told == stored) << "round " << round;
  }
  EXPECT_GT(withdrawals, 10);
}

TEST_F(LiveTest, SaysNothingOfCompaction) {
  const auto stream = Open(Ticks({"AAA"}));
  for (int64_t i = 0; i < 40; ++i) Put(Rows("AAA", {i}, {static_cast<double>(i)}));
  Received received;
  while (received.size() < 40) Append(Next(*stream).rows->rows, received);
  const LiveCursor cursor = [&] {
    Put(Rows("AAA", {40}, {40}));
    return Next(*stream).cursor;
  }();
  columnar::ChunkCompactor compactor(*replica_.database, 2);
  ASSERT_THAT(compactor.Run(10), IsOk());
  EXPECT_TRUE(Silent(*stream));
  Put(Rows("AAA", {41}, {41}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {41}, {41}));
  ASSERT_THAT(compactor.Run(10), IsOk());
  const auto again = Open(Ticks({"AAA"}), cursor.ToText());
  EXPECT_EQ(Next(*again).rows->rows, Rows("AAA", {41}, {41})) << "though its chunk now holds more";
  EXPECT_TRUE(Silent(*again));
}

TEST_F(LiveTest, BeginsWithStoredRowsWhenAStartIsGiven) {
  Put(Rows("BBB", {1, 2, 3}, {20, 21, 22}));
  Put(Rows("AAA", {1, 2, 3}, {10, 11, 12}));
  LiveSpec spec = Ticks({"BBB", "AAA"});
  spec.start = quant::FromNanos(2);
  const auto stream = Open(spec);
  const LiveEvent first = Next(*stream);
  EXPECT_EQ(first.rows->rows, Rows("BBB", {2, 3}, {21, 22}));
  EXPECT_TRUE(first.backfill);
  Put(Rows("BBB", {4}, {23}));
  // Another stream goes on behind the first message: with the other series as it was when the stream began.
  const auto resumed = Open(spec, first.cursor.ToText());
  for (LiveSource* one : {stream.get(), resumed.get()}) {
    EXPECT_EQ(Next(*one).rows->rows, Rows("AAA", {2, 3}, {11, 12}));
    EXPECT_EQ(Next(*one).rows->rows, Rows("BBB", {4}, {23}));
    EXPECT_TRUE(Silent(*one));
  }
}

TEST_F(LiveTest, ResumesBehindAMessageWithWhatCameMeanwhile) {
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA", "BBB"}));
  Put(Rows("AAA", {1}, {10}));
  const std::string token = Next(*stream).cursor.ToText();
  stream.reset();
  Put(Rows("BBB", {1}, {20}));
  Put(Rows("AAA", {2}, {11}));
  stream = Open(Ticks({"AAA", "BBB"}), token);
  LiveEvent event = Next(*stream);
  EXPECT_EQ(event.rows->rows, Rows("BBB", {1}, {20}));
  EXPECT_TRUE(event.backfill);
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {2}, {11}));
  Put(Rows("AAA", {3}, {12}));
  event = Next(*stream);
  EXPECT_EQ(event.rows->rows, Rows("AAA", {3}, {12}));
  EXPECT_FALSE(event.backfill);
}

// Its knowledge time is earlier than that of a row which a subscriber has already.
TEST_F(LiveTest, DoesNotSkipWhatWasWrittenEarlierAndCommittedLater) {
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA", "BBB"}));
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries late, replica_.series.chunks().Write(Rows("AAA", {1}, {10})));
  std::string token;
  ASSERT_THAT(replica_.database->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(replica_.series.chunks().Commit(tx, late).status());
    Put(Rows("BBB", {2}, {20}));
    const LiveEvent event = Next(*stream);
    EXPECT_EQ(event.rows->rows, Rows("BBB", {2}, {20}));
    token = event.cursor.ToText();
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {1}, {10}));
  EXPECT_TRUE(Silent(*stream));
  stream = Open(Ticks({"AAA", "BBB"}), token);
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {1}, {10}));
  EXPECT_TRUE(Silent(*stream));
}

TEST_F(LiveTest, SlowSubscribersGetEverythingAndHoldUpNobody) {
  const auto slow = Open(Ticks({"AAA"}));
  const auto quick = Open(Ticks({"AAA"}));
  constexpr int64_t kRows = 400;  // each a piece: far more than a queue holds
  Received written, by_quick, by_slow;
  for (int64_t i = 0; i < kRows; ++i) {
    Put(Rows("AAA", {i}, {static_cast<double>(i)}));
    written.emplace_back(i, static_cast<double>(i));
    Append(Next(*quick).rows->rows, by_quick);
  }
  EXPECT_EQ(by_quick, written);
  while (by_slow.size() < kRows) {
    const LiveEvent event = Next(*slow);
    ASSERT_EQ(event.kind, Kind::kRows);
    EXPECT_FALSE(event.backfill) << "it was subscribed all the time";
    Append(event.rows->rows, by_slow);
  }
  EXPECT_EQ(by_slow, written);
  EXPECT_TRUE(Silent(*slow));
}

TEST_F(LiveTest, ALargeCommitComesInPiecesAndIsResumedWithinIt) {
  constexpr int64_t kRows = 40'000;
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA"}));
  std::vector<int64_t> times(kRows);
  std::vector<double> close(kRows);
  for (int64_t i = 0; i < kRows; ++i) {
    times[static_cast<size_t>(i)] = i;
    close[static_cast<size_t>(i)] = static_cast<double>(i % 1000);
  }
  Put(Rows("AAA", times, close));
  int64_t next = 0;
  for (int piece = 0; next < kRows; ++piece) {
    const LiveEvent event = Next(*stream);
    ASSERT_EQ(event.kind, Kind::kRows);
    EXPECT_LE(event.rows->rows.size(), columnar::kRowsPerChunk);
    for (const int64_t time : event.rows->rows.times) ASSERT_EQ(time, next++);
    if (piece % 2 == 0) stream = Open(Ticks({"AAA"}), event.cursor.ToText());
  }
  EXPECT_TRUE(Silent(*stream));
}

TEST_F(LiveTest, ConflatedRowsAreCounted) {
  LiveSpec spec = Ticks({"AAA", "BBB"});
  spec.conflate = true;
  const auto stream = Open(spec);
  constexpr int64_t kRows = 300;
  for (int64_t i = 0; i < kRows; ++i) {
    Put(Rows(i % 3 == 0 ? "BBB" : "AAA", {i}, {static_cast<double>(i)}));
  }
  ASSERT_THAT(replica_.streamer.hub().Scan(), IsOk());
  std::map<std::string, int64_t> told, last;
  int messages = 0;
  while (told["AAA"] + told["BBB"] < kRows) {
    const LiveEvent event = Next(*stream);
    ASSERT_EQ(event.kind, Kind::kRows);
    const std::string& symbol = event.rows->rows.key.symbol;
    told[symbol] += event.conflated_rows + static_cast<int64_t>(event.rows->rows.size());
    last[symbol] = event.rows->rows.times.back();
    ++messages;
  }
  EXPECT_EQ(told["AAA"], 200);
  EXPECT_EQ(told["BBB"], 100);
  EXPECT_EQ(last["AAA"], 299);
  EXPECT_EQ(last["BBB"], 297);
  EXPECT_LT(messages, 100);
  EXPECT_EQ(replica_.metrics.Counter("bf_live_conflated_rows_total", "").Value(),
            static_cast<double>(kRows - messages));
  EXPECT_TRUE(Silent(*stream));
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

// An hour of Tuesday, 2024-08-06, UTC.
int64_t Hour(int hour) {
  return absl::ToUnixNanos(absl::FromCivil(absl::CivilHour(2024, 8, 6, hour), absl::UTCTimeZone()));
}

quant::Series Hours(const std::string& symbol, const std::vector<int>& hours) {
  std::vector<int64_t> times;
  for (const int hour : hours) times.push_back(Hour(hour));
  return Rows(symbol, times, std::vector<double>(times.size(), 10), Timeframe::kHour1);
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
  LiveSpec spec = Ticks({"GOLD", "SHIP"});
  spec.silence_after = absl::Minutes(2);
  const auto stream = Open(spec);
  EXPECT_TRUE(Silent(*stream));
  clock_.Advance(absl::Minutes(2));
  const LiveEvent event = Next(*stream);
  ASSERT_EQ(event.kind, Kind::kSilence);
  EXPECT_EQ(event.silence.key.symbol, "GOLD");
  EXPECT_TRUE(Silent(*stream)) << "the exchange of the other is closed";
}

TEST_F(LiveTest, SaysAtOnceOfWhatNothingIsStoredYet) {
  Put(Rows("AAA", {1}, {10}));
  auto stream = Open(Ticks({"NOPE", "AAA", "BBB"}));
  const LiveEvent first = Next(*stream, true);
  ASSERT_EQ(first.kind, Kind::kAwaited);
  EXPECT_THAT(first.awaited, ElementsAre("NOPE", "BBB"));
  Put(Rows("BBB", {2}, {20}));
  EXPECT_EQ(Next(*stream, true).rows->rows, Rows("BBB", {2}, {20}));
  stream = Open(Ticks({"NOPE", "AAA", "BBB"}), first.cursor.ToText());
  EXPECT_EQ(Next(*stream, true).kind, Kind::kRows) << "it was told before";
  stream = Open(Ticks({"AAA", "BBB"}));
  EXPECT_EQ(Next(*stream, true).kind, Kind::kHeartbeat) << "there is nothing to wait for";
  stream = Open({.symbols = {"AAA"}, .timeframe = Timeframe::kDay});
  EXPECT_EQ(Next(*stream, true).kind, Kind::kAwaited) << "of other bars";
}

TEST_F(LiveTest, SaysOnceThatASeriesIsSilent) {
  clock_.Advance(quant::FromNanos(NewYork(2024, 8, 5, 10)) - clock_.Now());
  LiveSpec spec = Ticks({"AAA", "BBB"});
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

TEST_F(LiveTest, HeartbeatsSayWhereItStands) {
  Put(Rows("AAA", {0}, {9}));
  std::unique_ptr<LiveSource> stream = Open(Ticks({"AAA"}));
  const LiveEvent first = Next(*stream, true);
  ASSERT_EQ(first.kind, Kind::kHeartbeat) << "at once, so that a stream can be resumed before its first row";
  EXPECT_EQ(first.heartbeat, clock_.Now());
  LiveEvent event;
  clock_.Advance(absl::Seconds(14));
  for (int asked = 0; asked < 20; ++asked) EXPECT_EQ(stream->Next(event)->kind, LiveStep::Kind::kWait);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Next(*stream, true).kind, Kind::kHeartbeat);
  stream.reset();
  Put(Rows("AAA", {1}, {10}));
  stream = Open(Ticks({"AAA"}), first.cursor.ToText());
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {1}, {10}));
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

TEST_F(LiveTest, NamesEveryMistake) {
  LiveSpec spec{.symbols = {"aaa", "BBB", "BBB"},
                .start = absl::Now(),
                .poll = PollSpec{{"simulated", {}}, absl::Milliseconds(5)},
                .replay = ReplaySpec{.speed = -1},
                .conflate = true,
                .silence_after = absl::ZeroDuration()};
  const auto refused = replica_.streamer.Open(spec, "");
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(base::DetailsOf(refused.status()).violations.size(), 9u) << refused.status();
  EXPECT_THAT(replica_.streamer.Open({.symbols = {}}, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(replica_.streamer.Open({.resource = "tulips", .symbols = {"AAA"}}, ""),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
  quant::Series other = Rows("AAA", {1}, {10});
  other.key.variant = "another";
  Put(other);
  Put(Rows("AAA", {1}, {10}));
  EXPECT_THAT(replica_.streamer.Open(Ticks({"AAA"}), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  LiveSpec named = Ticks({"AAA"});
  named.source = kTestSource;
  const auto stream = Open(named);
  other.times = {2};
  Put(other);
  Put(Rows("AAA", {2}, {11}));
  EXPECT_EQ(Next(*stream).rows->rows.key.variant, kTestSource);
}

// The rows that each series got, version by version, as its writer knows them: the oracle.
struct Oracle {
  absl::Mutex mutex;
  std::map<std::string, Received> written;
};

// Writes to several series in one transaction, and takes its time to commit.
void WriteOnce(LiveReplica& replica, const std::vector<std::string>& symbols, quant::stats::RandomSequence& random,
               std::map<std::string, std::vector<double>>& stored, Oracle& oracle) {
  std::vector<columnar::WrittenSeries> all;
  std::map<std::string, Received> changed;
  for (const std::string& symbol : symbols) {
    if (random.Below(3) == 0) continue;
    std::vector<double>& values = stored[symbol];
    std::vector<int64_t> times;
    std::vector<double> close;
    if (!values.empty() && random.Below(4) == 0) {
      const size_t revised = random.Below(values.size());
      values[revised] += 0.5;
      times.push_back(static_cast<int64_t>(revised));
      close.push_back(values[revised]);
    }
    for (uint64_t more = random.Below(3) + 1; more > 0; --more) {
      times.push_back(static_cast<int64_t>(values.size()));
      close.push_back(static_cast<double>(random.Below(1000)));
      values.push_back(close.back());
    }
    const quant::Series rows = Rows(symbol, times, close);
    Append(rows, changed[symbol]);
    auto written = replica.series.chunks().Write(rows);
    ASSERT_THAT(written, IsOk());
    all.push_back(*std::move(written));
  }
  ASSERT_THAT(replica.database->Transact([&](postgres::Transaction& tx) -> absl::Status {
    for (const columnar::WrittenSeries& one : all) {
      BF_RETURN_IF_ERROR(replica.series.chunks().Commit(tx, one).status());
    }
    return tx.Query("SELECT pg_sleep($1)", {static_cast<double>(random.Below(20)) / 1000}).status();
  }),
              IsOk());
  absl::MutexLock lock(&oracle.mutex);
  for (auto& [symbol, rows] : changed) {
    Received& written = oracle.written[symbol];
    written.insert(written.end(), rows.begin(), rows.end());
  }
}

TEST_F(LiveTest, EveryRowReachesEverySubscriberOnceWhateverBreaks) {
  LiveReplica other(server_.url(), clock_);
  other.streamer.Start();
  LiveReplica* const replicas[] = {&replica_, &other};
  constexpr int kWriters = 4;
  constexpr int kSymbolsOfAWriter = 3;
  constexpr int kRounds = 60;
  constexpr int kSubscribers = 20;
  std::vector<std::string> symbols;
  for (int i = 0; i < kWriters * kSymbolsOfAWriter; ++i) symbols.push_back(fmt::format("S{:02}", i));
  const LiveSpec spec = Ticks(symbols);
  Oracle oracle;
  std::atomic<int> writing{kWriters};
  std::vector<std::unique_ptr<LiveSource>> first;
  for (int i = 0; i < kSubscribers; ++i) first.push_back(Open(*replicas[i % 2], spec));

  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      quant::stats::RandomSequence random(11, fmt::format("writer {}", w));
      std::map<std::string, std::vector<double>> stored;
      const std::vector<std::string> mine(symbols.begin() + w * kSymbolsOfAWriter,
                                          symbols.begin() + (w + 1) * kSymbolsOfAWriter);
      for (int round = 0; round < kRounds; ++round) WriteOnce(*replicas[w % 2], mine, random, stored, oracle);
      --writing;
    });
  }
  std::vector<std::map<std::string, Received>> received(kSubscribers);
  std::atomic<int> breaks{0};
  for (int s = 0; s < kSubscribers; ++s) {
    threads.emplace_back([&, s] {
      quant::stats::RandomSequence random(13, fmt::format("subscriber {}", s));
      std::unique_ptr<LiveSource> stream = std::move(first[static_cast<size_t>(s)]);
      std::string token;
      int quiet = 0;
      while (quiet < 300) {
        LiveEvent event;
        const bool over = writing == 0;
        const auto step = stream->Next(event);
        ASSERT_THAT(step, IsOk());
        if (step->kind == LiveStep::Kind::kEvent && event.kind == Kind::kRows) {
          Append(event.rows->rows, received[static_cast<size_t>(s)][event.rows->rows.key.symbol]);
          token = event.cursor.ToText();
          quiet = 0;
          EXPECT_LT(token.size(), 600u);
          // The odd ones break off now and then, and go on at either replica; two are slow.
          if (s % 2 == 1 && random.Below(15) == 0) {
            stream.reset();
            if (random.Below(3) == 0) absl::SleepFor(absl::Milliseconds(30));
            stream = Open(*replicas[random.Below(2)], spec, token);
            ++breaks;
          }
          if (s >= 18) absl::SleepFor(absl::Milliseconds(2));
        } else {
          absl::SleepFor(absl::Milliseconds(5));
          if (over) ++quiet;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t rows = 0;
  for (const auto& [symbol, written] : oracle.written) rows += written.size();
  ASSERT_GT(rows, 1000u);
  EXPECT_GT(breaks, 50);
  for (int s = 0; s < kSubscribers; ++s) {
    for (const std::string& symbol : symbols) {
      EXPECT_EQ(received[static_cast<size_t>(s)][symbol], oracle.written[symbol])
          << "subscriber " << s << ' ' << symbol;
    }
  }
}

}  // namespace
}  // namespace breadthflow::data
