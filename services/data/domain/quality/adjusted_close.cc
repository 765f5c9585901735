#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// adj_close / close is the factor by which later dividends (and splits) have lowered a close: it is the same from one
// row to the next unless something was paid in between, and then it grows, by about the dividend over the price.
QualityCheckEntry AdjustedClose();

QualityCheckEntry AdjustedClose() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "adjusted_close", "1.0.0",
                "adj_close follows from close: its factor never falls, and steps where a dividend was paid."};
  entry.params = {
      component::DoubleParam("tolerance", 2e-3, 0, 1, "fraction", "Change of the factor that rounding may explain.")};
  entry.weight = 0.5;
  entry.advice = "do not use adj_close of this series; adjust by the dividends and splits themselves";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    const quant::Column* adjusted = input.series.Find("adj_close");
    const std::span<const double> adj_close = input.series.Doubles("adj_close");
    const std::span<const double> close = input.series.Doubles("close");
    const std::span<const double> dividend = input.series.Doubles("dividend");
    if (adjusted == nullptr || adj_close.size() != close.size()) return std::vector<Finding>{};
    const double tolerance = params.Double("tolerance");
    Finding falls{.check = "adjusted_close", .severity = Severity::kWarning};
    Finding unpaid{.check = "adjusted_close", .severity = Severity::kWarning};
    double before = 0;
    for (size_t row = 0; row < close.size(); ++row) {
      if (!adjusted->present(row) || !(close[row] > 0)) continue;
      const double factor = adj_close[row] / close[row];
      if (before > 0 && factor < before * (1 - tolerance)) AddRow(falls, input.series.times[row]);
      if (before > 0 && row > 0 && row < dividend.size() && dividend[row] > tolerance * close[row - 1] &&
          factor <= before * (1 + 0.25 * dividend[row] / close[row - 1])) {
        AddRow(unpaid, input.series.times[row]);
      }
      before = factor;
    }
    falls.message = fmt::format("the factor of adj_close falls at {} rows", falls.affected_rows);
    unpaid.message = fmt::format("{} dividends are not in adj_close", unpaid.affected_rows);
    std::vector<Finding> findings;
    for (Finding* finding : {&falls, &unpaid}) {
      if (finding->affected_rows > 0) findings.push_back(std::move(*finding));
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
