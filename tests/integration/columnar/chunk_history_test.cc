// Point in time: every earlier state of a series against a model of it.
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/columnar/chunk_compactor.h"
#include "tests/integration/columnar/chunk_store_fixture.h"
#include "tests/support/scale.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;
using quant::SeriesKey;
using quant::TimeRange;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

// Histories of revisions against a list of whole copies, which are what was read when they were made.
TEST_F(ChunkStoreTest, AnyPastStateEqualsACopyMadeThen) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::mt19937_64 random(seed);
    const std::string symbol = "S" + std::to_string(seed);
    std::vector<std::pair<absl::Time, Series>> copies;
    for (int step = 0; step < 12; ++step) {
      const auto begin = static_cast<int64_t>(random() % 200);
      const Series rows =
          Bars(symbol, begin, begin + 1 + static_cast<int64_t>(random() % 60), static_cast<double>(random() % 3));
      WriteOptions options;
      if (random() % 3 == 0) options.replaces = TimeRange{rows.times.front() - kStep, rows.times.back() + 2 * kStep};
      ASSERT_THAT(store_.Put(rows, options), IsOk());
      copies.emplace_back(Now(), store_.Read(rows.key).value());
    }
    for (const auto& [time, copy] : copies) {
      ASSERT_THAT(store_.Read(copy.key, {}, time), IsOkAndHolds(copy)) << "seed " << seed;
    }
  }
}

// The same with instants of several rows.
TEST_F(ChunkStoreTest, AnyPastStateOfSharedInstantsEqualsACopyMadeThen) {
  using Model = std::map<int64_t, std::vector<double>>;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::mt19937_64 random(seed);
    const SeriesKey key{"trade", "S" + std::to_string(seed), quant::Timeframe::kDay, ""};
    const auto of = [&](const Model& model) {
      Series series{.key = key, .repeats = true};
      std::vector<double> prices;
      for (const auto& [time, rows] : model) {
        series.times.insert(series.times.end(), rows.size(), time);
        prices.insert(prices.end(), rows.begin(), rows.end());
      }
      series.Add("price", std::move(prices));
      return series;
    };
    Model model;
    std::vector<std::pair<absl::Time, Series>> copies;
    for (int step = 0; step < 12; ++step) {
      Model fresh;
      const auto begin = static_cast<int64_t>(random() % 100);
      const auto end = begin + 1 + static_cast<int64_t>(random() % 40);
      for (int64_t time = begin; time < end; ++time) {
        if (random() % 3 == 0) continue;
        std::vector<double>& rows = fresh[time];
        rows.resize(1 + random() % (random() % 50 == 0 ? 9000 : 5));
        for (double& price : rows) price = static_cast<double>(random() % 4);
      }
      WriteOptions options;
      if (random() % 3 == 0) options.replaces = TimeRange{begin - 2, end + 2};
      if (options.replaces) {
        std::erase_if(model, [&](const auto& instant) { return options.replaces->Contains(instant.first); });
      }
      for (const auto& [time, rows] : fresh) model[time] = rows;
      ASSERT_THAT(store_.Put(of(fresh), options), IsOk());
      BF_ASSERT_OK_AND_ASSIGN(const WrittenSeries again, store_.Put(of(fresh), options));
      EXPECT_TRUE(again.unchanged());
      copies.emplace_back(Now(), of(model));
    }
    for (const auto& [time, copy] : copies) {
      BF_ASSERT_OK_AND_ASSIGN(const Series then, store_.Read(key, {}, time));
      ASSERT_EQ(then.ContentHash(), copy.ContentHash()) << "seed " << seed;
    }
  }
}

// Many short histories, each asked at many instants: the rows known at an instant are those of the last revision before
// it. The model is a map per revision; compaction goes on in between.
TEST_F(ChunkStoreTest, RandomHistoriesEqualTheirModelAtAnyInstant) {
  const int histories = testing::AtScale(60, 1000);
  constexpr int kQueries = 100;
  using Model = std::map<int64_t, double>;
  ChunkCompactor compactor(*database_, 2);
  int mismatches = 0;
  for (int history = 0; history < histories; ++history) {
    std::mt19937_64 random(static_cast<uint64_t>(history));
    const SeriesKey key{"stock_price", "H" + std::to_string(history), quant::Timeframe::kDay, ""};
    const auto of = [&](const Model& model) {
      Series series{.key = key};
      std::vector<double> close;
      for (const auto& [time, value] : model) {
        series.times.push_back(time);
        close.push_back(value);
      }
      if (!model.empty()) series.Add("close", std::move(close));
      return series;
    };
    std::vector<std::pair<absl::Time, Model>> revisions;
    Model model;
    const int steps = 3 + static_cast<int>(random() % 6);
    for (int step = 0; step < steps; ++step) {
      Model fresh;
      const auto begin = static_cast<int64_t>(random() % 30);
      const auto end = begin + 1 + static_cast<int64_t>(random() % 8);
      for (int64_t time = begin; time < end; ++time) {
        if (random() % 4 != 0) fresh[time] = static_cast<double>(random() % 4);
      }
      if (fresh.empty()) fresh[begin] = 1;
      WriteOptions options;
      if (random() % 3 == 0) options.replaces = TimeRange{begin, end};
      if (options.replaces) {
        std::erase_if(model, [&](const auto& row) { return options.replaces->Contains(row.first); });
      }
      for (const auto& [time, value] : fresh) model[time] = value;
      ASSERT_THAT(store_.Put(of(fresh), options), IsOk());
      const absl::Time known_at = store_.Head(key)->known_at;
      if (revisions.empty() || revisions.back().first < known_at) revisions.emplace_back(known_at, model);
      ASSERT_EQ(revisions.back().second, model) << "an unchanged write made no version";
    }
    if (random() % 4 == 0) {
      ASSERT_THAT(compactor.Run(1000), IsOk());
    }
    for (int query = 0; query < kQueries; ++query) {
      const absl::Duration span = revisions.back().first - revisions.front().first + absl::Microseconds(4);
      const absl::Time as_of =
          revisions.front().first - absl::Microseconds(2) +
          absl::Microseconds(static_cast<int64_t>(random() % static_cast<uint64_t>(absl::ToInt64Microseconds(span))));
      const auto begin = static_cast<int64_t>(random() % 40);
      const TimeRange range{begin, begin + static_cast<int64_t>(random() % 40)};
      const auto got = store_.Read(key, range, as_of);
      const auto after = std::upper_bound(revisions.begin(), revisions.end(), as_of,
                                          [](absl::Time time, const auto& revision) { return time < revision.first; });
      if (after == revisions.begin()) {
        ASSERT_THAT(got, StatusIs(absl::StatusCode::kNotFound)) << "history " << history;
        continue;
      }
      ASSERT_THAT(got, IsOk());
      Model want;
      for (const auto& [time, value] : std::prev(after)->second) {
        if (range.Contains(time)) want[time] = value;
      }
      Model rows;
      for (size_t row = 0; row < got->size(); ++row) rows[got->times[row]] = got->Doubles("close")[row];
      mismatches += rows != want;
    }
  }
  EXPECT_EQ(mismatches, 0);
}

}  // namespace
}  // namespace breadthflow::columnar
