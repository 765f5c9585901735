#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {
namespace {

// What a bar of an asset class hardly ever exceeds.
struct Range {
  const char* asset_class;
  double max_price;
  double max_high_over_low;
};

constexpr Range kRanges[] = {{"equity", 2e6, 4}, {"index", 1e7, 1.6}, {"fx", 1e6, 1.25}, {"crypto", 1e8, 20}};

}  // namespace

// Prices and ranges that the asset class does not have. What is never possible (a price of zero) is refused before.
QualityCheckEntry ValueRanges();

QualityCheckEntry ValueRanges() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "value_ranges", "1.0.0",
                "Prices and the range of each bar are within what the asset class has."};
  entry.params = {
      component::ChoiceParam("asset_class", "equity", {"equity", "index", "fx", "crypto"},
                             "Whose limits hold: the highest price and the highest high over low of a bar.")};
  entry.advice = "check the unit (pence for pounds, cents for dollars) and compare the rows with another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    Range range = kRanges[0];
    for (const Range& one : kRanges) {
      if (params.String("asset_class") == one.asset_class) range = one;
    }
    const std::span<const double> high = input.series.Doubles("high");
    const std::span<const double> low = input.series.Doubles("low");
    Finding finding{.check = "value_ranges", .severity = Severity::kWarning};
    for (size_t row = 0; row < std::min(high.size(), low.size()); ++row) {
      if (high[row] > range.max_price || (low[row] > 0 && high[row] / low[row] > range.max_high_over_low)) {
        AddRow(finding, input.series.times[row]);
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows have a price above {:g} or a high above {:g} times the low",
                                  finding.affected_rows, range.max_price, range.max_high_over_low);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
