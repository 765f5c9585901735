#include "services/data/sources/simulated/world.h"

#include <algorithm>
#include <cmath>

#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;

constexpr std::string_view kOld = ".OLD";
constexpr size_t kLongestSymbol = 32;
constexpr double kRenamed = 0.2;
constexpr double kSessionsPerYear = 252;

// When `security` got its symbol; nullopt for those that always had it.
std::optional<SimulatedSymbolChange> ChangeOf(uint64_t seed, const std::string& security,
                                              const quant::Calendar& calendar) {
  if (security.size() + kOld.size() > kLongestSymbol) return std::nullopt;
  const CounterRandom random(seed, "symbol/" + security);
  if (random.Uniform(0) >= kRenamed) return std::nullopt;
  const auto sessions = calendar.sessions();
  const auto index = static_cast<size_t>(1 + random.Below(sessions.size() - 1, 1));
  return SimulatedSymbolChange{sessions[index].day, sessions[index - 1].close_ns, security + std::string(kOld),
                               security};
}

std::optional<SimulatedDelisting> DelistingOf(const SimulatedWorld& world, const std::string& security,
                                              const std::vector<SimulatedBar>& bars) {
  if (world.delisting_rate <= 0) return std::nullopt;
  const CounterRandom random(world.seed, "delisting/" + security);
  const double chance = world.delisting_rate / kSessionsPerYear;
  for (const SimulatedBar& bar : bars) {
    const int64_t day = DayNumber(bar.session->day);
    if (random.Uniform(day) >= chance) continue;
    const bool merger = random.Uniform(day, 1) < 0.6;
    const double share = random.Uniform(day, 2);
    return SimulatedDelisting{bar.session->day, bar.session->close_ns, merger ? "merger" : "bankruptcy",
                              merger ? Cents(bar.close * (1 + 0.3 * share)) : Cents(bar.close * 0.2 * share)};
  }
  return std::nullopt;
}

void CutFrom(absl::CivilDay first_absent, std::vector<SimulatedBar>& bars) {
  std::erase_if(bars, [&](const SimulatedBar& bar) { return bar.session->day >= first_absent; });
}

// The security under the symbol that it has at last.
SimulatedStock Under(const SimulatedWorld& world, const std::string& security, const quant::Calendar& calendar) {
  SimulatedStock stock{.security = security};
  stock.bars = SimulateStock(world.seed, security, calendar);
  stock.delisting = DelistingOf(world, security, stock.bars);
  stock.change = ChangeOf(world.seed, security, calendar);
  if (stock.delisting) {
    CutFrom(stock.delisting->last_day + 1, stock.bars);
    stock.end_ns = stock.delisting->known_ns;
    if (stock.change && stock.change->effective_day > stock.delisting->last_day) stock.change.reset();
  }
  return stock;
}

}  // namespace

SimulatedStock MakeStock(const SimulatedWorld& world, const std::string& symbol, const quant::Calendar& calendar) {
  if (symbol.size() > kOld.size() && symbol.ends_with(kOld)) {
    SimulatedStock now = Under(world, symbol.substr(0, symbol.size() - kOld.size()), calendar);
    if (now.change) {
      CutFrom(now.change->effective_day, now.bars);
      now.delisting.reset();  // that is told of the new symbol
      now.end_ns = now.change->known_ns;
      return now;
    }
  }
  return Under(world, symbol, calendar);
}

double ReturnOf(const std::vector<SimulatedBar>& bars, size_t index) {
  if (index == 0) return 0;
  const SimulatedBar& bar = bars[index];
  return (bar.close + bar.dividend) * bar.split_ratio / bars[index - 1].close - 1;
}

double RecentDeviation(const std::vector<SimulatedBar>& bars, size_t index) {
  constexpr size_t kReturns = 21;
  const size_t count = std::min(index, kReturns);
  if (count < 5) return 0.02;
  double sum = 0;
  for (size_t i = index + 1 - count; i <= index; ++i) {
    const double move = ReturnOf(bars, i);
    sum += move * move;
  }
  return std::max(0.002, std::sqrt(sum / static_cast<double>(count)));
}

}  // namespace breadthflow::data
