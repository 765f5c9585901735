#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/strategies/strategy.h"

namespace breadthflow::quant {
namespace {

// What one rule says: +1, -1, 0 (nothing), or no value: the rule is not ready and does not vote.
using Vote = std::optional<int>;

struct Settings {
  int64_t rsi_period = 0;
  double rsi_oversold = 0, rsi_overbought = 0;
  int64_t band_period = 0;
  double band_deviations = 0;
  int64_t fast_period = 0, slow_period = 0;
  double reversion_weight = 0, trend_weight = 0;
  double threshold = 0;
};

// Positions in the frame; the order of StrategyNeeds::indicators.
constexpr size_t kRsi = kFrameFirstNeed, kUpper = kRsi + 1, kLower = kRsi + 3, kFast = kRsi + 4, kSlow = kRsi + 5;

int Sign(double x) { return (x > 0) - (x < 0); }

class TechnicalAnalysisStrategy final : public Strategy {
 public:
  explicit TechnicalAnalysisStrategy(const Settings& settings) : settings_(settings) {
    needs_.indicators = {
        {"rsi", {{"period", settings.rsi_period}}},
        {"bollinger", {{"period", settings.band_period}, {"deviations", settings.band_deviations}}},
        {"sma", {{"period", settings.fast_period}}},
        {"sma", {{"period", settings.slow_period}}},
    };
    for (int rsi = -1; rsi <= 1; ++rsi)
      for (int band = -1; band <= 1; ++band)
        for (int cross = -1; cross <= 1; ++cross) reasons_[Index(rsi, band, cross)] = Reason(rsi, band, cross);
  }

  const StrategyNeeds& Needs() const override { return needs_; }

  // The averages need one bar more than their window: a crossing is a change.
  size_t WarmUp() const override {
    return static_cast<size_t>(std::max({settings_.rsi_period, settings_.band_period - 1, settings_.slow_period}));
  }

  std::optional<Decision> Decide(const SeriesView& frame) const override {
    const Vote rsi = RsiVote(frame);
    const Vote band = BandVote(frame);
    const Vote cross = CrossVote(frame);
    double score = 0, weight = 0;
    const int reversion_votes = int{rsi.has_value()} + int{band.has_value()};
    if (reversion_votes > 0) {
      score += settings_.reversion_weight * (rsi.value_or(0) + band.value_or(0)) / reversion_votes;
      weight += settings_.reversion_weight;
    }
    if (cross) {
      score += settings_.trend_weight * *cross;
      weight += settings_.trend_weight;
    }
    if (weight == 0) return std::nullopt;
    score = std::clamp(score / weight, -1.0, 1.0);
    return Decision{.direction = std::abs(score) >= settings_.threshold ? Sign(score) : 0,
                    .score = score,
                    .reason = reasons_[Index(rsi.value_or(0), band.value_or(0), cross.value_or(0))]};
  }

 private:
  static size_t Index(int rsi, int band, int cross) {
    return static_cast<size_t>((rsi + 1) * 9 + (band + 1) * 3 + cross + 1);
  }

  static std::string Reason(int rsi, int band, int cross) {
    std::string reason;
    const auto add = [&](int vote, const char* up, const char* down) {
      if (vote == 0) return;
      if (!reason.empty()) reason += ", ";
      reason += vote > 0 ? up : down;
    };
    add(rsi, "RSI oversold", "RSI overbought");
    add(band, "close below lower band", "close above upper band");
    add(cross, "fast average crossed above slow", "fast average crossed below slow");
    return reason;
  }

  Vote RsiVote(const SeriesView& frame) const {
    const double rsi = frame.Doubles(kRsi).back();
    if (std::isnan(rsi)) return std::nullopt;
    return int{rsi < settings_.rsi_oversold} - int{rsi > settings_.rsi_overbought};
  }

  Vote BandVote(const SeriesView& frame) const {
    const double upper = frame.Doubles(kUpper).back();
    const double lower = frame.Doubles(kLower).back();
    if (std::isnan(upper) || std::isnan(lower)) return std::nullopt;
    const double close = frame.Doubles(kFrameClose).back();
    return int{close < lower} - int{close > upper};
  }

  // A crossing is a change of the sign of fast - slow. Bars where both are equal have no sign: the one before them
  // counts, as far back as the slow window. Without an earlier sign the rule is not ready.
  Vote CrossVote(const SeriesView& frame) const {
    const std::span<const double> fast = frame.Doubles(kFast), slow = frame.Doubles(kSlow);
    const size_t last = frame.size() - 1;
    const double now = fast[last] - slow[last];
    if (std::isnan(now)) return std::nullopt;
    const size_t oldest = last - std::min(last, static_cast<size_t>(settings_.slow_period));
    for (size_t row = last; row-- > oldest;) {
      const double before = fast[row] - slow[row];
      if (std::isnan(before)) break;
      if (before == 0) continue;
      return Sign(now) == -Sign(before) ? Sign(now) : 0;
    }
    return std::nullopt;
  }

  const Settings settings_;
  StrategyNeeds needs_;
  std::array<std::string, 27> reasons_;
};

absl::StatusOr<std::unique_ptr<Strategy>> Make(const component::Params& params) {
  const Settings settings{.rsi_period = params.Int("rsi_period"),
                          .rsi_oversold = params.Double("rsi_oversold"),
                          .rsi_overbought = params.Double("rsi_overbought"),
                          .band_period = params.Int("band_period"),
                          .band_deviations = params.Double("band_deviations"),
                          .fast_period = params.Int("fast_period"),
                          .slow_period = params.Int("slow_period"),
                          .reversion_weight = params.Double("reversion_weight"),
                          .trend_weight = params.Double("trend_weight"),
                          .threshold = params.Double("threshold")};
  base::Violations violations;
  if (settings.rsi_oversold >= settings.rsi_overbought) {
    violations.Add("rsi_oversold", fmt::format("must be less than rsi_overbought ({}), was {}", settings.rsi_overbought,
                                               settings.rsi_oversold));
  }
  if (settings.fast_period >= settings.slow_period) {
    violations.Add("fast_period", fmt::format("must be less than slow_period ({}), was {}", settings.slow_period,
                                              settings.fast_period));
  }
  if (settings.reversion_weight == 0 && settings.trend_weight == 0)
    violations.Add("trend_weight", "must not be 0 together with reversion_weight");
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid parameters", "INVALID_PARAMS"));
  return std::make_unique<TechnicalAnalysisStrategy>(settings);
}

}  // namespace

// Votes of three classical rules in two groups that want opposite things, combined in the open:
//   reversion  mean of two votes: RSI below `rsi_oversold` +1, above `rsi_overbought` -1; close below the lower
//              Bollinger band +1, above the upper one -1
//   trend      +1 on the bar where the fast average crosses above the slow one, -1 where it crosses below
// score = (reversion_weight * reversion + trend_weight * trend) / sum of the weights of the groups that are ready; the
// direction is its sign where |score| >= threshold. With the defaults a crossing alone acts, and so do both reversion
// votes together; a rise that crosses the averages while it is overbought cancels out.
StrategyEntry TechnicalAnalysis() {
  using component::DoubleParam;
  using component::IntParam;
  return {.info = {.kind = "strategy",
                   .name = "technical_analysis",
                   .description = "Mean-reversion votes (RSI, Bollinger bands) against a trend vote (moving averages)"},
          .params = {IntParam("rsi_period", 14, 2, 500, "bars", "Period of the RSI"),
                     DoubleParam("rsi_oversold", 30, 0, 100, "", "Votes to buy below this RSI"),
                     DoubleParam("rsi_overbought", 70, 0, 100, "", "Votes to sell above this RSI"),
                     IntParam("band_period", 20, 2, 5000, "bars", "Window of the Bollinger bands"),
                     DoubleParam("band_deviations", 2, 0.1, 10, "standard deviations", "Half width of the bands"),
                     IntParam("fast_period", 20, 1, 4999, "bars", "Window of the fast average; below slow_period"),
                     IntParam("slow_period", 50, 2, 5000, "bars", "Window of the slow average"),
                     DoubleParam("reversion_weight", 1, 0, 100, "", "Weight of the mean-reversion group"),
                     DoubleParam("trend_weight", 1, 0, 100, "", "Weight of the trend group"),
                     DoubleParam("threshold", 0.5, 0.01, 1, "", "Smallest |score| that gives a direction")},
          .make = Make};
}

}  // namespace breadthflow::quant
