// Compaction beside readers and writers, on a real PostgreSQL.
#include "common/columnar/chunk_compactor.h"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/columnar/chunk_codec.h"
#include "tests/integration/columnar/chunk_store_fixture.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

class ChunkCompactorTest : public ChunkStoreTest {
 protected:
  CompactionRound Run(int64_t max_series = 1000) {
    const auto round = compactor_.Run(max_series);
    EXPECT_THAT(round, IsOk());
    return round.value_or(CompactionRound());
  }

  // Rows [begin, end) as chunks of one row each: the last row first, since rows that come before others are not put
  // together with them.
  void PutScattered(const std::string& symbol, int64_t begin, int64_t end) {
    for (int64_t row = end - 1; row >= begin; --row) ASSERT_THAT(store_.Put(Bars(symbol, row, row + 1)), IsOk());
  }

  ChunkCompactor compactor_{*database_};
};

TEST_F(ChunkCompactorTest, AThousandAppendsOfOneBarEndInFewChunksAndEveryStateStays) {
  std::vector<absl::Time> known_at;
  for (int64_t bar = 0; bar < 1000; ++bar) {
    ASSERT_THAT(store_.Put(Bars("A", bar, bar + 1)), IsOk());
    if (bar % 37 == 0 || bar == 999) known_at.push_back(store_.Head(Bars("A", 0, 0).key)->known_at);
  }
  ChunkCompactor compactor(*database_, 2);
  ASSERT_THAT(compactor.Run(1000), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const SeriesHead head, store_.Head(Bars("A", 0, 0).key));
  EXPECT_LE(head.chunk_count, 4);
  EXPECT_EQ(head.version, 1000) << "no version of its own";
  EXPECT_EQ(head.known_at, known_at.back());
  EXPECT_EQ(head.rows, 1000);
  ASSERT_THAT(store_.SweepOrphans(absl::ZeroDuration()), IsOk());
  for (size_t i = 0; i < known_at.size(); ++i) {
    const int64_t bars = i + 1 == known_at.size() ? 1000 : static_cast<int64_t>(i) * 37 + 1;
    EXPECT_THAT(store_.Read(head.key, {}, known_at[i]), IsOkAndHolds(Bars("A", 0, bars)));
    EXPECT_THAT(store_.Read(head.key, {.version = bars}), IsOkAndHolds(Bars("A", 0, bars)));
  }
  EXPECT_EQ(Run().series, 0) << "there is nothing left to do";
}

TEST_F(ChunkCompactorTest, TheSeriesGoesOnAsIfNothingHadHappened) {
  PutScattered("A", 100, 120);
  ASSERT_GE(store_.Head(Bars("A", 0, 0).key)->chunk_count, 20);
  EXPECT_EQ(Run().chunks_merged, 20);
  EXPECT_EQ(store_.Head(Bars("A", 0, 0).key)->chunk_count, 1);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries again, store_.Put(Bars("A", 100, 120)));
  EXPECT_TRUE(again.unchanged());
  EXPECT_EQ(store_.Put(Bars("A", 110, 130, 1))->rows_revised, 10);
  for (int64_t version = 1; version <= 20; ++version) {
    EXPECT_THAT(store_.Read(Bars("A", 0, 0).key, {.version = version}), IsOkAndHolds(Bars("A", 120 - version, 120)));
  }
}

TEST_F(ChunkCompactorTest, AWriterWhoseChunksWereSwappedIsToldToTryAgain) {
  PutScattered("A", 100, 110);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries revision, store_.Write(Bars("A", 104, 105, 1)));
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries insertion, store_.Write(Bars("A", 50, 51)));
  EXPECT_EQ(Run().series, 1);
  EXPECT_THAT(Commit(revision), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_THAT(Commit(insertion), IsOkAndHolds(11)) << "it touches none of them";
  EXPECT_THAT(store_.Put(Bars("A", 104, 105, 1)), IsOk());
  EXPECT_EQ(store_.Read(Bars("A", 0, 0).key)->size(), 11u);
}

TEST_F(ChunkCompactorTest, PartsWithOtherColumnsAreLeftAlone) {
  for (int64_t row = 9; row >= 0; --row) {
    Series bar = Bars("A", row, row + 1);
    if (row % 2 == 0) bar.columns.pop_back();
    ASSERT_THAT(store_.Put(bar), IsOk());
  }
  const quant::TimeRange first{0, kStep};
  const auto before = store_.Read(Bars("A", 0, 0).key, first, absl::InfiniteFuture());
  Run();
  const auto after = store_.Read(Bars("A", 0, 0).key, first, absl::InfiniteFuture());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->ContentHash(), before->ContentHash());
}

TEST_F(ChunkCompactorTest, ARoundIsBoundedAndTheNextGoesOn) {
  for (const char* symbol : {"A", "B", "C"}) PutScattered(symbol, 0, 5);
  CompactionRound round = Run(2);
  EXPECT_EQ(round.series, 2);
  EXPECT_FALSE(round.done);
  round = Run(2);
  EXPECT_EQ(round.series, 1);
  EXPECT_TRUE(round.done);
}

TEST_F(ChunkCompactorTest, AReaderUnderWayIsNotDisturbed) {
  constexpr int64_t kParts = 40;  // more than a cursor reads ahead
  PutScattered("A", 0, kParts);
  for (const int64_t compact_after : {1, 15, 16, 17, 30}) {
    BF_ASSERT_OK_AND_ASSIGN(ChunkCursor cursor, store_.Open(Bars("A", 0, 0).key));
    Series got{.key = cursor.head().key, .basis = cursor.head().basis};
    for (int64_t chunks = 0;; ++chunks) {
      if (chunks == compact_after) Run();
      BF_ASSERT_OK_AND_ASSIGN(const std::optional<EncodedChunk> chunk, cursor.Next());
      if (!chunk) break;
      ASSERT_THAT(AppendChunk(chunk->bytes, {}, {}, got), IsOk()) << "each row once";
    }
    EXPECT_EQ(got, Bars("A", 0, kParts));
    // All gone, and apart again.
    ASSERT_THAT(store_.Put(Series{.key = got.key, .basis = got.basis}, {.replaces = quant::TimeRange{}}), IsOk());
    PutScattered("A", 0, kParts);
  }
}

TEST_F(ChunkCompactorTest, WritersReadersAndCompactionWorkSideBySide) {
  constexpr int64_t kBars = 150;
  ASSERT_THAT(store_.Put(Bars("A", 0, 1)), IsOk());
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::thread compaction([&] {
    ChunkCompactor compactor(*database_, 2);
    while (!stop) wrong += !compactor.Run(10).ok();
  });
  std::thread reader([&] {
    while (!stop) {
      const auto got = store_.Read(Bars("A", 0, 0).key);
      if (!got.ok() || *got != Bars("A", 0, static_cast<int64_t>(got->size()))) ++wrong;
    }
  });
  for (int64_t bar = 1; bar < kBars; ++bar) {
    absl::Status put;
    for (int attempt = 0; attempt < 20; ++attempt) {
      put = store_.Put(Bars("A", bar, bar + 1)).status();
      if (put.code() != absl::StatusCode::kAborted) break;
    }
    EXPECT_THAT(put, IsOk());
  }
  stop = true;
  compaction.join();
  reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(store_.Read(Bars("A", 0, 0).key), IsOkAndHolds(Bars("A", 0, kBars)));
}

}  // namespace
}  // namespace breadthflow::columnar
