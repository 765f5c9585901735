#include "services/data/app/live_queue.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/stats/random.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using columnar::CommitPosition;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

std::shared_ptr<const CommitPosition> At(int next) {
  return std::make_shared<const CommitPosition>(
      CommitPosition::Parse(std::to_string(next) + ":" + std::to_string(next) + ":").value());
}

std::shared_ptr<const LivePiece> Piece(int64_t series, int64_t version, std::vector<int64_t> times) {
  auto piece = std::make_shared<LivePiece>();
  piece->rows.key = {"stock_price", "S" + std::to_string(series), quant::Timeframe::kTick, "test"};
  piece->rows.Add("close", std::vector<double>(times.begin(), times.end()));
  piece->rows.times = std::move(times);
  piece->change = {.series_id = series, .key = piece->rows.key, .version = version, .transaction = 100};
  piece->place = columnar::ChangePlace::Of(piece->change);
  return piece;
}

LiveQueue Make(bool conflate, size_t pieces) { return {conflate, "", {}, {.pieces = pieces}}; }

TEST(LiveQueue, HandsOverWhatWasPushedInItsOrder) {
  LiveQueue queue = Make(false, 4);
  queue.Begin(1, {});
  const auto target = At(200);
  queue.Push(Piece(1, 7, {5}), target, kNow);
  queue.EndBatch(1, target);
  auto popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->piece->rows.times.front(), 5);
  EXPECT_EQ(popped->place, (columnar::ChangePlace{absl::Time(), 1, 7}));
  EXPECT_EQ(popped->target, target);
  popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->piece, nullptr);
  EXPECT_FALSE(popped->place);
  EXPECT_FALSE(queue.Pop());
}

TEST(LiveQueue, WantsOnlyWhatIsNewToIt) {
  LiveQueue queue = Make(false, 4);
  const auto change = [](uint64_t transaction) {
    return columnar::Change{.key = {"stock_price", "S1", quant::Timeframe::kTick, "test"}, .transaction = transaction};
  };
  EXPECT_FALSE(queue.Wants(5, change(100))) << "before it begins";
  queue.Begin(5, *At(100));
  EXPECT_FALSE(queue.Wants(4, change(100)));
  EXPECT_FALSE(queue.Wants(5, change(99)));
  EXPECT_TRUE(queue.Wants(5, change(100)));
}

TEST(LiveQueue, TakesTheFirstSourceWhenNoneIsNamed) {
  LiveQueue queue(false, "", {{"S2", "other"}}, {});
  EXPECT_TRUE(queue.Accepts({"stock_price", "S1", quant::Timeframe::kTick, "test"}));
  EXPECT_FALSE(queue.Accepts({"stock_price", "S1", quant::Timeframe::kTick, "other"}));
  EXPECT_FALSE(queue.Accepts({"stock_price", "S2", quant::Timeframe::kTick, "test"}));
  LiveQueue named(false, "other", {}, {});
  EXPECT_FALSE(named.Accepts({"stock_price", "S1", quant::Timeframe::kTick, "test"}));
}

TEST(LiveQueue, LosesEverythingRatherThanGrow) {
  LiveQueue queue = Make(false, 4);
  queue.Begin(1, {});
  for (int i = 0; i < 4; ++i) queue.Push(Piece(1, i, {i}), At(200), kNow);
  EXPECT_TRUE(queue.Full());
  EXPECT_FALSE(queue.overflowed());
  queue.Push(Piece(1, 4, {4}), At(200), kNow);
  EXPECT_TRUE(queue.overflowed());
  EXPECT_FALSE(queue.Full()) << "nobody waits for it";
  EXPECT_FALSE(queue.Pop());
  queue.Push(Piece(1, 5, {5}), At(200), kNow);
  EXPECT_FALSE(queue.Pop());
  queue.Begin(2, *At(200));
  EXPECT_FALSE(queue.overflowed());
}

TEST(LiveQueue, CountsBytesToo) {
  LiveQueue queue(false, "", {}, {.pieces = 1000, .bytes = 3000});
  queue.Begin(1, {});
  const auto piece = Piece(1, 1, std::vector<int64_t>(100, 1));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(queue.Full());
    queue.Push(piece, At(200), kNow);
  }
  EXPECT_TRUE(queue.Full());
  EXPECT_TRUE(queue.Pop());
  EXPECT_FALSE(queue.Full());
}

TEST(LiveQueue, ConflatesWhatHasWaitedTooLong) {
  LiveQueue queue = Make(true, 100);
  queue.Begin(1, {});
  queue.Push(Piece(1, 1, {1, 2}), At(200), kNow);
  queue.Push(Piece(1, 2, {3}), At(200), kNow + absl::Milliseconds(1001));
  const auto popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->piece->rows.times, std::vector<int64_t>{3});
  EXPECT_EQ(popped->conflated_rows, 2);
}

TEST(LiveQueue, ConflatedRowsAddUpAndTheNewestStays) {
  constexpr int kSeries = 5;
  quant::stats::RandomSequence random(3, "conflation");
  for (int round = 0; round < 50; ++round) {
    LiveQueue queue = Make(true, 1 + random.Below(8));
    queue.Begin(1, {});
    std::map<int64_t, int64_t> pushed, told, newest, last;
    std::shared_ptr<const CommitPosition> target;
    bool at_end = false;
    const auto pop = [&] {
      const auto popped = queue.Pop();
      if (!popped) return false;
      if (popped->target) at_end = !popped->place;
      if (popped->piece) {
        const int64_t series = popped->piece->change.series_id;
        told[series] += popped->conflated_rows + static_cast<int64_t>(popped->piece->rows.size());
        last[series] = popped->piece->rows.times.back();
        EXPECT_TRUE(popped->conflated_rows == 0 || popped->piece->rows.size() == 1);
      }
      return true;
    };
    for (int i = 0; i < 200; ++i) {
      const auto series = static_cast<int64_t>(random.Below(kSeries));
      std::vector<int64_t> times;
      for (uint64_t more = random.Below(4) + 1; more > 0; --more) times.push_back(++newest[series]);
      pushed[series] += static_cast<int64_t>(times.size());
      if (i % 10 == 0) target = At(200 + i);
      queue.Push(Piece(series, i, std::move(times)), target, kNow);
      if (i % 10 == 9) queue.EndBatch(1, target);
      if (random.Below(3) == 0) pop();
    }
    while (pop()) {
    }
    EXPECT_EQ(told, pushed);
    EXPECT_EQ(last, newest);
    EXPECT_TRUE(at_end) << "and the stream stands behind the last batch";
  }
}

// A piece that only takes away.
std::shared_ptr<const LivePiece> Withdrawal(int64_t series, int64_t version, std::vector<int64_t> times) {
  auto piece = std::make_shared<LivePiece>(*Piece(series, version, {}));
  piece->withdrawn = std::move(times);
  return piece;
}

TEST(LiveQueue, ConflationForgetsNothingThatWasWithdrawn) {
  LiveQueue queue = Make(true, 1);
  queue.Begin(1, {});
  queue.Push(Piece(1, 1, {1, 2, 3, 4}), At(200), kNow);
  queue.Push(Withdrawal(1, 2, {2, 4}), At(200), kNow);
  queue.Push(Withdrawal(2, 1, {7}), At(200), kNow);
  queue.Push(Withdrawal(3, 1, {7, 8}), At(200), kNow);
  queue.Push(Piece(3, 2, {8}), At(200), kNow);
  auto popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_TRUE(popped->piece->rows.empty()) << "the newest row that came is one of them";
  EXPECT_EQ(popped->piece->rows.key.symbol, "S1");
  EXPECT_EQ(popped->piece->withdrawn, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(popped->conflated_rows, 4);
  popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->piece->withdrawn, std::vector<int64_t>{7});
  EXPECT_EQ(popped->conflated_rows, 0);
  popped = queue.Pop();
  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->piece->rows.times, std::vector<int64_t>{8});
  EXPECT_EQ(popped->piece->withdrawn, std::vector<int64_t>{7}) << "8 is there again";
  EXPECT_FALSE(queue.Pop());
}

TEST(LiveQueue, ReadsFromTheStoreWhenConflationWouldHaveToRememberTooMuch) {
  LiveQueue queue = Make(true, 1);
  queue.Begin(1, {});
  for (int64_t i = 0; i < 9 && !queue.overflowed(); ++i) {
    std::vector<int64_t> times(10'000);
    for (size_t k = 0; k < times.size(); ++k) times[k] = i * 10'000 + static_cast<int64_t>(k);
    queue.Push(Withdrawal(1, i + 1, std::move(times)), At(200), kNow);
  }
  EXPECT_TRUE(queue.overflowed());
  EXPECT_FALSE(queue.Pop());
}

TEST(LiveCursor, ReadsWhatItWrites) {
  LiveCursor cursor{.database = "7300000000000000001", .time = kNow, .base = *At(77)};
  for (int variant = 0; variant < 3; ++variant) {
    if (variant > 0) {
      cursor.target = *At(99);
      cursor.place = {kNow - absl::Microseconds(1), 12, 34, 56};
    }
    if (variant > 1) {
      cursor.stored = true;
      cursor.symbol = 9999;
      cursor.time_ns = -1;
      cursor.told_rows = 7;
      cursor.sources = SourcesToText({"one", "", "two|x"});
    }
    const auto read = LiveCursor::Parse(cursor.ToText());
    ASSERT_THAT(read, testing::IsOk());
    EXPECT_EQ(read->ToText(), cursor.ToText());
    EXPECT_EQ(read->place, cursor.place);
    EXPECT_EQ(read->time, cursor.time);
    EXPECT_EQ(read->target, cursor.target);
    EXPECT_EQ(read->told_rows, cursor.told_rows);
    EXPECT_EQ(read->sources, cursor.sources);
  }
  for (const std::string text :
       {"", "1|a|b", "2|x|1|1:1:||1|1|1|1|0|0|0", "1|x|1|1:0:||1|1|1|1|0|0|0", "1|x|1|1:1:|z|1|1|1|1|0|0|0",
        "1|x|1|1:1:||1|1|1|1|0|0|0|", "2|x|1|1:1:||1|1|1|1|0|0|0", "2|x|1|1:1:||1|1|1|1|0|0|0|-1|",
        "3|x|1|1:1:||1|1|1|1|0|0|0|0|"}) {
    EXPECT_THAT(LiveCursor::Parse(text), testing::StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(LiveCursor, ReadsWhatItWroteBeforeItHadSources) {
  const auto read = LiveCursor::Parse("1|7300|1700000000000000|77:77:||1700000000000000|1|2|3|1|4|5");
  ASSERT_THAT(read, testing::IsOk());
  EXPECT_EQ(read->time_ns, 5);
  EXPECT_EQ(read->told_rows, 0);
  EXPECT_EQ(read->sources, "");
}

TEST(LiveCursor, SourcesAreShortWhereNeighboursShareThem) {
  EXPECT_EQ(SourcesToText({"", "", ""}), "");
  EXPECT_EQ(SourcesToText({"a", "a", "", "b:1,2|3", "a"}), "a,b:1%2c2%7c3;2*1,1*0,1*2,1*1");
  EXPECT_LT(SourcesToText(std::vector<std::string>(10'000, "simulated")).size(), 30u);
  for (const std::vector<std::string>& sources :
       {std::vector<std::string>{"a"}, {"", "a"}, {"a", "a", "", "b:1,2|3;4*5%6", "a"}, {"", ""}}) {
    const auto read = SourcesFromText(SourcesToText(sources), sources.size());
    ASSERT_THAT(read, testing::IsOk());
    EXPECT_EQ(*read, sources);
  }
  for (const std::string text : {"a", "a;", "a;1*1", "a;3*1", "a;2*2", "a;1*1,", ";2*0", "a%;2*1", "a%zz;2*1", "a;2*1;",
                                 "a;99999999999999999999*1", "a;-2*1"}) {
    EXPECT_THAT(SourcesFromText(text, 2), testing::StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace breadthflow::data
