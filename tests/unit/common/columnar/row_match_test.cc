#include "common/columnar/row_match.h"

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;

// Few values and columns, so that equal pairs are frequent.
Series Draw(std::mt19937_64& random) {
  Series series;
  const size_t rows = 1 + random() % 3;
  for (size_t row = 0; row < rows; ++row) series.times.push_back(static_cast<int64_t>(row));
  for (const char* name : {"a", "b"}) {
    if (random() % 4 == 0) continue;
    std::vector<double> values;
    for (size_t row = 0; row < rows; ++row) values.push_back(random() % 2 == 0 ? 0.0 : -0.0);
    series.Add(name, std::move(values));
    if (random() % 2 == 0) continue;
    for (size_t row = 0; row < rows; ++row) series.columns.back().valid.push_back(random() % 2 == 0);
  }
  if (random() % 3 == 0) {
    series.Add("text", std::vector<std::string>(rows, random() % 2 == 0 ? "x" : "y"));
  }
  if (series.columns.size() > 1 && random() % 2 == 0) std::swap(series.columns[0], series.columns[1]);
  return series;
}

TEST(RowsDigest, IsEqualExactlyWhenTheRowsAre) {
  std::mt19937_64 random(1);
  int equal = 0;
  for (int i = 0; i < 20000; ++i) {
    const Series a = Draw(random);
    const Series b = Draw(random);
    if (a.times != b.times) continue;
    BF_ASSERT_OK_AND_ASSIGN(const std::vector<ColumnPair> pairs, PairColumns(a, b));
    const bool same = SameRows(pairs, a.size(), 0);
    equal += same;
    ASSERT_EQ(RowsDigest(a, 0, a.size()) == RowsDigest(b, 0, b.size()), same);
  }
  EXPECT_GT(equal, 100);
}

TEST(RowsDigest, IsOfTheRowsNamedOnly) {
  Series series;
  series.times = {1, 2, 3, 4};
  series.Add("value", std::vector<double>{1, 2, 3, 4});
  series.columns[0].valid = {false, true, true, true};
  const Series part = series.Rows(1, 3);
  EXPECT_EQ(RowsDigest(series, 1, 3), RowsDigest(part, 0, 2));
  EXPECT_NE(RowsDigest(series, 1, 3), RowsDigest(series, 1, 4));
  Series later = part;
  later.times = {2, 4};
  EXPECT_NE(RowsDigest(later, 0, 2), RowsDigest(part, 0, 2));
}

}  // namespace
}  // namespace breadthflow::columnar
