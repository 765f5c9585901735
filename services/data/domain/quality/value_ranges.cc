#include <fmt/format.h>

#include "services/data/domain/quality/by_class.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Prices and ranges that the asset class does not have. What is never possible (a price of zero) is refused before.
QualityCheckEntry ValueRanges();

QualityCheckEntry ValueRanges() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "value_ranges", "1.0.0",
                "Prices and the range of each bar are within what the asset class has."};
  AddByClass(entry.params, "max_price", {2e6, 1e7, 1e6, 1e8, 1e3}, 0, 1e15, "",
             "A bar hardly ever has a higher price.");
  AddByClass(entry.params, "max_high_over_low", {4, 1.6, 1.25, 20, 100}, 1, 1e9, "",
             "The high of a bar is hardly ever so many times its low.");
  entry.advice = "check the unit (pence for pounds, cents for dollars) and compare the rows with another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    const double max_price = OfClass(params, "max_price", input.asset_class);
    const double max_ratio = OfClass(params, "max_high_over_low", input.asset_class);
    const std::span<const double> high = input.series.Doubles("high");
    const std::span<const double> low = input.series.Doubles("low");
    Finding finding{.check = "value_ranges", .severity = Severity::kWarning};
    for (size_t row = 0; row < std::min(high.size(), low.size()); ++row) {
      if (high[row] > max_price || (low[row] > 0 && high[row] / low[row] > max_ratio)) {
        AddRow(finding, input.series.times[row]);
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message =
        fmt::format("{} rows have a price above {:g} or a high above {:g} times the low, which {} hardly ever has",
                    finding.affected_rows, max_price, max_ratio, ToText(input.asset_class));
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
