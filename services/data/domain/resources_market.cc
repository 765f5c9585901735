#include "services/data/domain/resource_fields.h"

namespace breadthflow::data {
namespace {

Resource StockPrice() {
  Field adjusted =
      Price("adj_close", "Close adjusted for splits and dividends by the source; never used as the close.");
  adjusted.required = false;
  Field average = Price("vwap", "Average price of the bar's trades, weighted by their sizes.");
  average.required = false;
  Field trades = Count("trade_count", "Trades in the bar.");
  trades.unit = "trades";
  trades.min = 0;
  return {.id = "stock_price",
          .description =
              "Bars of a traded instrument. The time of a bar is the instant it was complete; for a daily "
              "bar that is its session's close.",
          .fields = {Price("open", "First price."), Price("high", "Highest price."), Price("low", "Lowest price."),
                     Price("close", "Last price."), Required(Amount("volume", "shares", "Number of shares traded.")),
                     std::move(adjusted),
                     Amount("dividend", "currency per share",
                            "Cash paid per share to who held it before this bar (ex-date); 0 on other bars."),
                     Positive(Number("split_ratio", "new shares per old share",
                                     "Split that took effect before this bar; 1 on other bars.")),
                     std::move(average), std::move(trades)},
          .frequency = "one row per bar; daily: one per session of the exchange",
          .rules = {"low <= high", "all values finite", "times strictly ascending", "one price basis per series"},
          .orders = {{"low", "high"}},
          .prices = true,
          .bars = true,
          .time = "when the bar was complete; a daily bar: its session's close"};
}

Resource Trade() {
  return {
      .id = "trade",
      .description = "Single trades, in the order in which they were reported.",
      .fields = {Price("price", "Price."), Required(Positive(Amount("size", "shares or contracts", "Quantity."))),
                 Text("exchange", "Where it traded."), Text("conditions", "Sale conditions as the source codes them."),
                 Text("side", "Who took liquidity.", {"buy", "sell"}), Text("trade_id", "Id that the venue gave."),
                 Count("suspicious", "1 when the source marks it as an outlier."), ExchangeTime()},
      .frequency = "one row per trade",
      .rules = {"price > 0", "size > 0"},
      .repeats = true,
      .time = kObserved};
}

Resource Quote() {
  return {.id = "quote",
          .description = "Best bid and ask. A side that is absent has no price.",
          .fields = {Positive(Amount("bid_price", "currency per share", "Best bid.")),
                     Amount("bid_size", "shares or contracts", "Quantity at the bid."),
                     Positive(Amount("ask_price", "currency per share", "Best ask.")),
                     Amount("ask_size", "shares or contracts", "Quantity at the ask."),
                     Text("exchange", "Whose quote."), Text("conditions", "Quote conditions as the source codes them."),
                     Count("suspicious", "1 when the source marks it as an outlier."), ExchangeTime()},
          .frequency = "one row per change of the best bid or ask",
          .rules = {"a side that has a size has a price"},
          .repeats = true,
          .time = kObserved};
}

Resource OrderBook() {
  return {
      .id = "order_book",
      .description = "Levels of an order book: snapshots, and the changes after them.",
      .fields = {Required(Text("kind", "A level of a whole snapshot, or a change of one.", {"snapshot", "update"})),
                 Required(Text("side", "Side of the level.", {"bid", "ask"})), Price("price", "Price of the level."),
                 Required(Amount("size", "shares or contracts", "Quantity there now; 0 removes the level.")),
                 Count("level", "Place from the best, 0 is the best."),
                 Count("sequence", "Number of the message within its feed."), ExchangeTime()},
      .frequency = "one row per level and change",
      .rules = {"rows of one instant are applied in their order"},
      .repeats = true,
      .together = true,
      .time = kObserved};
}

Resource OptionChain() {
  const auto price = [](std::string name, std::string description) {
    return Amount(std::move(name), "currency per share", std::move(description));
  };
  return {.id = "option_chain",
          .description = "All contracts on one underlying, as seen at one instant.",
          .fields = {Required(Date("expiration", "Last day of the contract.")),
                     Required(Positive(Amount("strike", "currency per share", "Strike."))),
                     Required(Text("right", "Right of the holder.", {"call", "put"})),
                     Text("contract", "OSI symbol."),
                     price("bid", "Best bid."),
                     Amount("bid_size", "contracts", "Quantity at the bid."),
                     price("ask", "Best ask."),
                     Amount("ask_size", "contracts", "Quantity at the ask."),
                     price("last", "Last trade."),
                     price("mark", "Mark of the source."),
                     price("open", "First trade of the interval."),
                     price("high", "Highest trade of the interval."),
                     price("low", "Lowest trade of the interval."),
                     Amount("volume", "contracts", "Traded in the interval."),
                     Amount("open_interest", "contracts", "Open contracts."),
                     Amount("implied_volatility", "per year, as a fraction", "Absent when there is none."),
                     Number("delta", "", "Sensitivity to the underlying."),
                     Number("gamma", "per currency", "Change of delta."),
                     Number("theta", "currency per day, as the source has it", "Decay."),
                     Number("vega", "as the source has it", "Sensitivity to volatility."),
                     Number("rho", "as the source has it", "Sensitivity to the rate."),
                     price("underlying_price", "Price of the underlying then.")},
          .frequency = "one row per contract and instant",
          .rules = {"strike > 0", "low <= high"},
          .orders = {{"low", "high"}},
          .repeats = true,
          .together = true,
          .identity = {"expiration", "strike", "right"},
          .time = kObserved};
}

Resource Universe() {
  return {
      .id = "universe",
      .description = "Members of an index or universe in time; the symbol is that of the universe.",
      .fields = {Required(Text("member", "Symbol of the member.")),
                 Text("action", "Joins, leaves, or is listed among all members of the day.",
                      {"add", "remove", "member"}),
                 Share("weight", "Share of the universe."), Text("security_id", "Identity that outlives the symbol."),
                 Amount("price", "currency per share", "Close of the day."),
                 Amount("volume", "shares", "Volume of the day."),
                 Amount("dollar_volume", "currency", "Price times volume."),
                 Positive(Number("price_factor", "", "Factor for dividends.")),
                 Positive(Number("split_factor", "", "Factor for splits.")),
                 Count("has_fundamentals", "1 when there are fundamentals.")},
      .frequency = "one row per member and day, or per change",
      .market_wide = true,
      .repeats = true,
      .together = true,
      .identity = {"member", "action"},
      .time = kPublished};
}

Resource InterestRate() {
  return {.id = "interest_rate",
          .description = "A rate that is quoted per year.",
          .fields = {Required(Number("rate", "per year, as a fraction", "0.025 is 2.5 %.")),
                     Text("tenor", "For how long, such as 3M.")},
          .frequency = "one row per fixing",
          .market_wide = true,
          .repeats = true,
          .identity = {"tenor"},
          .time = kPublished};
}

}  // namespace

std::vector<Resource> MarketResources() {
  return {StockPrice(), Trade(), Quote(), OrderBook(), OptionChain(), Universe(), InterestRate()};
}

}  // namespace breadthflow::data
