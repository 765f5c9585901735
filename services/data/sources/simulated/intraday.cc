#include "services/data/sources/simulated/intraday.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;

constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr int64_t kSnapshotMinutes = 30;
constexpr int64_t kLevels = 5;

// Counter of the n-th trade of a session: sessions have far fewer than a million.
int64_t Nth(const SimulatedBar& bar, size_t n) {
  return bar.session->open_ns / kMinuteNs * 1'000'000 + static_cast<int64_t>(n);
}

// Times, in order: one to three in each minute.
std::vector<int64_t> Times(const CounterRandom& random, const quant::Session& session) {
  std::vector<int64_t> times;
  for (int64_t minute = session.open_ns; minute < session.close_ns; minute += kMinuteNs) {
    const auto count = static_cast<int64_t>(1 + random.Below(3, minute));
    for (int64_t i = 0; i < count; ++i) {
      const double part =
          (static_cast<double>(i) + random.Uniform(minute, static_cast<uint64_t>(1 + i))) / static_cast<double>(count);
      times.push_back(minute + static_cast<int64_t>(part * 59'999'999) * 1000);
    }
  }
  return times;
}

// Where the path is pinned: open, high, low and close, in order of their places.
std::vector<std::pair<size_t, double>> Pins(const CounterRandom& random, const SimulatedBar& bar, size_t count) {
  const int64_t at = bar.session->open_ns;
  const size_t inner = count - 2;
  const auto high = static_cast<size_t>(1 + random.Below(inner, at, 10));
  auto low = static_cast<size_t>(1 + random.Below(inner - 1, at, 11));
  if (low >= high) ++low;  // another place than the high's
  std::vector<std::pair<size_t, double>> pins = {
      {0, bar.open}, {high, bar.high}, {low, bar.low}, {count - 1, bar.close}};
  std::sort(pins.begin(), pins.end());
  return pins;
}

// From pin to pin a random walk that is bent so as to meet both.
std::vector<double> Path(const CounterRandom& random, const SimulatedBar& bar, size_t count) {
  std::vector<double> prices(count);
  const double step = (bar.high - bar.low) / (3 * std::sqrt(static_cast<double>(count)));
  const auto pins = Pins(random, bar, count);
  for (size_t pin = 0; pin + 1 < pins.size(); ++pin) {
    const auto [from, first] = pins[pin];
    const auto [to, last] = pins[pin + 1];
    std::vector<double> walk(to - from + 1, 0.0);
    for (size_t i = 1; i < walk.size(); ++i) walk[i] = walk[i - 1] + step * random.Normal(Nth(bar, from + i), 12);
    for (size_t i = 0; i < walk.size(); ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(walk.size() - 1);
      const double price = first + (last - first) * part + walk[i] - walk.back() * part;
      prices[from + i] = std::clamp(Cents(price), bar.low, bar.high);
    }
    prices[from] = first;
    prices[to] = last;
  }
  return prices;
}

// Parts of the volume; the last takes what rounding leaves.
std::vector<int64_t> Sizes(const CounterRandom& random, const SimulatedBar& bar, size_t count) {
  std::vector<double> weights(count);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double u = random.Uniform(Nth(bar, i), 13);
    weights[i] = 1 + 6 * u * u * u;
    sum += weights[i];
  }
  std::vector<int64_t> sizes(count);
  auto left = static_cast<int64_t>(bar.volume);
  for (size_t i = 0; i + 1 < count; ++i) {
    sizes[i] = static_cast<int64_t>(std::floor(bar.volume * weights[i] / sum));
    left -= sizes[i];
  }
  sizes.back() = left;
  return sizes;
}

}  // namespace

std::vector<SimulatedTrade> SimulateTrades(uint64_t seed, const std::string& security, const SimulatedBar& bar) {
  const CounterRandom random(seed, "trades/" + security);
  std::vector<int64_t> times = Times(random, *bar.session);
  // At least ten shares for each on average, so that none is left without.
  const auto most = static_cast<size_t>(bar.volume / 10);
  if (times.size() > most) {
    for (size_t i = 0; i < most; ++i) times[i] = times[i * times.size() / most];
    times.resize(most);
  }
  const std::vector<double> prices = Path(random, bar, times.size());
  const std::vector<int64_t> sizes = Sizes(random, bar, times.size());
  std::vector<SimulatedTrade> trades;
  trades.reserve(times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    trades.push_back({times[i], prices[i], sizes[i], random.Uniform(Nth(bar, i), 14) < 0.5});
  }
  return trades;
}

std::vector<SimulatedQuote> SimulateQuotes(uint64_t seed, const std::string& security,
                                           const std::vector<SimulatedTrade>& trades, int64_t open_ns) {
  const CounterRandom random(seed, "quotes/" + security);
  std::vector<SimulatedQuote> quotes;
  quotes.reserve(trades.size());
  int64_t earliest = open_ns;
  for (const SimulatedTrade& trade : trades) {
    const int64_t lead = static_cast<int64_t>(1 + random.Below(900, trade.time_ns)) * 1000;
    const double spread = Cents(trade.price * 0.0002 * (0.5 + random.Uniform(trade.time_ns, 1)));
    // Sizes in lots of 100 shares.
    SimulatedQuote quote{.time_ns = std::max(earliest, trade.time_ns - lead),
                         .bid_size = static_cast<int64_t>(1 + random.Below(20, trade.time_ns, 2)) * 100,
                         .ask_size = static_cast<int64_t>(1 + random.Below(20, trade.time_ns, 3)) * 100};
    quote.ask = trade.buy ? trade.price : Cents(trade.price + spread);
    quote.bid = trade.buy ? Cents(trade.price - spread) : trade.price;
    if (quote.bid >= quote.ask) quote.ask = Cents(quote.bid + 0.01);  // a price of one cent
    earliest = quote.time_ns;
    quotes.push_back(quote);
  }
  return quotes;
}

std::vector<SimulatedLevel> SimulateBook(uint64_t seed, const std::string& security,
                                         const std::vector<SimulatedTrade>& trades, const SimulatedBar& bar) {
  const CounterRandom random(seed, "book/" + security);
  std::vector<SimulatedLevel> book;
  int64_t minutes = 0;
  int64_t sequence = 0;
  size_t passed = 0;
  std::array<double, 2 * kLevels> shown{};  // prices of the last snapshot: bids, then asks
  for (int64_t now = bar.session->open_ns; now < bar.session->close_ns; now += kMinuteNs, ++minutes, ++sequence) {
    while (passed < trades.size() && trades[passed].time_ns < now) ++passed;
    const auto size = [&](uint64_t lane) { return static_cast<int64_t>(1 + random.Below(30, now, lane)) * 100; };
    if (minutes % kSnapshotMinutes == 0) {
      const double price = std::max(passed == 0 ? bar.open : trades[passed - 1].price, 0.01 * (kLevels + 1));
      for (int64_t place = 0; place < 2 * kLevels; ++place) {
        const bool bid = place < kLevels;
        const int64_t level = place % kLevels;
        const double away = 0.01 * static_cast<double>(level + (bid ? 0 : 1));
        shown[static_cast<size_t>(place)] = Cents(bid ? price - away : price + away);
        book.push_back(
            {now, true, bid, shown[static_cast<size_t>(place)], size(static_cast<uint64_t>(place)), level, sequence});
      }
    } else {
      const auto place = static_cast<int64_t>(random.Below(2 * kLevels, now, 20));
      const int64_t left = random.Uniform(now, 21) < 0.1 ? 0 : size(22);
      book.push_back({now, false, place < kLevels, shown[static_cast<size_t>(place)], left, place % kLevels, sequence});
    }
  }
  return book;
}

}  // namespace breadthflow::data
