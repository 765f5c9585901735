// The chunk store on a real PostgreSQL.
#include "common/columnar/chunk_store.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/integration/columnar/chunk_store_fixture.h"
#include "tests/support/matchers.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;
using quant::TimeRange;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;
using testing::StatusIs;

TEST_F(ChunkStoreTest, ReadsBackWhatWasPut) {
  const Series bars = Bars("A", 0, 20000);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries written, store_.Put(bars, {.provenance = "fetchRuns/1"}));
  EXPECT_EQ(written.rows_inserted, 20000);
  EXPECT_LT(written.base_last_time_ns, bars.times.front()) << "nothing was stored";
  EXPECT_THAT(store_.Read(bars.key), IsOkAndHolds(bars));
  EXPECT_THAT(store_.Read(bars.key, TimeRange{5 * kStep, 9000 * kStep}, absl::InfiniteFuture()),
              IsOkAndHolds(bars.Rows(5, 9000)));
  BF_ASSERT_OK_AND_ASSIGN(const SeriesHead head, store_.Head(bars.key));
  EXPECT_EQ(head.version, 1);
  EXPECT_EQ(head.rows, 20000);
  EXPECT_EQ(head.chunk_count, 3);
  EXPECT_EQ(head.first_time_ns, 0);
  EXPECT_EQ(head.last_time_ns, 19999 * kStep);
  EXPECT_EQ(head.provenance, "fetchRuns/1");
  EXPECT_GT(head.bytes, 0);
  BF_ASSERT_OK_AND_ASSIGN(const Series close, store_.Read(bars.key, {.columns = {"close"}}));
  EXPECT_THAT(close.columns, SizeIs(1));
}

TEST_F(ChunkStoreTest, UnknownSeriesIsNotFoundAndAnEmptyRangeIsEmpty) {
  EXPECT_THAT(store_.Read(Bars("A", 0, 1).key), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  ASSERT_THAT(store_.Put(Bars("A", 0, 10)), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const Series none,
                          store_.Read(Bars("A", 0, 1).key, TimeRange{50 * kStep, 60 * kStep}, absl::InfiniteFuture()));
  EXPECT_TRUE(none.empty());
  EXPECT_THAT(store_.Put(Bars("E", 0, 0)), IsOk());
  EXPECT_THAT(store_.Head(Bars("E", 0, 0).key), IsOk()) << "a series without rows exists all the same";
}

TEST_F(ChunkStoreTest, UnchangedRowsWriteNoVersion) {
  const Series bars = Bars("A", 0, 20000);
  ASSERT_THAT(store_.Put(bars), IsOk());
  const int64_t chunks = Count("chunk");
  for (const Series& again : {bars, bars.Rows(100, 200), bars.Rows(8000, 20000)}) {
    BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries written, store_.Put(again));
    EXPECT_TRUE(written.unchanged());
  }
  EXPECT_EQ(Count("chunk"), chunks);
  EXPECT_EQ(Count("series_version"), 1);
  EXPECT_EQ(store_.Head(bars.key)->version, 1);
}

TEST_F(ChunkStoreTest, EqualValuesAreStoredOnce) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 5000)), IsOk());
  Series other = Bars("B", 0, 5000);
  ASSERT_THAT(store_.Put(other), IsOk());
  EXPECT_EQ(Count("chunk"), 1);
  EXPECT_THAT(store_.Read(other.key), IsOkAndHolds(other));
}

TEST_F(ChunkStoreTest, EveryEarlierStateCanStillBeRead) {
  const Series first = Bars("A", 0, 1000);
  ASSERT_THAT(store_.Put(first), IsOk());
  const absl::Time before = Now();
  Series revised = Bars("A", 500, 501, 7);
  ASSERT_THAT(store_.Put(revised), IsOk());
  const absl::Time between = Now();
  ASSERT_THAT(store_.Put(Bars("A", 1000, 1100)), IsOk());
  EXPECT_THAT(store_.Read(first.key, {}, before), IsOkAndHolds(first));
  BF_ASSERT_OK_AND_ASSIGN(const Series second, store_.Read(first.key, {}, between));
  EXPECT_EQ(second.size(), 1000u);
  EXPECT_EQ(second.Doubles("close")[500], revised.Doubles("close")[0]);
  EXPECT_EQ(store_.Read(first.key)->size(), 1100u);
  EXPECT_THAT(store_.Read(first.key, {.version = 1}), IsOkAndHolds(first));
  EXPECT_THAT(store_.Read(first.key, {.version = 2}), IsOkAndHolds(second));
  EXPECT_THAT(store_.Read(first.key, {.version = 9}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_.Read(first.key, {}, before - absl::Hours(1)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ChunkStoreTest, TheSecondOfTwoWritersIsTurnedAway) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries one, store_.Write(Bars("A", 100, 110)));
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries two, store_.Write(Bars("A", 100, 120)));
  EXPECT_THAT(Commit(one), IsOkAndHolds(2));
  EXPECT_THAT(Commit(two), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(store_.Read(Bars("A", 0, 1).key)->size(), 110u);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries new_one, store_.Write(Bars("N", 0, 10)));
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries new_two, store_.Write(Bars("N", 0, 20)));
  EXPECT_THAT(Commit(new_one), IsOkAndHolds(1));
  EXPECT_THAT(Commit(new_two), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
}

TEST_F(ChunkStoreTest, ConcurrentWritersLoseNothing) {
  constexpr int kWriters = 4;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < 10; ++i) {
        const int64_t day = (i * kWriters + w) * 10;
        absl::Status status;
        for (int attempt = 0; attempt < 50; ++attempt) {
          status = store_.Put(Bars("A", day, day + 10)).status();
          if (status.code() != absl::StatusCode::kAborted) break;
        }
        if (!status.ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_THAT(store_.Read(Bars("A", 0, 1).key), IsOkAndHolds(Bars("A", 0, 400)));
}

TEST_F(ChunkStoreTest, RefusesAnotherBasisAndWhatIsNoSeries) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  Series raw = Bars("A", 0, 100);
  raw.basis = quant::PriceBasis::kRaw;
  EXPECT_THAT(store_.Put(raw), StatusIs(absl::StatusCode::kFailedPrecondition, "BASIS_CONFLICT"));
  Series unsorted = Bars("A", 0, 100);
  std::swap(unsorted.times[3], unsorted.times[4]);
  EXPECT_THAT(store_.Put(unsorted), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ChunkStoreTest, WhetherRowsShareInstantsIsFixedWithTheSeries) {
  Series chain = Bars("A", 0, 4);
  chain.repeats = true;
  chain.times = {5, 5, 5, 9};
  ASSERT_THAT(store_.Put(chain), IsOk());
  EXPECT_THAT(store_.Read(chain.key), IsOkAndHolds(chain));
  EXPECT_TRUE(store_.Head(chain.key)->repeats);
  EXPECT_TRUE(store_.List({})->front().repeats);
  EXPECT_THAT(store_.Read(chain.key, TimeRange{6, 10}, absl::InfiniteFuture()), IsOkAndHolds(chain.Rows(3, 4)))
      << "also where no rows of the range do";
  EXPECT_THAT(store_.Put(Bars("A", 10, 20)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ROW_UNIQUENESS_CONFLICT"));
  ASSERT_THAT(store_.Put(Bars("B", 0, 10)), IsOk());
  Series other = Bars("B", 10, 20);
  other.repeats = true;
  EXPECT_THAT(store_.Put(other), StatusIs(absl::StatusCode::kFailedPrecondition, "ROW_UNIQUENESS_CONFLICT"));
}

TEST_F(ChunkStoreTest, TooManyRowsOfOneInstantAreRefusedAndNamed) {
  Series series = Bars("A", 0, static_cast<int64_t>(kMaxChunkRows) + 1);
  series.repeats = true;
  std::fill(series.times.begin(), series.times.end(), 77);
  const auto refused = store_.Put(series);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "INSTANT_TOO_LARGE"));
  EXPECT_THAT(base::Message(refused.status()), ::testing::HasSubstr("77 ns"));
  EXPECT_EQ(Count("series"), 0);
}

TEST_F(ChunkStoreTest, WhatWasNotCommittedIsOnlyAnOrphan) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  ASSERT_THAT(store_.Write(Bars("A", 50, 9000, 3)), IsOk());
  EXPECT_THAT(store_.Read(Bars("A", 0, 1).key), IsOkAndHolds(Bars("A", 0, 100)));
  EXPECT_GT(Count("chunk"), 1);
  EXPECT_THAT(store_.SweepOrphans(absl::Hours(1)), IsOkAndHolds(0)) << "a writer may still be at work";
  const int64_t orphans = Count("chunk") - 1;
  EXPECT_THAT(store_.SweepOrphans(absl::ZeroDuration()), IsOkAndHolds(orphans));
  EXPECT_EQ(Count("chunk"), 1);
  EXPECT_THAT(store_.Read(Bars("A", 0, 1).key), IsOkAndHolds(Bars("A", 0, 100)));
}

TEST_F(ChunkStoreTest, ASeriesThatASourceSpeaksForLosesWhatItTookBack) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 100)), IsOk());
  Series fewer = Bars("A", 10, 20);
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries written, store_.Put(fewer, {.replaces = TimeRange{0, 50 * kStep}}));
  EXPECT_EQ(written.rows_removed, 40);
  EXPECT_EQ(store_.Read(fewer.key)->size(), 60u);
  EXPECT_EQ(store_.Read(fewer.key, {.version = 1})->size(), 100u);
}

TEST_F(ChunkStoreTest, ReadsALongSeriesChunkByChunkWhileItChanges) {
  const Series bars = Bars("A", 0, 50 * static_cast<int64_t>(kRowsPerChunk));
  ASSERT_THAT(store_.Put(bars), IsOk());
  Series got{.key = bars.key, .basis = bars.basis};
  int chunks = 0;
  BF_ASSERT_OK_AND_ASSIGN(ChunkCursor cursor, store_.Open(bars.key));
  while (true) {
    BF_ASSERT_OK_AND_ASSIGN(const std::optional<EncodedChunk> chunk, cursor.Next());
    if (!chunk) break;
    if (++chunks == 3) {
      ASSERT_THAT(store_.Put(Bars("A", 300000, 300001, 9)), IsOk());
    }
    ASSERT_THAT(AppendChunk(chunk->bytes, {}, {}, got), IsOk());
  }
  EXPECT_EQ(chunks, 50);
  EXPECT_EQ(got, bars) << "the version it began with";
}

TEST_F(ChunkStoreTest, ReadsManySeriesAtOnceInTheOrderWanted) {
  for (const char* symbol : {"A", "B", "C"}) ASSERT_THAT(store_.Put(Bars(symbol, 0, 20000)), IsOk());
  const absl::Time before = Now();
  ASSERT_THAT(store_.Put(Bars("B", 5, 6, 9)), IsOk());
  ASSERT_THAT(store_.Put(Bars("E", 90000, 90001)), IsOk());
  const TimeRange day{5 * kStep, 6 * kStep};
  const std::vector<SeriesVersion> wanted = {
      {Bars("C", 0, 0).key}, {Bars("B", 0, 0).key}, {Bars("E", 0, 0).key}, {Bars("B", 0, 0).key, 1}};
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Series> got, store_.ReadMany(wanted, {.range = day}));
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0], Bars("C", 5, 6));
  EXPECT_EQ(got[1], Bars("B", 5, 6, 9));
  EXPECT_TRUE(got[2].empty());
  EXPECT_EQ(got[2].key.symbol, "E");
  EXPECT_EQ(got[3], Bars("B", 5, 6));
  EXPECT_LT(got[0].columns[0].size() + got[0].times.capacity(), 100u) << "no room for the whole chunk";
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<Series> then,
                          store_.ReadMany({wanted[0], wanted[1]}, {.range = {0, 9000 * kStep}, .as_of = before}));
  EXPECT_EQ(then[0], Bars("C", 0, 9000));
  EXPECT_EQ(then[1], Bars("B", 0, 9000));
  EXPECT_THAT(store_.ReadMany({wanted[0], {Bars("X", 0, 0).key}, wanted[1]}, {}),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(store_.ReadMany({wanted[0], {wanted[1].key, 7}}, {}),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(store_.ReadMany({}, {}), IsOkAndHolds(SizeIs(0)));
}

TEST_F(ChunkStoreTest, OpensManySeriesAtOnce) {
  std::vector<SeriesVersion> wanted;
  for (const char* symbol : {"A", "B", "C"}) {
    ASSERT_THAT(store_.Put(Bars(symbol, 0, 200000)), IsOk());
    wanted.push_back({Bars(symbol, 0, 0).key});
  }
  BF_ASSERT_OK_AND_ASSIGN(std::vector<ChunkCursor> cursors, store_.OpenMany(wanted, {}));
  ASSERT_EQ(cursors.size(), 3u);
  for (size_t i = 0; i < cursors.size(); ++i) {
    Series got{.key = cursors[i].head().key, .basis = cursors[i].head().basis};
    while (true) {
      BF_ASSERT_OK_AND_ASSIGN(const auto chunk, cursors[i].Next());
      if (!chunk) break;
      ASSERT_THAT(AppendChunk(chunk->bytes, {}, {}, got), IsOk());
    }
    EXPECT_EQ(got, Bars(wanted[i].key.symbol, 0, 200000));
  }
}

TEST_F(ChunkStoreTest, RowsStoredBeforeDigestsWereKeptAreComparedByReadingThem) {
  const Series bars = Bars("A", 0, 20000);
  ASSERT_THAT(store_.Put(bars), IsOk());
  server_.Sql("UPDATE data.series_chunk SET rows_digest = NULL");
  BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries again, store_.Put(bars));
  EXPECT_TRUE(again.unchanged());
  EXPECT_EQ(again.base_last_time_ns, bars.times.back());
  EXPECT_EQ(store_.Put(Bars("A", 7, 8, 1))->rows_revised, 1);
}

// Few rows of a chunk are read without the rest of it, whatever the range cuts.
TEST_F(ChunkStoreTest, AnyRangeIsTheSliceOfTheWhole) {
  constexpr int64_t kRows = 20'000;
  const Series bars = Bars("A", 0, kRows);
  ASSERT_THAT(store_.Put(bars), IsOk());
  ASSERT_NE(server_.Sql("SELECT sum(cardinality(block_end)) FROM data.series_chunk"), "0");
  std::mt19937_64 random(7);
  const auto check = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const int64_t length = i % 3 == 0 ? 1 : static_cast<int64_t>(random() % 5000);
      const int64_t from = static_cast<int64_t>(random() % kRows) - 5;
      const auto time = [&](int64_t row) {
        return row < 0        ? bars.times.front() + row
               : row >= kRows ? bars.times.back() + row
                              : bars.times[static_cast<size_t>(row)];
      };
      const quant::TimeRange range{time(from), time(from + length)};
      BF_ASSERT_OK_AND_ASSIGN(const Series got, store_.Read(bars.key, {.range = range}));
      ASSERT_EQ(got.ContentHash(), bars.Slice(range).ContentHash()) << range.start_ns << " " << range.end_ns;
      BF_ASSERT_OK_AND_ASSIGN(ChunkCursor cursor, store_.Open(bars.key, {.range = range}));
      Series pieces{.key = bars.key};
      while (true) {
        BF_ASSERT_OK_AND_ASSIGN(const auto chunk, cursor.Next());
        if (!chunk) break;
        ASSERT_THAT(AppendChunk(chunk->bytes, range, {}, pieces), IsOk());
      }
      ASSERT_EQ(pieces.times, got.times);
    }
  };
  check(200);
  server_.Sql("UPDATE data.series_chunk SET block_last_ns = '{}', block_end = '{}'");
  check(20);  // as it was stored before blocks were known
}

TEST_F(ChunkStoreTest, ListsByKeyAndPages) {
  for (const char* symbol : {"C", "A", "B"}) ASSERT_THAT(store_.Put(Bars(symbol, 0, 10)), IsOk());
  const absl::Time then = Now();
  ASSERT_THAT(store_.Put(Bars("D", 0, 10)), IsOk());
  Series run = Bars("A", 0, 5);
  run.key.resource = "signal";
  run.key.variant = "run-1";
  ASSERT_THAT(store_.Put(run), IsOk());
  const auto symbols = [](const absl::StatusOr<std::vector<SeriesHead>>& heads) {
    std::vector<std::string> out;
    for (const SeriesHead& head : *heads) out.push_back(head.key.symbol);
    return out;
  };
  EXPECT_THAT(symbols(store_.List({})), ElementsAre("A", "A", "B", "C", "D"));
  EXPECT_THAT(symbols(store_.List({.resource = "stock_price"}, then)), ElementsAre("A", "B", "C"));
  EXPECT_THAT(symbols(store_.List({.symbols = {"D", "B", "X"}})), ElementsAre("B", "D"));
  EXPECT_THAT(symbols(store_.List({.variant = "run-1"})), ElementsAre("A"));
  EXPECT_THAT(symbols(store_.List({.timeframe = quant::Timeframe::kMin1})), ElementsAre());
  BF_ASSERT_OK_AND_ASSIGN(const auto page, store_.List({.resource = "stock_price", .limit = 2}));
  EXPECT_THAT(symbols(store_.List({.resource = "stock_price", .after = page.back().key})), ElementsAre("C", "D"));
}

TEST_F(ChunkStoreTest, DamagedBytesInTheDatabaseAreDataLoss) {
  ASSERT_THAT(store_.Put(Bars("A", 0, 1000)), IsOk());
  server_.Sql("UPDATE data.chunk SET body = set_byte(body, 300, (get_byte(body, 300) + 1) % 256)");
  EXPECT_THAT(store_.Read(Bars("A", 0, 1).key), StatusIs(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK"));
}

}  // namespace
}  // namespace breadthflow::columnar
