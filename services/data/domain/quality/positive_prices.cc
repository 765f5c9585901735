#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Prices above zero. Sources refuse others already; this finds what came in another way.
QualityCheckEntry PositivePrices();

QualityCheckEntry PositivePrices() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "positive_prices", "1.0.0", "Every price is above zero."};
  entry.advice = "compare these rows with another source";
  entry.gates = true;
  entry.run = [](const CheckInput& input, const component::Params&) {
    Finding finding{.check = "positive_prices", .severity = Severity::kError};
    for (size_t row = 0; row < input.series.size(); ++row) {
      bool positive = true;
      for (const char* name : {"open", "high", "low", "close"}) {
        const std::span<const double> prices = input.series.Doubles(name);
        positive &= prices.empty() || prices[row] > 0;
      }
      if (!positive) AddImpossibleRow(finding, input.series, row);
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows have a price of zero or less", finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
