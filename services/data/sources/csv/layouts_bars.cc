#include "services/data/sources/csv/layout.h"

namespace breadthflow::data::csv {
namespace {

// The same bars under the names that writers give the column of time.
Layout Bars(std::string name, std::string time) {
  return {.name = std::move(name),
          .description =
              "Bars: open, high, low, close, volume; optionally the adjusted close, dividends, splits, vwap and "
              "trade_count.",
          .resources = {"stock_price"},
          .time = {.when = When::kBar, .column = std::move(time)},
          .columns = {{.header = "open", .field = "open"},
                      {.header = "high", .field = "high"},
                      {.header = "low", .field = "low"},
                      {.header = "close", .field = "close"},
                      {.header = "volume", .field = "volume"},
                      {.header = "adj_close", .field = "adj_close", .optional = true},
                      {.header = "adjusted_close", .field = "adj_close", .optional = true},
                      {.header = "dividend", .field = "dividend", .optional = true},
                      {.header = "ex_dividend", .field = "dividend", .optional = true},
                      {.header = "dividends", .field = "dividend", .optional = true},
                      {.header = "dividend_amount", .field = "dividend", .optional = true},
                      {.header = "split_ratio", .field = "split_ratio", .zero = 1, .optional = true},
                      {.header = "stock_splits", .field = "split_ratio", .zero = 1, .optional = true},
                      {.header = "split_coefficient", .field = "split_ratio", .zero = 1, .optional = true},
                      {.header = "vwap", .field = "vwap", .optional = true},
                      {.header = "trade_count", .field = "trade_count", .optional = true}}};
}

// Bars of one side of the book, without volume: what is known at their end is that side of the last quote.
Layout SideBars(const std::string& side) {
  return {.name = side + "_bars_1m",
          .description = "Minute bars of the " + side + " alone, stamped at their start: the quote at their end.",
          .resources = {"quote"},
          .time = {.when = When::kInstant, .column = "timestamp", .length_ns = 60'000'000'000, .at_start = true},
          .columns = {{.header = "open", .field = "csv." + side + "_open"},
                      {.header = "high", .field = "csv." + side + "_high"},
                      {.header = "low", .field = "csv." + side + "_low"},
                      {.header = "close", .field = side + "_price"}}};
}

}  // namespace

std::vector<Layout> BarLayouts() {
  return {Bars("bars", "date"),
          Bars("bars_timestamp", "timestamp"),
          Bars("bars_datetime", "datetime"),
          Bars("bars_time", "time"),
          {.name = "quote_bars_1m",
           .description = "Minute bars of bid and ask, stamped at their start: the quote at their end.",
           .resources = {"quote"},
           .time = {.when = When::kInstant,
                    .column = "timestamp",
                    .zone = "new_york",
                    .length_ns = 60'000'000'000,
                    .at_start = true},
           .columns = {{.header = "bid_open", .field = "csv.bid_open"},
                       {.header = "bid_high", .field = "csv.bid_high"},
                       {.header = "bid_low", .field = "csv.bid_low"},
                       {.header = "bid_close", .field = "bid_price"},
                       {.header = "bid_size", .field = "bid_size"},
                       {.header = "ask_open", .field = "csv.ask_open"},
                       {.header = "ask_high", .field = "csv.ask_high"},
                       {.header = "ask_low", .field = "csv.ask_low"},
                       {.header = "ask_close", .field = "ask_price"},
                       {.header = "ask_size", .field = "ask_size"}}},
          SideBars("bid"),
          SideBars("ask")};
}

}  // namespace breadthflow::data::csv
