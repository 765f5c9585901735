// What was known at an instant stays what it was, in everything that a read makes of stored rows.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/columnar/chunk_compactor.h"
#include "tests/integration/data/point_in_time_fixture.h"
#include "tests/support/scale.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using quant::TimeRange;
using testing::IsOk;

// All that a read may make of the rows of a symbol.
struct Shape {
  const char* name;
  clients::ReadQuery query;
};
std::vector<Shape> Shapes() {
  const clients::AsOfJoin earnings{
      .resource = "earnings", .fields = {"eps_diluted", "period_end"}, .replace_by = "period_end"};
  const clients::AsOfJoin shares{.resource = "shares_outstanding", .fields = {"shares"}, .ttl = absl::Hours(24 * 100)};
  const clients::Resampling weeks{.timeframe = quant::Timeframe::kWeek}, months{.timeframe = quant::Timeframe::kMonth};
  return {{"raw", {}},
          {"split", {.adjustment = Adjustment::kSplit}},
          {"split_dividend", {.adjustment = Adjustment::kSplitDividend}},
          {"total_return", {.adjustment = Adjustment::kTotalReturn}},
          {"forward", {.adjustment = Adjustment::kForward}},
          {"weeks", {.resampling = weeks}},
          {"months, forward", {.adjustment = Adjustment::kForward, .resampling = months}},
          {"joined", {.joins = {earnings, shares}}},
          {"market_cap", {.resource = "market_cap", .timeframe = quant::Timeframe::kTick}}};
}
// Those of them in which nothing that happens later may change a row, whoever knows of it.
bool IsCausal(const Shape& shape) {
  const auto& adjustment = shape.query.adjustment;
  return adjustment != Adjustment::kSplit && adjustment != Adjustment::kSplitDividend;
}

TEST_F(PointInTimeTest, WhatIsReadAsOfAnInstantIsWhatWasReadThen) {
  const int histories = testing::AtScale(4, 60);
  constexpr int kRevisions = 15, kQueries = 25;
  columnar::ChunkStore store(*database_);
  columnar::ChunkCompactor compactor(*database_, 2);
  const std::vector<Shape> shapes = Shapes();
  size_t changes = 0, compared = 0;
  for (int history = 0; history < histories; ++history) {
    const std::string symbol = fmt::format("H{}", history);
    Found(symbol);
    // What was read when nothing later was known, by the instant from which on it was so.
    std::vector<std::pair<absl::Time, std::vector<Series>>> then;
    const auto read_all = [&](absl::Time as_of, std::vector<Series>& all) {
      for (const Shape& shape : shapes) {
        clients::ReadQuery query = shape.query;
        query.as_of = as_of;
        BF_ASSERT_OK_AND_ASSIGN(Series rows, ReadOne(symbol, query));
        all.push_back(std::move(rows));
      }
    };
    for (int step = 0; step < kRevisions; ++step) {
      const quant::SeriesKey changed =
          step == 0 ? quant::SeriesKey{"earnings", symbol, quant::Timeframe::kTick, "test"} : Revise(symbol);
      BF_ASSERT_OK_AND_ASSIGN(const columnar::SeriesHead head, store.Head(changed));
      if (!then.empty() && head.known_at <= then.back().first) continue;  // it was so before
      then.emplace_back(head.known_at, std::vector<Series>());
      ASSERT_NO_FATAL_FAILURE(read_all(absl::InfiniteFuture(), then.back().second));
      if (then.size() > 1) changes += then.back().second != then[then.size() - 2].second;
    }
    if (history % 2 == 0) {
      ASSERT_THAT(compactor.Run(1000), IsOk());
    }
    for (int query = 0; query < kQueries; ++query) {
      const auto place = static_cast<size_t>(Below(static_cast<int>(then.size())));
      const absl::Time from = then[place].first;
      const absl::Time until = place + 1 < then.size() ? then[place + 1].first : from + absl::Seconds(1);
      const auto span = static_cast<uint64_t>(absl::ToInt64Microseconds(until - from));
      // The first and the last instant are where it goes wrong.
      const absl::Time as_of = query % 3 == 0   ? from
                               : query % 3 == 1 ? until - absl::Microseconds(1)
                                                : from + absl::Microseconds(static_cast<int64_t>(random_() % span));
      std::vector<Series> now;
      ASSERT_NO_FATAL_FAILURE(read_all(as_of, now));
      for (size_t i = 0; i < shapes.size(); ++i, ++compared) {
        ASSERT_EQ(now[i], then[place].second[i]) << symbol << " " << shapes[i].name << " after revision " << place;
      }
    }
  }
  EXPECT_GT(changes, static_cast<size_t>(histories) * kRevisions / 2) << "the revisions changed nothing";
  EXPECT_EQ(compared, static_cast<size_t>(histories) * kQueries * shapes.size());
}

// Two companies of one history, of which the one ends at an instant: the rows up to there are the same.
TEST_F(PointInTimeTest, WhatHappensLaterChangesNoEarlierRow) {
  Found("WHOLE");
  columnar::ChunkStore store(*database_);
  for (int i = 0; i < 6; ++i) {
    for (const char* resource : {"shares_outstanding", "earnings"}) Put(SomeReport(resource, "WHOLE"));
  }
  const std::vector<Shape> shapes = Shapes();
  std::map<std::string, Series> whole;
  for (const Shape& shape : shapes) {
    BF_ASSERT_OK_AND_ASSIGN(whole[shape.name], ReadOne("WHOLE", shape.query));
  }
  const std::vector<int64_t> times = whole.at("raw").times;
  const int instants = testing::AtScale(25, 400);
  std::map<std::string, size_t> differed;  // where later events do count, they must show
  for (int i = 0; i < instants; ++i) {
    const std::string symbol = fmt::format("CUT{}", i);
    const int64_t now = times[40 + static_cast<size_t>(Below(static_cast<int>(times.size()) - 41))];
    for (const std::string resource : {"stock_price", "split", "dividend", "shares_outstanding", "earnings"}) {
      const bool bars = resource == "stock_price";
      const quant::SeriesKey key{resource, "WHOLE", bars ? quant::Timeframe::kDay : quant::Timeframe::kTick, "test"};
      BF_ASSERT_OK_AND_ASSIGN(Series rows, store.Read(key, TimeRange{INT64_MIN, now + 1}, absl::InfiniteFuture()));
      rows.key.symbol = symbol;
      if (rows.empty()) {  // known to be kept, with nothing that counts: events of long ago, a report that is still to
                           // come
        const bool events = resource == "split" || resource == "dividend";
        if (events) rows = Events(resource, symbol, {{CivilDay(2000, 1, 3), 1}});
        if (!events) rows = store.Read(key)->Rows(0, 1);
        rows.key.symbol = symbol;
      }
      Put(rows);
    }
    for (const Shape& shape : shapes) {
      BF_ASSERT_OK_AND_ASSIGN(Series cut, ReadOne(symbol, shape.query));
      ASSERT_LE(cut.empty() ? now : cut.times.back(), now);
      cut.key.symbol = "WHOLE";
      // The last bar that is made may have needed a later row to be whole.
      const int64_t made_until = cut.empty() ? INT64_MIN : cut.times.back() + 1;
      const Series want = whole.at(shape.name).Slice({INT64_MIN, shape.query.resampling ? made_until : now + 1});
      const bool equal = cut.size() == want.size() && (cut.empty() || cut.ContentHash() == want.ContentHash());
      if (IsCausal(shape)) {
        ASSERT_TRUE(equal) << symbol << " " << shape.name;
      } else {
        differed[shape.name] += !equal;
      }
    }
  }
  EXPECT_GT(differed["split"], 0u) << "no later event is there that could show";
}

}  // namespace
}  // namespace breadthflow::data
