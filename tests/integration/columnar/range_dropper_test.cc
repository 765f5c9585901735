// Dropping old rows beside readers, writers and compaction, on a real PostgreSQL.
#include "common/columnar/range_dropper.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/columnar/change_log.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/chunk_compactor.h"
#include "tests/integration/columnar/chunk_store_fixture.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr int64_t kChunk = static_cast<int64_t>(kRowsPerChunk);

class RangeDropperTest : public ChunkStoreTest {
 protected:
  absl::Status Commit(const std::vector<OldRange>& prepared, int64_t before_ns) {
    return database_->Transact(
        [&](postgres::Transaction& tx) { return dropper_.Commit(tx, prepared, before_ns, "the test"); });
  }

  std::vector<OldRange> Drop(const SeriesFilter& filter, int64_t before_ns, const Leave& leave = nullptr) {
    const auto prepared = dropper_.Prepare(filter, before_ns, {}, leave);
    EXPECT_THAT(prepared, IsOk());
    if (!prepared.ok()) return {};
    EXPECT_THAT(Commit(*prepared, before_ns), IsOk());
    return *prepared;
  }

  int64_t Sweep(std::vector<int64_t> needed = {}) {
    const auto swept =
        dropper_.Sweep(absl::ZeroDuration(), [&](postgres::Transaction&, const quant::SeriesKey&) { return needed; });
    EXPECT_THAT(swept, IsOk());
    EXPECT_THAT(store_.SweepOrphans(absl::ZeroDuration()), IsOk());
    return swept.value_or(-1);
  }

  SeriesHead Listed(const std::string& symbol, absl::Time as_of = absl::InfiniteFuture()) {
    const auto heads = store_.List({.resource = "stock_price", .symbols = {symbol}}, as_of);
    EXPECT_THAT(heads, IsOk());
    return heads.ok() && heads->size() == 1 ? heads->front() : SeriesHead();
  }

  // The rows of these that `stays` says of, by their number.
  static Series Chosen(const Series& rows, const std::function<bool(int64_t)>& stays) {
    Series chosen = rows.Rows(0, 0);
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!stays(rows.times[row] / kStep)) continue;
      EXPECT_THAT(quant::Append(chosen, rows.Rows(row, row + 1)), IsOk());
    }
    return chosen;
  }
  static Leave LeaveThose(std::function<bool(int64_t)> stays) {
    return [stays = std::move(stays)](Series& rows) { rows = Chosen(rows, stays); };
  }

  RangeDropper dropper_{*database_};
  const SeriesFilter all_{.resource = "stock_price"};
};

TEST_F(RangeDropperTest, TheRowsBeforeAnInstantAreGoneAndNoOthersWhereverTheCutFalls) {
  const Series whole = Bars("A", 0, 3 * kChunk);
  int64_t place = 0;
  for (const int64_t cut : {int64_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk - 1}) {
    const std::string symbol = "A" + std::to_string(place++);
    Series series = whole;
    series.key.symbol = symbol;
    ASSERT_THAT(store_.Put(series), IsOk());
    const SeriesFilter one{.resource = "stock_price", .symbols = {symbol}};
    const std::vector<OldRange> dropped = Drop(one, cut * kStep);
    ASSERT_THAT(dropped, SizeIs(1));
    EXPECT_EQ(dropped[0].rows, cut);
    EXPECT_EQ(dropped[0].mixed.size(), cut % kChunk != 0 ? 1u : 0u);
    EXPECT_EQ(dropped[0].staying_rows, 0);
    BF_ASSERT_OK_AND_ASSIGN(const Series left, store_.Read(series.key));
    EXPECT_EQ(left.ContentHash(), series.Slice({cut * kStep, INT64_MAX}).ContentHash()) << cut;
    EXPECT_EQ(Listed(symbol).version, 2);
    EXPECT_EQ(Listed(symbol).dropped_before_ns, cut * kStep);
    EXPECT_THAT(dropper_.Find(one, cut * kStep, {}), IsOkAndHolds(IsEmpty())) << "a second time there is nothing";
  }
}

TEST_F(RangeDropperTest, FindingStoresNothingAndChangesNothing) {
  ASSERT_THAT(store_.Put(Bars("A", 0, kChunk + 10)), IsOk());
  const int64_t chunks = Count("chunk");
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<OldRange> found, dropper_.Find(all_, (kChunk + 5) * kStep, {}));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rows, kChunk + 5);
  EXPECT_EQ(Count("chunk"), chunks);
  EXPECT_EQ(Listed("A").version, 1);
}

TEST_F(RangeDropperTest, OnlyTheChunkAtTheBorderIsReadHoweverMuchGoes) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 20 * kChunk)), IsOk());
  // Whoever read one of the others would find that it is no chunk.
  server_.Sql(
      "UPDATE data.chunk c SET body = '\\x00' FROM data.series_chunk r WHERE r.chunk_hash = c.hash AND "
      "r.last_time_ns < " +
      std::to_string(19 * kChunk * kStep));
  const std::vector<OldRange> dropped = Drop(all_, (19 * kChunk + 7) * kStep);
  ASSERT_THAT(dropped, SizeIs(1));
  EXPECT_EQ(dropped[0].rows, 19 * kChunk + 7);
  EXPECT_EQ(store_.Read(Bars("A", 0, 1).key)->size(), static_cast<size_t>(kChunk - 7));
}

TEST_F(RangeDropperTest, AnEarlierStateSaysWhatItLostAndASweepTakesIt) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 4 * kChunk)), IsOk());
  const absl::Time before = Now();
  Drop(all_, 2 * kChunk * kStep + 1);
  EXPECT_EQ(Listed("A", before).lost_before_ns, 2 * kChunk * kStep + 1);
  EXPECT_EQ(Listed("A", before).lost_since, Listed("A").known_at);
  EXPECT_EQ(Listed("A", before).dropped_before_ns, INT64_MIN);
  EXPECT_EQ(Listed("A").lost_before_ns, INT64_MIN);
  EXPECT_EQ(Listed("A", before).rows, 4 * kChunk) << "not swept yet: whoever is reading goes on";
  EXPECT_EQ(Sweep(), 2);
  EXPECT_EQ(Count("chunk"), 3) << "the old one at the border, its rest, the last";
  EXPECT_EQ(Listed("A", before).rows, 2 * kChunk);
  BF_ASSERT_OK_AND_ASSIGN(const Series later,
                          store_.Read(Bars("A", 0, 1).key, {3 * kChunk * kStep, INT64_MAX}, before));
  EXPECT_EQ(later.ContentHash(), Bars("A", 3 * kChunk, 4 * kChunk).ContentHash()) << "as of then, as before";
  EXPECT_EQ(Sweep(), 0);
}

TEST_F(RangeDropperTest, ASweepLeavesTheVersionsThatAreNeededAndWaitsForItsTime) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 2 * kChunk)), IsOk());
  ASSERT_THAT(store_.Put(Bars("A", 0, kChunk, 1)), IsOk());
  ASSERT_THAT(store_.Put(Bars("A", 0, kChunk, 2)), IsOk());
  Drop(all_, kChunk * kStep);
  EXPECT_THAT(dropper_.Sweep(absl::Hours(1),
                             [](postgres::Transaction&, const quant::SeriesKey&) { return std::vector<int64_t>(); }),
              IsOkAndHolds(0));
  EXPECT_EQ(Sweep({2}), 2) << "those of the first and the third version";
  BF_ASSERT_OK_AND_ASSIGN(const Series needed, store_.Read(Bars("A", 0, 1).key, ReadOptions{.version = 2}));
  EXPECT_EQ(needed.Slice({0, kChunk * kStep}).ContentHash(), Bars("A", 0, kChunk, 1).ContentHash());
  EXPECT_EQ(needed.size(), static_cast<size_t>(2 * kChunk));
}

TEST_F(RangeDropperTest, AWriterOrCompactionInBetweenIsNoticed) {
  // Each before the others: such rows are not put together as they come.
  for (int64_t row = 10; row > 0; --row) ASSERT_THAT(store_.Put(Bars("A", row, row + 1)), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<OldRange> early, dropper_.Prepare(all_, 5 * kStep, {}));
  ASSERT_THAT(store_.Put(Bars("A", 0, 1)), IsOk());
  EXPECT_THAT(Commit(early, 5 * kStep), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<OldRange> scattered, dropper_.Prepare(all_, 5 * kStep, {}));
  BF_ASSERT_OK_AND_ASSIGN(const CompactionRound round, ChunkCompactor(*database_, 2).Run(10));
  ASSERT_EQ(round.series, 1);
  EXPECT_THAT(Commit(scattered, 5 * kStep), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(store_.Read(Bars("A", 0, 1).key)->size(), 11u) << "nothing was half done";
  Drop(all_, 5 * kStep);
  EXPECT_EQ(store_.Read(Bars("A", 0, 1).key)->times.front(), 5 * kStep);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries writing, store_.Write(Bars("A", 4, 8, 1)));
  Drop(all_, 6 * kStep);
  EXPECT_THAT(ChunkStoreTest::Commit(writing), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
}

TEST_F(RangeDropperTest, WhatComesAgainIsStoredAgainAndOutlivesTheSweep) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 2 * kChunk)), IsOk());
  Drop(all_, kChunk * kStep);
  ASSERT_THAT(store_.Put(Bars("A", 10, kChunk)), IsOk());
  EXPECT_EQ(Listed("A").dropped_before_ns, INT64_MIN);
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(store_.Read(Bars("A", 0, 1).key)->ContentHash(), Bars("A", 10, 2 * kChunk).ContentHash());
}

TEST_F(RangeDropperTest, AllRowsMayGoAndOtherSeriesAreLeftAlone) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  ASSERT_THAT(store_.Put(Bars("B", 0, 100)), IsOk());
  Drop({.resource = "stock_price", .symbols = {"A"}}, 1000 * kStep);
  EXPECT_TRUE(store_.Read(Bars("A", 0, 1).key)->empty());
  EXPECT_EQ(Listed("A").dropped_before_ns, 1000 * kStep);
  EXPECT_EQ(store_.Read(Bars("B", 0, 1).key)->size(), 100u);
}

TEST_F(RangeDropperTest, RowsBeforeTheInstantMayStayAndItIsNoDropWhereAllDo) {
  const Series whole = Bars("A", 0, 3 * kChunk);
  ASSERT_THAT(store_.Put(whole), IsOk());
  const absl::Time before = Now();
  const int64_t cut = 2 * kChunk + 10;
  const auto stays = [cut](int64_t row) { return row >= cut || row % 1000 == 500; };
  const Series left = Chosen(whole, stays);
  const int64_t staying = static_cast<int64_t>(left.size()) - (3 * kChunk - cut);
  ASSERT_GT(staying, 4);
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<OldRange> found, dropper_.Find(all_, cut * kStep, {}, LeaveThose(stays)));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(Listed("A").version, 1) << "it was only asked";
  const std::vector<OldRange> dropped = Drop(all_, cut * kStep, LeaveThose(stays));
  ASSERT_THAT(dropped, SizeIs(1));
  EXPECT_EQ(dropped[0].rows, cut - staying);
  EXPECT_EQ(dropped[0].staying_rows, staying);
  EXPECT_EQ(found[0].rows, dropped[0].rows);
  EXPECT_EQ(found[0].staying_rows, staying);
  for (const bool swept : {false, true}) {
    if (swept) {
      EXPECT_EQ(Sweep(), 2) << "but not the chunk at the border, which has later rows";
    }
    EXPECT_EQ(store_.Read(whole.key)->ContentHash(), left.ContentHash());
    EXPECT_EQ(Listed("A").dropped_before_ns, cut * kStep);
    EXPECT_EQ(Listed("A", before).lost_before_ns, cut * kStep);
  }
  const std::vector<OldRange> again = Drop(all_, cut * kStep, LeaveThose(stays));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].rows, 0);
  EXPECT_EQ(again[0].staying_rows, staying);
  EXPECT_EQ(Listed("A").version, 2) << "nothing was to be done";
  EXPECT_EQ(Count("series_drop"), 1);
  ASSERT_THAT(store_.Put(Bars("A", 3 * kChunk, 3 * kChunk + 1)), IsOk());
  EXPECT_EQ(Listed("A").dropped_before_ns, cut * kStep) << "a later row brings nothing back";
  ASSERT_THAT(store_.Put(Bars("A", 0, cut)), IsOk());
  EXPECT_EQ(Listed("A").dropped_before_ns, INT64_MIN);
}

TEST_F(RangeDropperTest, AChunkOfWhichAllStaysIsLeftAloneAndItsCompactionIsNoticed) {
  const Series whole = Bars("A", 0, 2 * kChunk);
  ASSERT_THAT(store_.Put(whole), IsOk());
  const Leave first_chunk = LeaveThose([](int64_t row) { return row < kChunk || row >= kChunk + 5; });
  const std::vector<OldRange> dropped = Drop(all_, (kChunk + 5) * kStep, first_chunk);
  ASSERT_THAT(dropped, SizeIs(1));
  EXPECT_THAT(dropped[0].untouched, SizeIs(1));
  EXPECT_THAT(dropped[0].mixed, SizeIs(1));
  EXPECT_EQ(dropped[0].rows, 5);
  EXPECT_EQ(Listed("A").rows, 2 * kChunk - 5);
  Series expected = whole.Rows(0, static_cast<size_t>(kChunk));
  ASSERT_THAT(quant::Append(expected, Bars("A", kChunk + 5, 2 * kChunk)), IsOk());
  EXPECT_EQ(store_.Read(whole.key)->ContentHash(), expected.ContentHash());

  for (int64_t row = 2; row > 0; --row) ASSERT_THAT(store_.Put(Bars("B", row, row + 1)), IsOk());
  const SeriesFilter other{.resource = "stock_price", .symbols = {"B"}};
  const auto stays = [](int64_t row) { return row == 1; };
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<OldRange> early, dropper_.Prepare(other, 5 * kStep, {}, LeaveThose(stays)));
  ASSERT_THAT(early, SizeIs(1));
  EXPECT_EQ(early[0].chunks, 1);
  ASSERT_THAT(early[0].untouched, SizeIs(1));
  BF_ASSERT_OK_AND_ASSIGN(const CompactionRound round, ChunkCompactor(*database_, 2).Run(10));
  ASSERT_GE(round.series, 1);
  // There is one chunk again, but it is not the one that was to go.
  EXPECT_THAT(Commit(early, 5 * kStep), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(Listed("B").rows, 2);
  Drop(other, 5 * kStep, LeaveThose(stays));
  EXPECT_EQ(store_.Read(Bars("B", 0, 1).key)->times, std::vector<int64_t>{kStep});
}

TEST_F(RangeDropperTest, AStateSaysOfEveryDropWhenItWas) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  const absl::Time before = Now();
  EXPECT_THAT(Listed("A").drops, IsEmpty());
  EXPECT_EQ(Listed("A").DroppedSince(absl::InfinitePast()), INT64_MIN);
  Drop(all_, 50 * kStep);
  const absl::Time first = Listed("A").known_at;
  ASSERT_THAT(store_.Put(Bars("A", 0, 50)), IsOk());
  const absl::Time between = Now();
  Drop(all_, 20 * kStep);
  const SeriesHead head = Listed("A");
  ASSERT_THAT(head.drops, SizeIs(2));
  EXPECT_EQ(head.drops[0].before_ns, 50 * kStep);
  EXPECT_EQ(head.drops[0].known_at, first);
  EXPECT_EQ(head.drops[1].known_at, head.known_at);
  EXPECT_EQ(head.DroppedSince(first), 50 * kStep);
  EXPECT_EQ(head.DroppedSince(first + absl::Microseconds(1)), 20 * kStep);
  EXPECT_EQ(head.DroppedSince(head.known_at + absl::Microseconds(1)), INT64_MIN);
  EXPECT_THAT(Listed("A", between).drops, SizeIs(1)) << "then there was one";
  EXPECT_THAT(Listed("A", before).drops, IsEmpty());
}

TEST_F(RangeDropperTest, ListenersHearNothing) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  ChangeLog log(*database_);
  BF_ASSERT_OK_AND_ASSIGN(const LogHead from, log.Head());
  Drop(all_, 50 * kStep);
  ASSERT_THAT(store_.Put(Bars("A", 100, 101)), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const LogHead to, log.Head());
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Change> changes, log.Between(from.position, to.position, {}, {}, 10));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].version, 3);
  BF_ASSERT_OK_AND_ASSIGN(const auto rows, log.Rows(changes, {INT64_MIN}, 10));
  EXPECT_EQ(rows[0].rows.times, std::vector<int64_t>{100 * kStep});
  EXPECT_THAT(rows[0].withdrawn, IsEmpty());
}

}  // namespace
}  // namespace breadthflow::columnar
