#include "services/data/sources/simulated/options.h"

#include <algorithm>
#include <cmath>

#include "common/quant/stats/elementary.h"
#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;
using quant::stats::Exp;
using quant::stats::Log;
using quant::stats::NormalCdf;

constexpr double kRate = 0.03;
constexpr int kExpirations = 4;
constexpr int kStrikesToASide = 5;
constexpr double kYearNs = 365.0 * 86'400e9;
constexpr double kInverseRootTwoPi = 0.3989422804014327;

// The third Friday of the month, or the last session before it.
absl::CivilDay Expiration(absl::CivilMonth month, const quant::Calendar& calendar) {
  absl::CivilDay day = absl::NextWeekday(absl::CivilDay(month) - 1, absl::Weekday::friday) + 14;
  while (calendar.Covers(day) && !calendar.IsSession(day)) --day;
  return day;
}

double StrikeStep(double price) { return price < 25 ? 1 : price < 100 ? 2.5 : price < 250 ? 5 : 10; }

struct Theory {
  double price, delta, gamma, theta, vega, rho;
};

// s and k: prices; t: years; v: volatility per year.
Theory BlackScholes(bool call, double s, double k, double t, double v) {
  const double root = std::sqrt(t);
  const double d1 = (Log(s / k) + (kRate + v * v / 2) * t) / (v * root);
  const double d2 = d1 - v * root;
  const double sign = call ? 1 : -1;
  const double discounted = k * Exp(-kRate * t);
  const double density = kInverseRootTwoPi * Exp(-d1 * d1 / 2);
  Theory theory{};
  theory.price = sign * (s * NormalCdf(sign * d1) - discounted * NormalCdf(sign * d2));
  theory.delta = sign * NormalCdf(sign * d1);
  theory.gamma = density / (s * v * root);
  theory.theta = (-s * density * v / (2 * root) - sign * kRate * discounted * NormalCdf(sign * d2)) / 365;
  theory.vega = s * density * root / 100;
  theory.rho = sign * discounted * t * NormalCdf(sign * d2) / 100;
  return theory;
}

}  // namespace

std::vector<SimulatedOption> SimulateChain(uint64_t seed, const SimulatedStock& stock, size_t index,
                                           const quant::Calendar& calendar) {
  const SimulatedBar& bar = stock.bars[index];
  const CounterRandom random(seed, "options/" + stock.security);
  const double base = std::clamp(RecentDeviation(stock.bars, index) * std::sqrt(252.0), 0.08, 1.5);
  const double step = StrikeStep(bar.close);
  const double middle = std::floor(bar.close / step + 0.5) * step;
  std::vector<SimulatedOption> chain;
  absl::CivilMonth month(bar.session->day);
  for (int found = 0; found < kExpirations; ++month) {
    const absl::CivilDay expiration = Expiration(month, calendar);
    if (expiration <= bar.session->day) continue;
    ++found;
    const quant::Session* last = calendar.Find(expiration);
    const int64_t end_ns = last != nullptr ? last->close_ns : calendar.DayStart(expiration + 1);
    const double years = static_cast<double>(end_ns - bar.session->close_ns) / kYearNs;
    for (int place = -kStrikesToASide; place <= kStrikesToASide; ++place) {
      const double strike = middle + place * step;
      if (strike <= 0) continue;
      const double away = Log(strike / bar.close);
      const double volatility = std::clamp(base * (1 - 0.3 * away + 0.8 * away * away / std::sqrt(years)), 0.05, 3.0);
      for (const bool call : {true, false}) {
        // A number for each contract and session.
        const int64_t counter = (DayNumber(bar.session->day) * 256 + (expiration - bar.session->day)) * 64 +
                                (place + kStrikesToASide) * 2 + (call ? 1 : 0);
        const Theory theory = BlackScholes(call, bar.close, strike, years, volatility);
        const double half = 0.005 + 0.01 * theory.price + 0.005 * random.Uniform(counter);
        const double nearness = 1 / (1 + static_cast<double>(place * place));
        SimulatedOption option{.expiration = expiration, .strike = strike, .call = call};
        option.bid = std::max(0.0, std::floor((theory.price - half) * 100 + 0.5) / 100);
        option.ask = std::max(option.bid + 0.01, Cents(theory.price + half));
        option.ask = Cents(option.ask);
        option.last = Cents(option.bid + (option.ask - option.bid) * random.Uniform(counter, 1));
        option.implied_volatility = Micros(volatility);
        option.delta = Micros(theory.delta);
        option.gamma = Micros(theory.gamma);
        option.theta = Micros(theory.theta);
        option.vega = Micros(theory.vega);
        option.rho = Micros(theory.rho);
        option.volume = static_cast<int64_t>(2000 * nearness * random.Uniform(counter, 2));
        option.open_interest = static_cast<int64_t>(20'000 * nearness * (0.5 + random.Uniform(counter, 3)));
        option.bid_size = static_cast<int64_t>(1 + random.Below(200, counter, 4));
        option.ask_size = static_cast<int64_t>(1 + random.Below(200, counter, 5));
        chain.push_back(option);
      }
    }
  }
  return chain;
}

}  // namespace breadthflow::data
