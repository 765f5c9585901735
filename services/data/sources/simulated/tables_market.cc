#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/resample.h"
#include "services/data/sources/simulated/intraday.h"
#include "services/data/sources/simulated/options.h"
#include "services/data/sources/simulated/reports.h"
#include "services/data/sources/simulated/tables.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;

Series Empty(const SimulatedQuery& query, quant::PriceBasis basis = quant::PriceBasis::kNotPrices) {
  return {.key = {query.query.resource, query.query.symbol, query.query.timeframe, ""}, .basis = basis};
}

SimulatedStock StockOf(const SimulatedQuery& query) {
  return MakeStock(query.world, query.query.symbol, quant::Xnys());
}

// Six decimals, as providers give adjusted prices; never zero.
double Adjusted(double value) { return std::max(1e-6, Micros(value)); }

// The session has instants in the range.
bool Touches(const quant::TimeRange& range, const quant::Session& session) {
  return session.open_ns < range.end_ns && session.close_ns >= range.start_ns;
}

// What raw prices of a session are divided by, and volumes multiplied by, to have the basis.
struct Factors {
  Factors(quant::PriceBasis basis, const SimulatedBar& bar)
      : raw(basis == quant::PriceBasis::kRaw),
        splits(bar.later_splits),
        dividends(basis == quant::PriceBasis::kSplitAndDividendAdjusted ? bar.later_dividends : 1) {}
  double Price(double value) const { return raw ? value : Adjusted(value / splits * dividends); }
  double Volume(double value) const { return raw ? value : std::floor(value * splits + 0.5); }
  bool raw;
  double splits, dividends;
};

Series Days(const SimulatedQuery& query, const SimulatedStock& stock, const quant::TimeRange& range) {
  std::vector<double> open, high, low, close, volume, adjusted, dividend, ratio;
  Series series = Empty(query, query.basis);
  series.key.timeframe = Timeframe::kDay;
  for (const SimulatedBar& bar : stock.bars) {
    if (!range.Contains(bar.session->close_ns)) continue;
    const Factors factors(query.basis, bar);
    series.times.push_back(bar.session->close_ns);
    open.push_back(factors.Price(bar.open));
    high.push_back(factors.Price(bar.high));
    low.push_back(factors.Price(bar.low));
    close.push_back(factors.Price(bar.close));
    volume.push_back(factors.Volume(bar.volume));
    adjusted.push_back(Adjusted(bar.close / bar.later_splits * bar.later_dividends));
    dividend.push_back(bar.dividend);
    ratio.push_back(bar.split_ratio);
  }
  series.Add("open", std::move(open));
  series.Add("high", std::move(high));
  series.Add("low", std::move(low));
  series.Add("close", std::move(close));
  series.Add("volume", std::move(volume));
  if (query.basis != quant::PriceBasis::kSplitAndDividendAdjusted) series.Add("adj_close", std::move(adjusted));
  if (query.basis == quant::PriceBasis::kRaw) {
    series.Add("dividend", std::move(dividend));
    series.Add("split_ratio", std::move(ratio));
  }
  return series;
}

void AddTrades(const std::vector<SimulatedTrade>& trades, std::vector<int64_t>& times, std::vector<double>& prices,
               std::vector<double>& sizes) {
  for (const SimulatedTrade& trade : trades) {
    times.push_back(trade.time_ns);
    prices.push_back(trade.price);
    sizes.push_back(static_cast<double>(trade.size));
  }
}

// The bars of one session, made of its trades.
absl::StatusOr<Series> BarsOfSession(const SimulatedQuery& query, const SimulatedStock& stock,
                                     const SimulatedBar& bar) {
  Series trades{.key = {"trade", query.query.symbol, Timeframe::kTick, ""}};
  std::vector<double> prices, sizes;
  AddTrades(SimulateTrades(query.world.seed, stock.security, bar), trades.times, prices, sizes);
  trades.Add("price", std::move(prices));
  trades.Add("size", std::move(sizes));
  BF_ASSIGN_OR_RETURN(quant::Resampled made, quant::Resample(trades,
                                                             {.rule = quant::BarRule::kTime,
                                                              .timeframe = query.query.timeframe,
                                                              .watermark_ns = bar.session->close_ns},
                                                             quant::Xnys()));
  return std::move(made.bars);
}

absl::StatusOr<Series> IntradayBars(const SimulatedQuery& query, const SimulatedStock& stock) {
  std::vector<double> open, high, low, close, volume, dividend, ratio;
  Series series = Empty(query, query.basis);
  const quant::TimeRange& range = query.query.range;
  for (const SimulatedBar& bar : stock.bars) {
    if (!Touches(range, *bar.session)) continue;
    BF_ASSIGN_OR_RETURN(const Series bars, BarsOfSession(query, stock, bar));
    const Factors factors(query.basis, bar);
    for (size_t i = 0; i < bars.size(); ++i) {
      if (!range.Contains(bars.times[i])) continue;
      series.times.push_back(bars.times[i]);
      open.push_back(factors.Price(bars.Doubles("open")[i]));
      high.push_back(factors.Price(bars.Doubles("high")[i]));
      low.push_back(factors.Price(bars.Doubles("low")[i]));
      close.push_back(factors.Price(bars.Doubles("close")[i]));
      volume.push_back(factors.Volume(bars.Doubles("volume")[i]));
      dividend.push_back(i == 0 ? bar.dividend : 0);
      ratio.push_back(i == 0 ? bar.split_ratio : 1);
    }
  }
  series.Add("open", std::move(open));
  series.Add("high", std::move(high));
  series.Add("low", std::move(low));
  series.Add("close", std::move(close));
  series.Add("volume", std::move(volume));
  if (query.basis == quant::PriceBasis::kRaw) {
    series.Add("dividend", std::move(dividend));
    series.Add("split_ratio", std::move(ratio));
  }
  return series;
}

}  // namespace

absl::StatusOr<Series> SimulatedBars(const SimulatedQuery& query) {
  const SimulatedStock stock = StockOf(query);
  const Timeframe timeframe = query.query.timeframe;
  if (timeframe == Timeframe::kDay) return Days(query, stock, query.query.range);
  if (timeframe < Timeframe::kDay) return IntradayBars(query, stock);
  // The last week or month is whole only when all its sessions are over, not when the stock is.
  BF_ASSIGN_OR_RETURN(quant::Resampled made, quant::Resample(Days(query, stock, {}),
                                                             {.rule = quant::BarRule::kTime,
                                                              .timeframe = timeframe,
                                                              .watermark_ns = quant::Xnys().sessions().back().close_ns},
                                                             quant::Xnys()));
  return made.bars.Slice(query.query.range);
}

absl::StatusOr<Series> SimulatedTradeTable(const SimulatedQuery& query) {
  const SimulatedStock stock = StockOf(query);
  Series series = Empty(query);
  std::vector<double> prices, sizes;
  std::vector<std::string> sides;
  for (const SimulatedBar& bar : stock.bars) {
    if (!Touches(query.query.range, *bar.session)) continue;
    std::vector<SimulatedTrade> trades = SimulateTrades(query.world.seed, stock.security, bar);
    std::erase_if(trades, [&](const SimulatedTrade& trade) { return !query.query.range.Contains(trade.time_ns); });
    AddTrades(trades, series.times, prices, sizes);
    for (const SimulatedTrade& trade : trades) sides.emplace_back(trade.buy ? "buy" : "sell");
  }
  series.Add("price", std::move(prices));
  series.Add("size", std::move(sizes));
  series.Add("side", std::move(sides));
  return series;
}

absl::StatusOr<Series> SimulatedQuoteTable(const SimulatedQuery& query) {
  const SimulatedStock stock = StockOf(query);
  Series series = Empty(query);
  std::vector<double> bid, bid_size, ask, ask_size;
  for (const SimulatedBar& bar : stock.bars) {
    if (!Touches(query.query.range, *bar.session)) continue;
    const auto trades = SimulateTrades(query.world.seed, stock.security, bar);
    for (const SimulatedQuote& quote : SimulateQuotes(query.world.seed, stock.security, trades, bar.session->open_ns)) {
      if (!query.query.range.Contains(quote.time_ns)) continue;
      series.times.push_back(quote.time_ns);
      bid.push_back(quote.bid);
      bid_size.push_back(static_cast<double>(quote.bid_size));
      ask.push_back(quote.ask);
      ask_size.push_back(static_cast<double>(quote.ask_size));
    }
  }
  series.Add("bid_price", std::move(bid));
  series.Add("bid_size", std::move(bid_size));
  series.Add("ask_price", std::move(ask));
  series.Add("ask_size", std::move(ask_size));
  return series;
}

absl::StatusOr<Series> SimulatedBookTable(const SimulatedQuery& query) {
  const SimulatedStock stock = StockOf(query);
  Series series = Empty(query);
  std::vector<std::string> kinds, sides;
  std::vector<double> prices, sizes;
  std::vector<int64_t> levels, sequences;
  for (const SimulatedBar& bar : stock.bars) {
    if (!Touches(query.query.range, *bar.session)) continue;
    const auto trades = SimulateTrades(query.world.seed, stock.security, bar);
    for (const SimulatedLevel& level : SimulateBook(query.world.seed, stock.security, trades, bar)) {
      if (!query.query.range.Contains(level.time_ns)) continue;
      series.times.push_back(level.time_ns);
      kinds.emplace_back(level.snapshot ? "snapshot" : "update");
      sides.emplace_back(level.bid ? "bid" : "ask");
      prices.push_back(level.price);
      sizes.push_back(static_cast<double>(level.size));
      levels.push_back(level.level);
      sequences.push_back(level.sequence);
    }
  }
  series.Add("kind", std::move(kinds));
  series.Add("side", std::move(sides));
  series.Add("price", std::move(prices));
  series.Add("size", std::move(sizes));
  series.Add("level", std::move(levels));
  series.Add("sequence", std::move(sequences));
  return series;
}

absl::StatusOr<Series> SimulatedChainTable(const SimulatedQuery& query) {
  const SimulatedStock stock = StockOf(query);
  Series series = Empty(query);
  constexpr size_t kLongestRoot = 6;  // of an OSI symbol
  std::vector<std::string> expirations, rights, contracts;
  struct Number {
    const char* name;
    double (*of)(const SimulatedOption&);
    std::vector<double> values;
  };
  std::vector<Number> numbers = {
      {"strike", [](const SimulatedOption& o) { return o.strike; }, {}},
      {"bid", [](const SimulatedOption& o) { return o.bid; }, {}},
      {"bid_size", [](const SimulatedOption& o) { return static_cast<double>(o.bid_size); }, {}},
      {"ask", [](const SimulatedOption& o) { return o.ask; }, {}},
      {"ask_size", [](const SimulatedOption& o) { return static_cast<double>(o.ask_size); }, {}},
      {"last", [](const SimulatedOption& o) { return o.last; }, {}},
      {"volume", [](const SimulatedOption& o) { return static_cast<double>(o.volume); }, {}},
      {"open_interest", [](const SimulatedOption& o) { return static_cast<double>(o.open_interest); }, {}},
      {"implied_volatility", [](const SimulatedOption& o) { return o.implied_volatility; }, {}},
      {"delta", [](const SimulatedOption& o) { return o.delta; }, {}},
      {"gamma", [](const SimulatedOption& o) { return o.gamma; }, {}},
      {"theta", [](const SimulatedOption& o) { return o.theta; }, {}},
      {"vega", [](const SimulatedOption& o) { return o.vega; }, {}},
      {"rho", [](const SimulatedOption& o) { return o.rho; }, {}}};
  std::vector<double> underlying;
  for (size_t i = 0; i < stock.bars.size(); ++i) {
    const SimulatedBar& bar = stock.bars[i];
    if (!query.query.range.Contains(bar.session->close_ns)) continue;
    for (const SimulatedOption& option : SimulateChain(query.world.seed, stock, i, quant::Xnys())) {
      series.times.push_back(bar.session->close_ns);
      expirations.push_back(absl::FormatCivilTime(option.expiration));
      rights.emplace_back(option.call ? "call" : "put");
      contracts.push_back(fmt::format("{:<6}{:02}{:02}{:02}{}{:08}", query.query.symbol, option.expiration.year() % 100,
                                      option.expiration.month(), option.expiration.day(), option.call ? 'C' : 'P',
                                      static_cast<int64_t>(option.strike * 1000 + 0.5)));
      for (Number& number : numbers) number.values.push_back(number.of(option));
      underlying.push_back(bar.close);
    }
  }
  series.Add("expiration", std::move(expirations));
  series.Add("right", std::move(rights));
  if (query.query.symbol.size() <= kLongestRoot) series.Add("contract", std::move(contracts));
  for (Number& number : numbers) series.Add(number.name, std::move(number.values));
  series.Add("underlying_price", std::move(underlying));
  return series;
}

absl::StatusOr<Series> SimulatedUniverseTable(const SimulatedQuery& query) {
  Series series = Empty(query);
  std::vector<std::string> members, actions;
  for (const SimulatedMembership& change : SimulateUniverse(query.world.seed, query.query.symbol, quant::Xnys())) {
    if (!query.query.range.Contains(change.time_ns)) continue;
    series.times.push_back(change.time_ns);
    members.push_back(change.member);
    actions.emplace_back(change.joins ? "add" : "remove");
  }
  series.Add("member", std::move(members));
  series.Add("action", std::move(actions));
  return series;
}

absl::StatusOr<Series> SimulatedRateTable(const SimulatedQuery& query) {
  Series series = Empty(query);
  std::vector<double> rates;
  for (const SimulatedFixing& fixing : SimulateRate(query.world.seed, query.query.symbol, quant::Xnys())) {
    if (!query.query.range.Contains(fixing.time_ns)) continue;
    series.times.push_back(fixing.time_ns);
    rates.push_back(fixing.rate);
  }
  const std::string tenor = TenorOf(query.query.symbol);
  if (!tenor.empty()) series.Add("tenor", std::vector<std::string>(rates.size(), tenor));
  series.Add("rate", std::move(rates));
  return series;
}

}  // namespace breadthflow::data
