#include "services/data/domain/row_pieces.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

// One row of each length, at these instants.
quant::Series Texts(std::vector<int64_t> times, const std::vector<size_t>& lengths) {
  quant::Series series{.key = {"news_sentiment", "AAA", quant::Timeframe::kTick, "test"}, .repeats = true};
  series.times = std::move(times);
  std::vector<std::string> texts;
  for (const size_t length : lengths) texts.emplace_back(length, 'x');
  series.Add("headline", std::move(texts));
  return series;
}

constexpr size_t kKilo = 1024;

TEST(RowPieces, RowsOfOneInstantStayTogetherWhereAMessageCanHaveThem) {
  const quant::Series rows = Texts({1, 1, 1, 2, 2}, {300 * kKilo, 300 * kKilo, 200 * kKilo, 10, 10});
  const CutPiece first = CutAt(rows, 0, rows.size());
  EXPECT_EQ(first.end, 3u);
  EXPECT_FALSE(first.within);
  EXPECT_FALSE(first.continues);
  EXPECT_EQ(CutAt(rows, 3, rows.size()).end, 5u);
}

TEST(RowPieces, AnInstantThatFitsNoMessageIsCut) {
  std::vector<int64_t> times(21, 5);
  times.front() = 4;
  times.back() = 6;
  const quant::Series rows = Texts(times, std::vector<size_t>(21, 100 * kKilo));
  EXPECT_EQ(CutAt(rows, 0, rows.size()).end, 1u) << "what comes before it is whole";
  size_t pieces = 0;
  for (size_t begin = 1; begin < 20; ++pieces) {
    const CutPiece cut = CutAt(rows, begin, rows.size());
    ASSERT_GT(cut.end, begin);
    ASSERT_LE(cut.end - begin, 2u) << "about 256 KiB";
    EXPECT_EQ(cut.continues, begin > 1);
    EXPECT_EQ(cut.within, cut.end < 20);
    EXPECT_EQ(cut.too_large_bytes, 0u);
    begin = cut.end;
  }
  EXPECT_EQ(pieces, 10u);
  const CutPiece last = CutAt(rows, 20, rows.size());
  EXPECT_EQ(last.end, 21u);
  EXPECT_FALSE(last.continues);
}

TEST(RowPieces, ARowThatFitsNoMessageIsAlone) {
  const quant::Series rows = Texts({1, 2, 3}, {10, 2048 * kKilo, 10});
  EXPECT_EQ(CutAt(rows, 0, 3).end, 1u);
  const CutPiece large = CutAt(rows, 1, 3);
  EXPECT_EQ(large.end, 2u);
  EXPECT_GT(large.too_large_bytes, 2048 * kKilo);
  EXPECT_FALSE(large.within);
  EXPECT_EQ(CutAt(rows, 2, 3).end, 3u);
}

TEST(RowPieces, ManyColumnsOfNumbersCountToo) {
  quant::Series rows{.key = {"stock_price", "AAA", quant::Timeframe::kTick, "test"}};
  constexpr size_t kRows = 8192;
  for (size_t i = 0; i < kRows; ++i) rows.times.push_back(static_cast<int64_t>(i));
  for (int i = 0; i < 200; ++i) rows.Add("c" + std::to_string(i), std::vector<double>(kRows, 1));
  size_t pieces = 0;
  for (size_t begin = 0; begin < kRows; ++pieces) {
    const size_t end = CutAt(rows, begin, kRows).end;
    ASSERT_GT(end, begin);
    EXPECT_LE((end - begin) * 201 * 8, kWholeBytes);
    begin = end;
  }
  EXPECT_GT(pieces, 20u);
}

}  // namespace
}  // namespace breadthflow::data
