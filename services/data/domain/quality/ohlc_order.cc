#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// low <= min(open, close) and max(open, close) <= high, up to `tolerance` of the price: adjusting rounds each price on
// its own. Beyond `error_share` of the rows, or by more than one per cent of the price, it is an error; by more than
// `impossible` of the price it is no bar at all. Real files hold bars that are off by a per cent or two, where the open
// or close of an auction was not taken into the range.
QualityCheckEntry OhlcOrder();

QualityCheckEntry OhlcOrder() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "ohlc_order", "1.0.0", "Open and close lie between low and high."};
  entry.params = {
      component::DoubleParam("tolerance", 1e-6, 0, 0.01, "fraction of the price", "Excess that rounding explains."),
      component::DoubleParam("error_share", 0.01, 0, 1, "fraction", "Share of the rows above which it is an error."),
      component::DoubleParam("impossible", 0.1, 0, 1, "fraction of the price", "Excess above which it is no bar.")};
  entry.gates = true;
  entry.advice = "compare these rows with another source";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    const std::span<const double> open = input.series.Doubles("open");
    const std::span<const double> high = input.series.Doubles("high");
    const std::span<const double> low = input.series.Doubles("low");
    const std::span<const double> close = input.series.Doubles("close");
    const size_t rows = std::min({open.size(), high.size(), low.size(), close.size()});
    Finding finding{.check = "ohlc_order", .severity = Severity::kWarning};
    double worst = 0;
    for (size_t row = 0; row < rows; ++row) {
      const double above = std::max(open[row], close[row]) - high[row];
      const double below = low[row] - std::min(open[row], close[row]);
      const double excess = std::max(above, below) / std::max(std::fabs(close[row]), 1e-12);
      if (excess > params.Double("tolerance")) {
        AddRow(finding, input.series.times[row]);
        if (excess > params.Double("impossible")) finding.impossible_rows.push_back(row);
        worst = std::max(worst, excess);
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    const double share = static_cast<double>(finding.affected_rows) / static_cast<double>(rows);
    if (worst > 0.01 || share > params.Double("error_share")) finding.severity = Severity::kError;
    finding.message = fmt::format("{} rows have open or close outside of low and high, by up to {:.4f} % of the price",
                                  finding.affected_rows, worst * 100);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
