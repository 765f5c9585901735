// What a stream says of rows that are gone.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/columnar/chunk_compactor.h"
#include "common/quant/stats/random.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using Kind = LiveEvent::Kind;

columnar::WriteOptions Replacing(int64_t start, int64_t end) { return {.replaces = quant::TimeRange{start, end}}; }

TEST_F(LiveTest, TellsWhichRowsAreGone) {
  Put(Rows("AAA", {1, 2, 3, 4, 5}, {10, 11, 12, 13, 14}));
  const auto stream = Open(TicksOf({"AAA"}));
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
  const auto stream = Open(TicksOf({"AAA"}));
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
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA"}));
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
    stream = Open(TicksOf({"AAA"}), token);
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
  stream = Open(TicksOf({"AAA"}), token);
  EXPECT_TRUE(Silent(*stream));
}

// Whatever is put, revised, taken away and compacted.
TEST_F(LiveTest, WhoAppliesWhatIsToldHasWhatIsStored) {
  quant::stats::RandomSequence random(17, "histories");
  columnar::ChunkStore& store = replica_.series.chunks();
  columnar::ChunkCompactor compactor(*replica_.database, 2);
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA"}));
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
    if (random.Below(3) == 0) stream = Open(TicksOf({"AAA"}), token);
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

}  // namespace
}  // namespace breadthflow::data
