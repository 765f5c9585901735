// Live rows on a real PostgreSQL: what is committed reaches every subscriber once.
#include <map>

#include "common/columnar/chunk_compactor.h"
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

TEST_F(LiveTest, TellsWhatIsCommittedFromNowOn) {
  Put(Rows("AAA", {1, 2}, {10, 11}));
  const auto stream = Open(TicksOf({"AAA", "BBB"}));
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
  const auto stream = Open(TicksOf({"AAA"}));
  Put(Rows("AAA", {2, 4, 5}, {11.5, 13, 14}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {2, 5}, {11.5, 14}));
}

TEST_F(LiveTest, TellsOfAnInstantThatSeveralRowsShareAsAWhole) {
  quant::Series before = Rows("AAA", {1, 1, 2, 2}, {10, 11, 12, 13});
  before.repeats = true;
  Put(before);
  const auto stream = Open(TicksOf({"AAA"}));
  quant::Series after = Rows("AAA", {1, 1, 2, 2, 2}, {10, 11, 12, 13, 14});
  after.repeats = true;
  Put(after);
  quant::Series changed = Rows("AAA", {2, 2, 2}, {12, 13, 14});
  changed.repeats = true;
  EXPECT_EQ(Next(*stream).rows->rows, changed);
}

TEST_F(LiveTest, SaysNothingOfCompaction) {
  const auto stream = Open(TicksOf({"AAA"}));
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
  const auto again = Open(TicksOf({"AAA"}), cursor.ToText());
  EXPECT_EQ(Next(*again).rows->rows, Rows("AAA", {41}, {41})) << "though its chunk now holds more";
  EXPECT_TRUE(Silent(*again));
}

TEST_F(LiveTest, BeginsWithStoredRowsWhenAStartIsGiven) {
  Put(Rows("BBB", {1, 2, 3}, {20, 21, 22}));
  Put(Rows("AAA", {1, 2, 3}, {10, 11, 12}));
  LiveSpec spec = TicksOf({"BBB", "AAA"});
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
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA", "BBB"}));
  Put(Rows("AAA", {1}, {10}));
  const std::string token = Next(*stream).cursor.ToText();
  stream.reset();
  Put(Rows("BBB", {1}, {20}));
  Put(Rows("AAA", {2}, {11}));
  stream = Open(TicksOf({"AAA", "BBB"}), token);
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
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA", "BBB"}));
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
  stream = Open(TicksOf({"AAA", "BBB"}), token);
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {1}, {10}));
  EXPECT_TRUE(Silent(*stream));
}

TEST_F(LiveTest, SlowSubscribersGetEverythingAndHoldUpNobody) {
  const auto slow = Open(TicksOf({"AAA"}));
  const auto quick = Open(TicksOf({"AAA"}));
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
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA"}));
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
    if (piece % 2 == 0) stream = Open(TicksOf({"AAA"}), event.cursor.ToText());
  }
  EXPECT_TRUE(Silent(*stream));
}

TEST_F(LiveTest, ConflatedRowsAreCounted) {
  LiveSpec spec = TicksOf({"AAA", "BBB"});
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

TEST_F(LiveTest, SaysAtOnceOfWhatNothingIsStoredYet) {
  Put(Rows("AAA", {1}, {10}));
  auto stream = Open(TicksOf({"NOPE", "AAA", "BBB"}));
  const LiveEvent first = Next(*stream, true);
  ASSERT_EQ(first.kind, Kind::kAwaited);
  EXPECT_THAT(first.awaited, ElementsAre("NOPE", "BBB"));
  Put(Rows("BBB", {2}, {20}));
  EXPECT_EQ(Next(*stream, true).rows->rows, Rows("BBB", {2}, {20}));
  stream = Open(TicksOf({"NOPE", "AAA", "BBB"}), first.cursor.ToText());
  EXPECT_EQ(Next(*stream, true).kind, Kind::kRows) << "it was told before";
  stream = Open(TicksOf({"AAA", "BBB"}));
  EXPECT_EQ(Next(*stream, true).kind, Kind::kHeartbeat) << "there is nothing to wait for";
  stream = Open({.symbols = {"AAA"}, .timeframe = Timeframe::kDay});
  EXPECT_EQ(Next(*stream, true).kind, Kind::kAwaited) << "of other bars";
}

TEST_F(LiveTest, HeartbeatsSayWhereItStands) {
  Put(Rows("AAA", {0}, {9}));
  std::unique_ptr<LiveSource> stream = Open(TicksOf({"AAA"}));
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
  stream = Open(TicksOf({"AAA"}), first.cursor.ToText());
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {1}, {10}));
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
  EXPECT_THAT(replica_.streamer.Open(TicksOf({"AAA"}), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  LiveSpec named = TicksOf({"AAA"});
  named.source = kTestSource;
  const auto stream = Open(named);
  other.times = {2};
  Put(other);
  Put(Rows("AAA", {2}, {11}));
  EXPECT_EQ(Next(*stream).rows->rows.key.variant, kTestSource);
}

}  // namespace
}  // namespace breadthflow::data
