#include "services/data/sources/simulated/market.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;

constexpr uint64_t kSectors = 8;
constexpr double kMarketVariance = 0.0088 * 0.0088;
constexpr double kSectorVariance = 0.005 * 0.005;
constexpr double kMarketDrift = 0.0005;
constexpr double kOwnDrift = 0.0001;
constexpr double kTrendPull = 0.12;
constexpr double kReversionPull = 0.01;
constexpr double kLargestMove = 0.3;
constexpr double kMissing = 0.0005;
constexpr double kSplitChance = 0.02;
constexpr int64_t kQuarter = 63;  // sessions

// A return whose variance clusters: GARCH(1,1) around `variance`.
class Factor {
 public:
  explicit Factor(double variance) : long_run_(variance), variance_(variance) {}
  double Next(double normal) {
    deviation_ = std::sqrt(variance_);
    const double shock = deviation_ * normal;
    variance_ = 0.02 * long_run_ + 0.08 * shock * shock + 0.90 * variance_;
    return shock;
  }
  double deviation() const { return deviation_; }  // of the last return

 private:
  double long_run_;
  double variance_;
  double deviation_ = 0;
};

// What a symbol is like for ever.
struct Traits {
  Traits(uint64_t seed, const std::string& symbol) {
    const CounterRandom random(seed, "traits/" + symbol);
    sector = CounterRandom(0, "sector/" + symbol).Below(kSectors, 0);
    beta = 0.6 + 0.8 * random.Uniform(0, 1);
    const double own = 0.008 + 0.010 * random.Uniform(0, 2);
    own_variance = own * own;
    first_price = 15 + 105 * random.Uniform(0, 3);
    const double payer = random.Uniform(0, 4);
    yield = payer < 0.4 ? 0 : 0.005 + 0.035 * random.Uniform(0, 5);
    const double size = random.Uniform(0, 6);
    shares = 2e5 * (1 + 200 * size * size * size);
    dividend_phase = static_cast<int64_t>(random.Below(kQuarter, 0, 7));
  }
  uint64_t sector = 0;
  double beta = 1, own_variance = 0, first_price = 0, yield = 0, shares = 0;
  int64_t dividend_phase = 0;
};

// Ratio of a split that brings a price back into range; 1 when there is none.
double SplitRatio(double price, double chance, double choice) {
  if (chance >= kSplitChance) return 1;
  if (price > 300) return choice < 0.6 ? 2 : choice < 0.8 ? 3 : 4;
  if (price < 2) return 0.1;
  return 1;
}

class Stock {
 public:
  Stock(uint64_t seed, const std::string& symbol)
      : traits_(seed, symbol),
        market_random_(seed, "market"),
        sector_random_(seed, fmt::format("sector/{}", traits_.sector)),
        own_random_(seed, "stock/" + symbol),
        market_(kMarketVariance),
        sector_(kSectorVariance),
        own_(traits_.own_variance),
        close_(Cents(traits_.first_price)),
        slow_(close_) {}

  SimulatedBar Next(const quant::Session& session, int64_t index) {
    const int64_t day = session.day - absl::CivilDay(1970, 1, 1);
    SimulatedBar bar{.session = &session};
    bar.split_ratio = SplitRatio(close_, own_random_.Uniform(day, 1), own_random_.Uniform(day, 2));
    double before = close_ / bar.split_ratio;
    slow_ /= bar.split_ratio;
    if (traits_.yield > 0 && (index + traits_.dividend_phase) % kQuarter == 0) {
      bar.dividend = Cents(before * traits_.yield / 4);
      bar.later_dividends = 1 - bar.dividend / before;  // its own share; products are formed at the end
      before -= bar.dividend;
    }
    const double move = Return(day);
    const double gap = 0.35 * move + 0.25 * deviation_ * own_random_.Normal(day, 4);
    const double open = before * (1 + std::clamp(gap, -kLargestMove, kLargestMove));
    const double close = before * (1 + move);
    const double up = 0.45 * deviation_ * std::fabs(own_random_.Normal(day, 5));
    const double down = 0.45 * deviation_ * std::fabs(own_random_.Normal(day, 6));
    bar.open = Cents(open);
    bar.close = Cents(close);
    bar.high = Cents(std::max(open, close) * (1 + up));
    bar.low = Cents(std::min(open, close) * (1 - std::min(down, 0.5)));
    const double activity = 1 + 1.5 * std::fabs(move) / deviation_;
    const double noise = std::max(0.2, 1 + 0.3 * own_random_.Normal(day, 7));
    shares_ *= bar.split_ratio;
    bar.volume = std::floor(traits_.shares * shares_ * activity * noise / 100 + 1) * 100;
    close_ = bar.close;
    slow_ += 0.01 * (close_ - slow_);
    return bar;
  }

  bool Missing(const quant::Session& session) const {
    return own_random_.Uniform(session.day - absl::CivilDay(1970, 1, 1), 8) < kMissing;
  }

 private:
  double Return(int64_t day) {
    const double market = kMarketDrift + market_.Next(market_random_.Normal(day));
    const double sector = sector_.Next(sector_random_.Normal(day));
    const double own = kOwnDrift + own_.Next(own_random_.Normal(day, 3));
    const double m = traits_.beta * market_.deviation();
    deviation_ = std::sqrt(m * m + sector_.deviation() * sector_.deviation() + own_.deviation() * own_.deviation());
    const double trend = kTrendPull * deviation_ * std::clamp(recent_ * 4, -1.0, 1.0);
    const double reversion = kReversionPull * std::clamp(slow_ / close_ - 1, -0.3, 0.3);
    const double move =
        std::clamp(traits_.beta * market + sector + own + trend + reversion, -kLargestMove, kLargestMove);
    recent_ += 0.1 * (move / deviation_ - recent_);
    return move;
  }

  const Traits traits_;
  const CounterRandom market_random_;
  const CounterRandom sector_random_;
  const CounterRandom own_random_;
  Factor market_;
  Factor sector_;
  Factor own_;
  double close_;
  double slow_;        // slow trend of the price
  double recent_ = 0;  // mean of the recent returns, in standard deviations
  double deviation_ = 0;
  double shares_ = 1;  // volume grows with the number of shares
};

}  // namespace

double Cents(double value) { return std::max(0.01, std::floor(value * 100 + 0.5) / 100); }
double Micros(double value) { return std::floor(value * 1e6 + 0.5) / 1e6; }

std::vector<SimulatedBar> SimulateStock(uint64_t seed, const std::string& symbol, const quant::Calendar& calendar) {
  Stock stock(seed, symbol);
  std::vector<SimulatedBar> bars;
  bars.reserve(calendar.sessions().size());
  int64_t index = 0;
  for (const quant::Session& session : calendar.sessions()) {
    SimulatedBar bar = stock.Next(session, index++);
    const bool event = bar.split_ratio != 1 || bar.dividend != 0;
    if (event || index == 1 || !stock.Missing(session)) bars.push_back(bar);
  }
  double splits = 1;
  double dividends = 1;
  for (size_t i = bars.size(); i-- > 0;) {
    const double own = bars[i].later_dividends;
    bars[i].later_splits = splits;
    bars[i].later_dividends = dividends;
    splits *= bars[i].split_ratio;
    dividends *= own;
  }
  return bars;
}

}  // namespace breadthflow::data
