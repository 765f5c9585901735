#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

Field Price(std::string name, std::string description) {
  return {.name = std::move(name),
          .unit = "currency per share",
          .min = 0,
          .min_exclusive = true,
          .description = std::move(description)};
}

Resource StockPrice() {
  Field adjusted =
      Price("adj_close", "Close adjusted for splits and dividends by the source; never used as the close.");
  adjusted.required = false;
  return {.id = "stock_price",
          .description =
              "Bars of a traded instrument. The time of a bar is the instant it was complete; for a daily "
              "bar that is its session's close.",
          .fields = {Price("open", "First price."),
                     Price("high", "Highest price."),
                     Price("low", "Lowest price."),
                     Price("close", "Last price."),
                     {.name = "volume", .unit = "shares", .min = 0, .description = "Number of shares traded."},
                     std::move(adjusted),
                     {.name = "dividend",
                      .unit = "currency per share",
                      .required = false,
                      .min = 0,
                      .description = "Cash paid per share to who held it before this bar (ex-date); 0 on other bars."},
                     {.name = "split_ratio",
                      .unit = "new shares per old share",
                      .required = false,
                      .min = 0,
                      .min_exclusive = true,
                      .description = "Split that took effect before this bar; 1 on other bars."}},
          .frequency = "one row per bar; daily: one per session of the exchange",
          .rules = {"low <= high", "all values finite", "times strictly ascending", "one price basis per series"},
          .prices = true};
}

}  // namespace

const std::vector<Resource>& Resources() {
  static const auto* resources = new std::vector<Resource>{StockPrice()};
  return *resources;
}

}  // namespace breadthflow::data
