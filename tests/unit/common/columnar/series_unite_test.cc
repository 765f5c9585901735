#include "common/columnar/series_unite.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

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

// Parts in memory, cut every `rows` rows but never within an instant.
struct Stored {
  std::vector<StoredPart> parts;
  std::map<int64_t, Series> rows;
  int loaded = 0;

  Stored(const Series& all, size_t size) {
    for (size_t begin = 0; begin < all.size();) {
      size_t end = std::min(begin + size, all.size());
      while (end < all.size() && all.times[end] == all.times[end - 1]) ++end;
      const auto id = static_cast<int64_t>(parts.size() + 1);
      parts.push_back(
          {id, static_cast<int64_t>(end - begin), all.times[begin], all.times[end - 1], RowsDigest(all, begin, end)});
      rows[id] = all.Rows(begin, end);
      begin = end;
    }
  }

  absl::StatusOr<std::optional<Series>> Unite(const Series& fresh, const std::vector<std::string>& identity) {
    return UniteSeries(parts, fresh, identity, [&](const StoredPart& part) -> absl::StatusOr<Series> {
      ++loaded;
      return rows.at(part.id);
    });
  }
};

// Rows of (time, id, a, b); a negative b is missing.
using Row = std::tuple<int64_t, int64_t, int64_t, int64_t>;

Series Of(const std::vector<Row>& rows, bool repeats = true) {
  Series series{.repeats = repeats};
  std::vector<int64_t> ids;
  std::vector<int64_t> as;
  quant::Column b{"b", std::vector<int64_t>(), {}};
  for (const auto& [time, id, a, value] : rows) {
    series.times.push_back(time);
    ids.push_back(id);
    as.push_back(a);
    std::get<std::vector<int64_t>>(b.values).push_back(std::max<int64_t>(value, 0));
    b.valid.push_back(value >= 0);
  }
  series.columns = {{"id", std::move(ids), {}}, {"a", std::move(as), {}}, std::move(b)};
  return series;
}

std::vector<Row> RowsOf(const Series& series) {
  const auto& ids = std::get<std::vector<int64_t>>(series.Find("id")->values);
  const auto& as = std::get<std::vector<int64_t>>(series.Find("a")->values);
  const quant::Column& b = *series.Find("b");
  std::vector<Row> rows;
  for (size_t i = 0; i < series.size(); ++i) {
    rows.emplace_back(series.times[i], ids[i], as[i], b.present(i) ? std::get<std::vector<int64_t>>(b.values)[i] : -1);
  }
  return rows;
}

TEST(SeriesUnite, ARowThatAgreesInTheIdentityIsCorrectedAndKeepsWhatTheNewOneLacks) {
  Stored stored(Of({{1, 7, 10, 100}, {1, 8, 20, 200}, {2, 7, 30, 300}}), 100);
  const auto united = stored.Unite(Of({{1, 9, 60, -1}, {1, 8, 50, -1}}), {"id"});
  ASSERT_THAT(united, IsOk());
  ASSERT_TRUE(united->has_value());
  EXPECT_EQ(RowsOf(**united), (std::vector<Row>{{1, 7, 10, 100}, {1, 8, 50, 200}, {1, 9, 60, -1}}));
}

TEST(SeriesUnite, WithoutIdentityOnlyEqualRowsAreTheSameAndEachIsCountedOnce) {
  Stored stored(Of({{1, 7, 10, -1}, {1, 7, 10, -1}, {1, 8, 20, 200}}), 100);
  const auto united = stored.Unite(Of({{1, 7, 10, -1}, {1, 8, 20, 201}}), {});
  ASSERT_TRUE(united->has_value());
  EXPECT_EQ(RowsOf(**united), (std::vector<Row>{{1, 7, 10, -1}, {1, 7, 10, -1}, {1, 8, 20, 200}, {1, 8, 20, 201}}));
}

TEST(SeriesUnite, RowsThatAreThereAlreadyAreNotRead) {
  const Series all = Of({{1, 7, 10, 100}, {1, 8, 20, 200}, {2, 7, 30, 300}});
  Stored stored(all, 100);
  EXPECT_FALSE(stored.Unite(all, {"id"})->has_value());
  EXPECT_FALSE(stored.Unite(Of({{3, 7, 1, 1}}), {"id"})->has_value());
  EXPECT_EQ(stored.loaded, 0);
}

TEST(SeriesUnite, ANewRowThatHasEverythingStaysAsItIs) {
  Stored stored(Of({{1, 7, 10, 100}, {2, 7, 30, 300}}, false), 100);
  EXPECT_FALSE(stored.Unite(Of({{1, 7, 11, 101}}, false), {})->has_value());
}

TEST(SeriesUnite, OneRowAnInstantKeepsColumnsThatTheNewRowsDoNotHave) {
  Stored stored(Of({{1, 7, 10, 100}, {2, 7, 30, 300}, {4, 7, 40, 400}}, false), 1);
  Series fresh = Of({{2, 7, 31, 0}, {3, 7, 1, 0}}, false);
  fresh.columns.pop_back();
  const auto united = stored.Unite(fresh, {});
  ASSERT_TRUE(united->has_value());
  EXPECT_EQ(RowsOf(**united), (std::vector<Row>{{2, 7, 31, 300}, {3, 7, 1, -1}}));
}

TEST(SeriesUnite, AColumnThatChangesItsTypeIsRefused) {
  Stored stored(Of({{1, 7, 10, 100}}), 100);
  Series fresh;
  fresh.repeats = true;
  fresh.times = {1};
  fresh.Add("a", std::vector<double>{1});
  EXPECT_THAT(stored.Unite(fresh, {}).status(), StatusIs(absl::StatusCode::kInvalidArgument, "COLUMN_TYPE_CHANGED"));
}

// Against a model that keeps a list of rows per instant.
TEST(SeriesUnite, AnyRowsInAnyPartsMakeWhatTheModelMakes) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto some = [&](int most) {
    std::vector<Row> rows;
    for (int64_t time = 0; time < 8; ++time) {
      std::vector<int64_t> ids = {0, 1, 2, 3};
      std::shuffle(ids.begin(), ids.end(), random);
      ids.resize(random() % static_cast<unsigned>(most));
      for (const int64_t id : ids) {
        rows.emplace_back(time, id, random() % 3, static_cast<int64_t>(random() % 3) - 1);
      }
    }
    return rows;
  };
  for (int round = 0; round < 500; ++round) {
    const std::vector<Row> before = some(4);
    const std::vector<Row> fresh = some(3);
    if (before.empty() || fresh.empty()) continue;
    std::map<int64_t, std::vector<Row>> model;
    for (const Row& row : before) model[std::get<0>(row)].push_back(row);
    for (const Row& row : fresh) {
      std::vector<Row>& instant = model[std::get<0>(row)];
      const auto same = std::find_if(instant.begin(), instant.end(),
                                     [&](const Row& one) { return std::get<1>(one) == std::get<1>(row); });
      if (same == instant.end()) {
        instant.push_back(row);
      } else {
        const int64_t kept = std::get<3>(*same);
        *same = row;
        if (std::get<3>(row) < 0) std::get<3>(*same) = kept;
      }
    }
    Stored stored(Of(before), 1 + random() % 6);
    const auto united = stored.Unite(Of(fresh), {"id"});
    ASSERT_THAT(united, IsOk());
    // Merged as the store does it: the instants of the new rows are replaced.
    std::vector<Row> expected;
    for (const auto& [time, rows] : model) {
      const bool touched =
          std::any_of(fresh.begin(), fresh.end(), [&](const Row& row) { return std::get<0>(row) == time; });
      if (touched) expected.insert(expected.end(), rows.begin(), rows.end());
    }
    std::vector<Row> rows = RowsOf(*united ? **united : Of(fresh));
    EXPECT_EQ(rows, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace breadthflow::columnar
