#include "common/columnar/series_merge.h"

#include <algorithm>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/row_match.h"
#include "common/columnar/series_rows.h"
#include "tests/support/matchers.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;
using testing::IsOk;
using testing::StatusIs;

// A series in memory, as the store keeps it: parts with ids, of which every third has no digest.
class Parts {
 public:
  MergeResult Write(const Series& fresh, std::optional<quant::TimeRange> replaces = {}) {
    std::vector<StoredPart> stored;
    for (const auto& [first, part] : parts_) {
      stored.push_back({part.id, static_cast<int64_t>(part.rows.size()), first, part.rows.times.back(), std::nullopt});
      if (part.id % 3 != 0) stored.back().digest = RowsDigest(part.rows, 0, part.rows.size());
    }
    std::vector<Series> emitted;
    loaded_ = 0;
    auto result = MergeSeries(
        stored, fresh, replaces,
        [&](const StoredPart& part) -> absl::StatusOr<Series> {
          ++loaded_;
          return parts_.at(part.first_time_ns).rows;
        },
        [&](const Series& rows, size_t begin, size_t end) {
          EXPECT_LT(begin, end);
          EXPECT_TRUE(end - begin <= kRowsPerChunk || rows.times[begin] == rows.times[end - 1]);
          emitted.push_back(rows.Rows(begin, end));
          return absl::OkStatus();
        });
    EXPECT_THAT(result, IsOk());
    for (const int64_t id : result->closed_ids) {
      EXPECT_EQ(std::erase_if(parts_, [&](const auto& part) { return part.second.id == id; }), 1u);
    }
    emitted_ = emitted.size();
    for (Series& rows : emitted) {
      const int64_t first = rows.times.front();
      EXPECT_TRUE(parts_.emplace(first, Part{++last_id_, std::move(rows)}).second);
    }
    int64_t last = INT64_MIN;
    for (const auto& [first, part] : parts_) {
      EXPECT_GT(first, last) << "parts overlap";
      last = part.rows.times.back();
    }
    return *std::move(result);
  }

  Series All() const {
    Series all;
    for (const auto& [first, part] : parts_) {
      Series rows = part.rows;
      EXPECT_THAT(AppendRows(std::move(rows), all), IsOk());
    }
    return all;
  }
  size_t count() const { return parts_.size(); }
  int loaded() const { return loaded_; }
  size_t emitted() const { return emitted_; }

 private:
  struct Part {
    int64_t id;
    Series rows;
  };
  std::map<int64_t, Part> parts_;
  int64_t last_id_ = 0;
  int loaded_ = 0;
  size_t emitted_ = 0;
};

Series Rows(const std::vector<int64_t>& times, double value = 0) {
  Series series;
  series.times = times;
  std::vector<double> values;
  for (const int64_t time : times) values.push_back(static_cast<double>(time) + value);
  series.Add("value", std::move(values));
  return series;
}

std::vector<int64_t> Times(int64_t begin, int64_t end, int64_t step = 1) {
  std::vector<int64_t> times;
  for (int64_t time = begin; time < end; time += step) times.push_back(time);
  return times;
}

TEST(SeriesMerge, UnchangedRowsWriteNothing) {
  Parts parts;
  parts.Write(Rows(Times(0, 20000)));
  EXPECT_EQ(parts.count(), 3u);
  for (const auto& again : {Rows(Times(0, 20000)), Rows(Times(5000, 15000)), Rows({7}), Rows(Times(19990, 20000))}) {
    const MergeResult result = parts.Write(again);
    EXPECT_TRUE(result.closed_ids.empty());
    EXPECT_EQ(parts.emitted(), 0u);
    EXPECT_EQ(result.rows_inserted + result.rows_revised + result.rows_removed, 0);
  }
  EXPECT_TRUE(parts.Write(Rows(Times(0, 20000)), quant::TimeRange{0, 20000}).closed_ids.empty());
}

TEST(SeriesMerge, RowsThatComeAgainAreKnownByTheirDigest) {
  Parts parts;
  parts.Write(Rows(Times(0, 16384)));
  parts.Write(Rows(Times(0, 16384)));
  EXPECT_EQ(parts.loaded(), 0);
  parts.Write(Rows({10, 20}));
  EXPECT_EQ(parts.loaded(), 1) << "part of a chunk has no digest";
}

TEST(SeriesMerge, SmallAppendsDoNotTouchLargeChunks) {
  Parts parts;
  parts.Write(Rows(Times(0, 8192)));
  size_t rewritten = 0;
  for (int64_t day = 8192; day < 8192 + 1000; ++day) {
    const MergeResult result = parts.Write(Rows({day}));
    EXPECT_EQ(result.rows_inserted, 1);
    rewritten += result.closed_ids.size();
    EXPECT_LE(parts.count(), 16u) << "and there are never many small ones";
  }
  EXPECT_EQ(parts.All(), Rows(Times(0, 9192)));
  EXPECT_LT(rewritten, 2000u);
}

TEST(SeriesMerge, ARevisionRewritesOnlyItsChunk) {
  Parts parts;
  parts.Write(Rows(Times(0, 30000)));
  const MergeResult result = parts.Write(Rows({9000}, 0.5));
  EXPECT_EQ(result.rows_revised, 1);
  EXPECT_EQ(result.closed_ids.size(), 1u);
  EXPECT_EQ(parts.loaded(), 1);
  EXPECT_EQ(parts.All().Doubles("value")[9000], 9000.5);
}

TEST(SeriesMerge, RowsThatTheSourceTookBackGoOnlyWhenItSpeaksForTheRange) {
  Parts parts;
  parts.Write(Rows(Times(0, 100)));
  EXPECT_EQ(parts.Write(Rows({10, 12})).rows_removed, 0);
  const MergeResult result = parts.Write(Rows({10, 12}), quant::TimeRange{10, 13});
  EXPECT_EQ(result.rows_removed, 1);
  EXPECT_EQ(parts.All().size(), 99u);
  EXPECT_EQ(parts.Write(Series{}, quant::TimeRange{0, 50}).rows_removed, 49);
  EXPECT_EQ(parts.All(), Rows(Times(50, 100)));
}

TEST(SeriesMerge, ANewColumnIsMissingInOldRows) {
  Parts parts;
  parts.Write(Rows(Times(0, 10)));
  Series more = Rows({3, 20});
  more.Add("extra", std::vector<double>{1, 2});
  EXPECT_EQ(parts.Write(more).rows_revised, 1);
  const Series all = parts.All();
  ASSERT_THAT(all.Validate(), IsOk());
  ASSERT_NE(all.Find("extra"), nullptr);
  EXPECT_TRUE(all.Find("extra")->present(3));
  EXPECT_FALSE(all.Find("extra")->present(4));
}

TEST(SeriesMerge, AColumnKeepsItsType) {
  const Series stored = Rows({1, 2});
  Series fresh;
  fresh.times = {2};
  fresh.Add("value", std::vector<int64_t>{7});
  const auto result = MergeSeries(
      {{1, 2, 1, 2}}, fresh, {}, [&](const StoredPart&) -> absl::StatusOr<Series> { return stored; },
      [](const Series&, size_t, size_t) { return absl::OkStatus(); });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument, "COLUMN_TYPE_CHANGED"));
}

Series Instants(const std::vector<std::pair<int64_t, std::vector<double>>>& instants) {
  Series series{.repeats = true};
  std::vector<double> values;
  for (const auto& [time, rows] : instants) {
    series.times.insert(series.times.end(), rows.size(), time);
    values.insert(values.end(), rows.begin(), rows.end());
  }
  series.Add("value", std::move(values));
  return series;
}

TEST(SeriesMerge, TheRowsOfOneInstantAreReplacedTogether) {
  Parts parts;
  parts.Write(Instants({{1, {10}}, {2, {20, 21, 22}}, {3, {30}}}));
  EXPECT_TRUE(parts.Write(Instants({{2, {20, 21, 22}}})).closed_ids.empty());
  const MergeResult fewer = parts.Write(Instants({{2, {20, 99}}}));
  EXPECT_EQ(fewer.rows_revised, 1);
  EXPECT_EQ(fewer.rows_removed, 1);
  EXPECT_EQ(fewer.rows_inserted, 0);
  EXPECT_EQ(parts.All(), Instants({{1, {10}}, {2, {20, 99}}, {3, {30}}}));
  const MergeResult more = parts.Write(Instants({{2, {20, 99, 5}}}));
  EXPECT_EQ(more.rows_inserted, 1);
  EXPECT_EQ(more.rows_revised, 0);
  EXPECT_EQ(parts.Write(Instants({{2, {99, 20, 5}}})).rows_revised, 2) << "the order counts";
  EXPECT_EQ(parts.All(), Instants({{1, {10}}, {2, {99, 20, 5}}, {3, {30}}}));
}

TEST(SeriesMerge, AnInstantIsNeverDividedBetweenChunks) {
  Parts parts;
  parts.Write(Instants({{1, std::vector<double>(8000, 1)}, {2, std::vector<double>(400, 2)}}));
  EXPECT_EQ(parts.count(), 2u);
  parts.Write(Instants({{3, std::vector<double>(20000, 3)}}));
  const Series all = parts.All();
  EXPECT_EQ(all.size(), 28400u);
  const Series huge = Instants({{5, {}}, {9, std::vector<double>(kMaxChunkRows + 1, 3)}});
  const auto refused = MergeSeries(
      {}, huge, {}, [](const StoredPart&) -> absl::StatusOr<Series> { return Series{}; },
      [](const Series&, size_t, size_t) { return absl::OkStatus(); });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "INSTANT_TOO_LARGE"));
  EXPECT_THAT(base::Message(refused.status()), ::testing::HasSubstr("9 ns"));
}

// Groups of rows against a map from instant to its rows, with re-ingests of what is there.
TEST(SeriesMerge, AgreesWithAMapOfInstantsOverRandomHistories) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Parts parts;
    std::map<int64_t, std::vector<double>> model;
    for (int step = 0; step < 12; ++step) {
      const auto begin = static_cast<int64_t>(random() % 300);
      const auto count = static_cast<int64_t>(1 + random() % (random() % 4 == 0 ? 3000 : 20));
      const uint64_t most = random() % 8 == 0 ? 9000 : 6;
      std::vector<std::pair<int64_t, std::vector<double>>> instants;
      size_t rows = 0;
      for (int64_t time = begin; time < begin + count && rows < 30000; time += 1 + static_cast<int64_t>(random() % 3)) {
        const auto known = model.find(time);
        if (known != model.end() && random() % 2 == 0) {
          instants.emplace_back(time, known->second);
        } else {
          instants.emplace_back(time, std::vector<double>(1 + random() % most));
          for (double& value : instants.back().second) value = static_cast<double>(random() % 3);
        }
        rows += instants.back().second.size();
      }
      std::optional<quant::TimeRange> replaces;
      if (random() % 3 == 0) replaces = quant::TimeRange{begin - 5, begin + count + 5};
      if (replaces) {
        std::erase_if(model, [&](const auto& instant) { return replaces->Contains(instant.first); });
      }
      for (const auto& [time, values] : instants) model[time] = values;
      const Series fresh = Instants(instants);
      parts.Write(fresh, replaces);
      ASSERT_EQ(parts.All(), Instants({model.begin(), model.end()}));
      EXPECT_EQ(parts.Write(fresh, replaces).closed_ids.size(), 0u) << "the same once more changes nothing";
      EXPECT_EQ(parts.emitted(), 0u);
    }
  }
}

// Any sequence of writes against the plainest possible model: a map from time to value.
TEST(SeriesMerge, AgreesWithAMapOverRandomHistories) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Parts parts;
    std::map<int64_t, double> model;
    for (int step = 0; step < 12; ++step) {
      const int64_t begin = static_cast<int64_t>(random() % 300);
      const int64_t end = begin + 1 + static_cast<int64_t>(random() % (random() % 4 == 0 ? 20000 : 40));
      Series fresh = Rows(Times(begin, end, 1 + static_cast<int64_t>(random() % 3)),
                          random() % 2 == 0 ? 0 : static_cast<double>(step) / 16);
      std::optional<quant::TimeRange> replaces;
      if (random() % 3 == 0) replaces = quant::TimeRange{begin - 5, end + 5};
      if (replaces) {
        std::erase_if(model, [&](const auto& row) { return replaces->Contains(row.first); });
      }
      for (size_t row = 0; row < fresh.size(); ++row) model[fresh.times[row]] = fresh.Doubles("value")[row];
      parts.Write(fresh, replaces);
      const Series all = parts.All();
      ASSERT_EQ(all.size(), model.size());
      size_t row = 0;
      for (const auto& [time, value] : model) {
        ASSERT_EQ(all.times[row], time);
        ASSERT_EQ(all.Doubles("value")[row], value);
        ++row;
      }
      EXPECT_EQ(parts.Write(fresh, replaces).closed_ids.size(), 0u) << "the same once more changes nothing";
      EXPECT_EQ(parts.emitted(), 0u);
    }
  }
}

}  // namespace
}  // namespace breadthflow::columnar
