#include "common/quant/signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;

Series Good() { return SignalSeries({.symbol = "AAPL"}, {1, 2}, {1, -1}, {0.5, -1}, {"up", ""}); }

TEST(SignalColumns, ReadsWhatSignalSeriesWrote) {
  const Series series = Good();
  EXPECT_EQ(series.key.resource, "signal");
  const auto signals = SignalColumns::Of(series);
  ASSERT_TRUE(signals.ok());
  EXPECT_EQ(signals->size(), 2u);
  EXPECT_EQ((*signals)[0], (Signal{.time = 1, .direction = 1, .score = 0.5, .reason = "up"}));
}

TEST(SignalColumns, RefusesAnotherSeries) {
  const auto signals = SignalColumns::Of(breadthflow::testing::EmptyBars("AAPL"));
  EXPECT_THAT(signals, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_SIGNALS"));
  EXPECT_EQ(base::DetailsOf(signals.status()).violations.size(), 3u);
}

TEST(SignalColumns, RefusesADirectionOrScoreOutOfRange) {
  Series direction = Good();
  std::get<std::vector<int64_t>>(direction.columns[0].values)[1] = 2;
  EXPECT_THAT(base::Message(SignalColumns::Of(direction).status()), HasSubstr("was 2 at row 1"));
  Series score = Good();
  std::get<std::vector<double>>(score.columns[1].values)[0] = 1.5;
  EXPECT_THAT(base::Message(SignalColumns::Of(score).status()), HasSubstr("was 1.5 at row 0"));
  Series missing = Good();
  missing.columns[2].valid = {true, false};
  EXPECT_THAT(base::Message(SignalColumns::Of(missing).status()), HasSubstr("missing at row 1"));
}

TEST(BarColumns, NamesEveryFaultyColumn) {
  Series series{.key = {.resource = "stock_price", .symbol = "AAPL"}, .times = {1}};
  series.Add("open", std::vector<double>{1});
  series.Add("high", std::vector<int64_t>{1});
  series.Add("low", std::vector<double>{1});
  series.columns.back().valid = {false};
  series.Add("close", std::vector<double>{1});
  const auto bars = BarColumns::Of(series);
  EXPECT_THAT(bars, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(bars.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("high", "low", "volume"));
}

}  // namespace
}  // namespace breadthflow::quant
