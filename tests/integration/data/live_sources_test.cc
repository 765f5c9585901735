// Live streams: rows that are wide, and the source that a stream keeps to.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/data/domain/row_pieces.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using testing::StatusIs;
using Kind = LiveEvent::Kind;

// `rows` rows at each instant, all different, with a text of so many bytes.
quant::Series Wide(const std::string& symbol, int64_t first, int instants, int rows, size_t bytes) {
  quant::Series series{.key = {"stock_price", symbol, Timeframe::kTick, kTestSource},
                       .basis = quant::PriceBasis::kRaw,
                       .repeats = rows > 1};
  std::vector<double> close;
  std::vector<std::string> texts;
  for (int i = 0; i < instants * rows; ++i) {
    series.times.push_back(first + i / rows);
    close.push_back(i);
    texts.emplace_back(bytes, static_cast<char>('a' + i % 26));
  }
  series.Add("close", std::move(close));
  series.Add("text", std::move(texts));
  return series;
}

size_t MessageBytesOf(const quant::Series& rows) {
  const RowBytes bytes(rows);
  size_t all = 0;
  for (size_t row = 0; row < rows.size(); ++row) all += bytes.Of(row);
  return all;
}

// What a stream tells until it has told so many rows, opened again behind every message; each fits.
Received ToldInPieces(const std::function<std::unique_ptr<LiveSource>(const std::string&)>& open, std::string token,
                      const std::function<LiveEvent(LiveSource&)>& next, size_t wanted, size_t& pieces) {
  Received told;
  std::unique_ptr<LiveSource> stream = open(token);
  for (pieces = 0; told.size() < wanted; ++pieces) {
    const LiveEvent event = next(*stream);
    EXPECT_EQ(event.kind, Kind::kRows);
    if (event.kind != Kind::kRows) break;
    const quant::Series& rows = event.rows->rows;
    EXPECT_LE(MessageBytesOf(rows), kMaxMessageBytes - (size_t{64} << 10));
    EXPECT_EQ(event.rows->continues, !told.empty() && told.back().first == rows.times.front());
    Append(rows, told);
    token = event.cursor.ToText();
    if (pieces % 3 != 2) stream = open(token);
  }
  return told;
}

class WideLiveTest : public LiveTest {
 protected:
  void TellsAll(const LiveSpec& spec, const quant::Series& wide, const std::string& token, size_t least) {
    Received all;
    Append(wide, all);
    size_t pieces = 0;
    const Received told = ToldInPieces([&](const std::string& resume) { return Open(spec, resume); }, token,
                                       [](LiveSource& stream) { return Next(stream); }, all.size(), pieces);
    EXPECT_EQ(told, all);
    EXPECT_GE(pieces, least);
  }
};

TEST_F(WideLiveTest, WideRowsComeInMessagesThatFitAndResumeBehindEach) {
  // 6 MB: one row at an instant; several that stay together; so many that no message can have them.
  for (const auto& [symbol, instants, rows] :
       {std::tuple{"ONE", 600, 1}, std::tuple{"SOME", 60, 10}, std::tuple{"MANY", 3, 200}}) {
    const LiveSpec spec = TicksOf({symbol});
    const std::string token = Next(*Open(spec), true).cursor.ToText();
    const quant::Series wide = Wide(symbol, 1, instants, rows, 10'000);
    Put(wide);
    TellsAll(spec, wide, token, 12);
    LiveSpec stored = spec;
    stored.start = quant::FromNanos(1);
    TellsAll(stored, wide, "", 12);
    LiveSpec replay = spec;
    replay.replay = ReplaySpec{};
    TellsAll(replay, wide, "", 12);
  }
}

TEST_F(WideLiveTest, WhatIsPublishedComesInMessagesThatFit) {
  const auto stream = Open(TicksOf({"MANY"}));
  const quant::Series wide = Wide("MANY", 1, 3, 200, 10'000);
  Put(wide);
  Received all, told;
  Append(wide, all);
  std::vector<std::string> tokens;
  std::vector<size_t> behind;
  while (told.size() < all.size()) {
    const LiveEvent event = Next(*stream);
    ASSERT_EQ(event.kind, Kind::kRows);
    EXPECT_LE(MessageBytesOf(event.rows->rows), kWholeBytes);
    Append(event.rows->rows, told);
    tokens.push_back(event.cursor.ToText());
    behind.push_back(told.size());
  }
  EXPECT_EQ(told, all);
  EXPECT_TRUE(Silent(*stream));
  for (size_t i = 0; i < tokens.size(); ++i) {
    Received rest;
    const auto resumed = Open(TicksOf({"MANY"}), tokens[i]);
    while (rest.size() < all.size() - behind[i]) {
      const LiveEvent event = Next(*resumed);
      ASSERT_EQ(event.kind, Kind::kRows);
      Append(event.rows->rows, rest);
    }
    EXPECT_EQ(rest, Received(all.begin() + static_cast<std::ptrdiff_t>(behind[i]), all.end())) << i;
    EXPECT_TRUE(Silent(*resumed));
  }
}

TEST_F(WideLiveTest, ARowThatNoMessageCanHaveIsAGap) {
  LiveSpec spec = TicksOf({"AAA"});
  const auto stream = Open(spec);
  quant::Series rows = Rows("AAA", {1, 2, 3}, {10, 11, 12});
  rows.Add("text", std::vector<std::string>{"a", std::string(size_t{3} << 20, 'b'), "c"});
  Put(rows);
  LiveSpec stored = spec;
  stored.start = quant::FromNanos(1);
  LiveSpec replay = spec;
  replay.replay = ReplaySpec{};
  const auto begins = Open(stored);
  const auto plays = Open(replay);
  for (LiveSource* one : {stream.get(), begins.get(), plays.get()}) {
    EXPECT_THAT(Next(*one).rows->rows.times, ElementsAre(1));
    const LiveEvent gap = Next(*one);
    ASSERT_EQ(gap.kind, Kind::kGap);
    EXPECT_EQ(gap.gap.range, (quant::TimeRange{2, 3}));
    EXPECT_EQ(gap.gap.expected_rows, 1);
    EXPECT_THAT(gap.gap.reason, ::testing::HasSubstr("fewer columns"));
    EXPECT_THAT(Next(*one).rows->rows.times, ElementsAre(3));
  }
}

quant::Series Other(const std::string& symbol, std::vector<int64_t> times, std::vector<double> close) {
  quant::Series rows = Rows(symbol, std::move(times), std::move(close));
  rows.key.variant = "another";
  return rows;
}

TEST_F(LiveTest, AResumedStreamKeepsToItsSourceWhenAnotherOneHasTheSymbol) {
  Put(Rows("AAA", {1}, {10}));
  const LiveSpec spec = TicksOf({"AAA", "BBB", "CCC"});
  std::unique_ptr<LiveSource> stream = Open(spec);
  const LiveEvent first = Next(*stream, true);
  ASSERT_EQ(first.choices.size(), 1u);
  EXPECT_EQ(first.choices[0].source, kTestSource);
  EXPECT_THAT(first.choices[0].symbols, ElementsAre("AAA"));
  EXPECT_FALSE(first.choices[0].reason.empty());
  Put(Rows("BBB", {1}, {20}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("BBB", {1}, {20})) << "the first that comes";
  Put(Other("AAA", {1, 2}, {70, 71}));
  Put(Other("BBB", {1, 2}, {80, 81}));
  Put(Rows("AAA", {2}, {11}));
  const LiveEvent told = Next(*stream);
  EXPECT_EQ(told.rows->rows, Rows("AAA", {2}, {11}));
  stream.reset();
  Put(Other("AAA", {3}, {72}));
  Put(Rows("AAA", {3}, {12}));
  Put(Rows("BBB", {2}, {21}));
  Put(Other("CCC", {1}, {90}));
  stream = Open(spec, told.cursor.ToText());
  EXPECT_EQ(Next(*stream).rows->rows, Rows("AAA", {3}, {12}));
  EXPECT_EQ(Next(*stream).rows->rows, Rows("BBB", {2}, {21}));
  EXPECT_EQ(Next(*stream).rows->rows, Other("CCC", {1}, {90})) << "nobody had it before";
  EXPECT_TRUE(Silent(*stream));
  EXPECT_THAT(replica_.streamer.Open(spec, ""), StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"))
      << "a new stream has to say which";
}

TEST_F(LiveTest, TokensOfSourcesThatAreNotOfTheRequestAreRefused) {
  Put(Rows("AAA", {1}, {10}));
  LiveCursor cursor = Next(*Open(TicksOf({"AAA"})), true).cursor;
  cursor.sources = SourcesToText({kTestSource, kTestSource});
  EXPECT_THAT(replica_.streamer.Open(TicksOf({"AAA"}), cursor.ToText()),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESUME_TOKEN"));
  cursor.sources = "";
  const auto stream = Open(TicksOf({"AAA"}), cursor.ToText());
  const LiveEvent again = Next(*stream, true);
  ASSERT_EQ(again.choices.size(), 1u) << "one without sources: they are chosen again, and told";
  EXPECT_THAT(again.choices[0].symbols, ElementsAre("AAA"));
}

TEST_F(LiveTest, CalendarsAreAskedForBySeriesAndNotByBatch) {
  const auto queries = [&] { return replica_.metrics.Counter("bf_live_calendar_queries_total", "").Value(); };
  const auto stream = Open(TicksOf({"AAA", "BBB"}));
  int64_t time = 0;
  const auto come = [&](const char* symbol) {
    Put(Rows(symbol, {++time}, {10}));
    EXPECT_THAT(Next(*stream).rows->rows.times, ElementsAre(time));
  };
  come("AAA");
  come("BBB");
  const double before = queries();
  EXPECT_GE(before, 1);
  for (int i = 0; i < 40; ++i) come(i % 2 == 0 ? "AAA" : "BBB");
  // The listener may have connected meanwhile, after which everything is asked for again.
  EXPECT_LE(queries(), before + 2);
  const double settled = queries();
  Name("AAA", Timeframe::kTick, "24/7");
  come("AAA");
  Name("AAA", Timeframe::kTick, "24/7");
  for (int i = 0; i < 10; ++i) come("AAA");
  EXPECT_GE(queries(), settled + 1) << "it was named";
  EXPECT_LE(queries(), settled + 4);
}

TEST_F(LiveTest, WhatIsDerivedOnReadHasNoStream) {
  LiveSpec spec = TicksOf({"AAA", "BBB"});
  spec.resource = "market_cap";
  quant::Series rows{.key = {"market_cap", "AAA", Timeframe::kTick, kTestSource}};
  rows.times = {1};
  rows.Add("market_cap", std::vector<double>{10});
  Put(rows);
  const auto refused = replica_.streamer.Open(spec, "");
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "DERIVED_RESOURCE"));
  ASSERT_EQ(base::DetailsOf(refused.status()).violations.size(), 1u);
  EXPECT_EQ(base::DetailsOf(refused.status()).violations[0].field, "symbols[1]");
  spec.symbols = {"AAA"};
  const auto stream = Open(spec);
  rows.times = {2};
  Put(rows);
  EXPECT_THAT(Next(*stream).rows->rows.times, ElementsAre(2)) << "of a vendor";
}

}  // namespace
}  // namespace breadthflow::data
