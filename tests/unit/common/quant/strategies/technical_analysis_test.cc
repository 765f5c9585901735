#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/strategies/catalog.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

// The frame that the runner would build, with the indicators as one likes: prices at 100, RSI 50, bands 90 .. 110, and
// per row the averages given.
struct Frame {
  explicit Frame(std::vector<double> fast_less_slow) {
    const size_t rows = fast_less_slow.size();
    for (size_t row = 0; row < rows; ++row) series.times.push_back(static_cast<int64_t>(row) + 1);
    for (const char* name : {"open", "high", "low", "close"}) series.Add(name, std::vector<double>(rows, 100));
    series.Add("volume", std::vector<double>(rows, 1000));
    series.Add("rsi", std::vector<double>(rows, 50));
    series.Add("upper", std::vector<double>(rows, 110));
    series.Add("middle", std::vector<double>(rows, 100));
    series.Add("lower", std::vector<double>(rows, 90));
    for (double& value : fast_less_slow) value += 100;
    series.Add("fast", std::move(fast_less_slow));
    series.Add("slow", std::vector<double>(rows, 100));
  }
  void SetLast(const char* column, double value) {
    for (Column& c : series.columns)
      if (c.name == column) std::get<std::vector<double>>(c.values).back() = value;
  }
  Series series;
};

class TechnicalAnalysis : public ::testing::Test {
 protected:
  static std::optional<Decision> Decide(const Frame& frame, const component::RawParams& params = {}) {
    const auto strategy = MakeStrategy({"technical_analysis", params});
    EXPECT_TRUE(strategy.ok()) << strategy.status();
    return (*strategy)->Decide(SeriesView(frame.series, frame.series.size()));
  }
};

TEST_F(TechnicalAnalysis, ACrossingIsAChangeOfSignNotALevel) {
  EXPECT_EQ(Decide(Frame({-1, -1, 1}))->direction, 1);
  EXPECT_EQ(Decide(Frame({1, 1, -1}))->direction, -1);
  const auto above = Decide(Frame({1, 1, 1}));
  EXPECT_EQ(above->direction, 0);
  EXPECT_EQ(above->score, 0);
  EXPECT_EQ(above->reason, "");
}

TEST_F(TechnicalAnalysis, BarsWithoutASignAreLookedThrough) {
  EXPECT_EQ(Decide(Frame({-1, 0, 0, 1}))->direction, 1);
  EXPECT_EQ(Decide(Frame({1, 0, 0, 1}))->direction, 0) << "touched and went on: no crossing";
  EXPECT_EQ(Decide(Frame({-1, 1, 0}))->direction, 0) << "equal now: not crossed yet";
}

TEST_F(TechnicalAnalysis, ARuleThatIsNotReadyDoesNotVote) {
  // Averages unknown before this bar: no crossing can be seen, and the group's weight drops out.
  Frame frame({kNotKnown, kNotKnown, 1});
  frame.SetLast("rsi", 20);
  const auto decision = Decide(frame);
  EXPECT_DOUBLE_EQ(decision->score, 0.5);
  EXPECT_EQ(decision->reason, "RSI oversold");
  frame.SetLast("rsi", kNotKnown);
  frame.SetLast("upper", kNotKnown);
  EXPECT_EQ(Decide(frame), std::nullopt) << "nobody votes: that is not an opinion of 0";
}

TEST_F(TechnicalAnalysis, ARisingAverageThatIsUnknownIsNoSellVote) {
  Frame frame({kNotKnown, kNotKnown, kNotKnown});
  frame.SetLast("rsi", 100);
  const auto decision = Decide(frame);
  EXPECT_DOUBLE_EQ(decision->score, -0.5);
  EXPECT_EQ(decision->reason, "RSI overbought");
}

TEST_F(TechnicalAnalysis, ReversionAndTrendAreCombinedByWeight) {
  Frame frame({-1, -1, 1});  // crossed up ...
  frame.SetLast("rsi", 80);  // ... while overbought
  frame.SetLast("close", 111);
  const auto both = Decide(frame);
  EXPECT_EQ(both->score, 0);
  EXPECT_EQ(both->direction, 0);
  EXPECT_EQ(both->reason, "RSI overbought, close above upper band, fast average crossed above slow");
  EXPECT_EQ(Decide(frame, {{"trend_weight", 3.0}})->direction, 1);
  EXPECT_DOUBLE_EQ(Decide(frame, {{"trend_weight", 3.0}})->score, 0.5);
  EXPECT_EQ(Decide(frame, {{"trend_weight", 0.0}})->direction, -1);
  EXPECT_DOUBLE_EQ(Decide(frame, {{"trend_weight", 0.0}})->score, -1);
}

TEST_F(TechnicalAnalysis, AWeakOpinionHasAScoreButNoDirection) {
  Frame frame({1, 1, 1});
  frame.SetLast("close", 89);
  const auto decision = Decide(frame);
  EXPECT_DOUBLE_EQ(decision->score, 0.25);
  EXPECT_EQ(decision->direction, 0);
  EXPECT_EQ(Decide(frame, {{"threshold", 0.25}})->direction, 1);
}

TEST_F(TechnicalAnalysis, LimitsThemselvesAreNotCrossed) {
  Frame frame({1, 1, 1});
  frame.SetLast("rsi", 30);
  frame.SetLast("close", 90);
  EXPECT_EQ(Decide(frame)->score, 0);
}

TEST_F(TechnicalAnalysis, RefusesParametersThatContradictEachOther) {
  const auto made = MakeStrategy(
      {"technical_analysis",
       {{"rsi_oversold", 70.0}, {"fast_period", int64_t{50}}, {"reversion_weight", 0.0}, {"trend_weight", 0.0}}});
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PARAMS"));
  EXPECT_EQ(base::DetailsOf(made.status()).violations.size(), 3u);
}

TEST(MakeStrategy, NamesTheStrategiesThatExist) {
  const auto made = MakeStrategy({"no_such_strategy", {}});
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_COMPONENT"));
  EXPECT_THAT(base::Message(made.status()), HasSubstr("technical_analysis"));
}

class MlModel : public ::testing::Test {
 protected:
  static std::optional<Decision> Decide(double probability, bool present = true) {
    Frame frame({0});
    frame.series.columns.resize(kFrameFirstNeed);
    frame.series.Add("probability", std::vector<double>{probability});
    frame.series.columns.back().valid = {present};
    const auto strategy = MakeStrategy({"ml_model", {}});
    return (*strategy)->Decide(SeriesView(frame.series, 1));
  }
};

TEST_F(MlModel, ActsBeyondItsThresholdsOnly) {
  EXPECT_EQ(Decide(0.56)->direction, 1);
  EXPECT_EQ(Decide(0.55)->direction, 0);
  EXPECT_EQ(Decide(0.45)->direction, 0);
  EXPECT_EQ(Decide(0.44)->direction, -1);
  EXPECT_DOUBLE_EQ(Decide(0.75)->score, 0.5);
  EXPECT_EQ(Decide(0.75)->reason, "p(up) 0.7500");
}

TEST_F(MlModel, IsSilentWithoutAPrediction) {
  EXPECT_EQ(Decide(0.9, false), std::nullopt);
  EXPECT_EQ(Decide(kNotKnown), std::nullopt);
  EXPECT_EQ(Decide(1.5), std::nullopt);
}

}  // namespace
}  // namespace breadthflow::quant
