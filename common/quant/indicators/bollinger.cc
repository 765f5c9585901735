#include <cmath>

#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

struct BollingerKernel {
  static constexpr size_t kOutputs = 3;
  static constexpr unsigned kInputs = kReadsClose;

  SlidingWindow window;
  double deviations;
  double inverse_divisor;

  void Reset() { window.Reset(); }
  void Step(const Bar& bar, double* out) {
    window.PushForSpread(bar.close);
    if (!window.ready()) {
      out[0] = out[1] = out[2] = kNotKnown;
      return;
    }
    out[1] = window.Mean();
    Widen(window.Spread(), out[1], out, out + 2);
  }
  size_t Leap(const BarColumns& bars, size_t row, size_t end, double* const* columns) {
    size_t done = 0;
    // The spread waits in the place of the upper band.
    while (const size_t more = window.PushBlocks<true>(&bars.close[row + done], end - row - done,
                                                       columns[1] + row + done, columns[0] + row + done))
      done += more;
    for (size_t i = row; i < row + done; ++i) Widen(columns[0][i], columns[1][i], &columns[0][i], &columns[2][i]);
    return done;
  }
  void Widen(double spread, double middle, double* upper, double* lower) const {
    const double width = deviations * std::sqrt(spread * inverse_divisor);
    *upper = middle + width;
    *lower = middle - width;
  }
};

}  // namespace

// Bollinger bands: the simple mean of the last `period` closes, and `deviations` standard deviations around it. The
// deviation divides by period - ddof: 0 (population: Bollinger's own and TA-Lib's) or 1 (sample). First values at row
// period - 1. Where the window is flat all three are equal to the price.
IndicatorEntry Bollinger() {
  return {.info = {.kind = "indicator", .name = "bollinger", .description = "Bollinger bands of the close"},
          .params = {component::IntParam("period", 20, 2, 5000, "bars", "Length of the window"),
                     component::DoubleParam("deviations", 2, 0.1, 10, "standard deviations", "Half width of the bands"),
                     component::IntParam("ddof", 0, 0, 1, "", "Divisor of the variance is period - ddof")},
          .outputs = {{"upper", "Mean plus the deviations"},
                      {"middle", "Mean of the last `period` closes"},
                      {"lower", "Mean less the deviations"}},
          .inputs = BollingerKernel::kInputs,
          .warm_up = [](const component::Params& params) { return static_cast<size_t>(params.Int("period") - 1); },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            const int64_t period = params.Int("period");
            return MakeKernelIndicator(
                BollingerKernel{.window = SlidingWindow(static_cast<size_t>(period)),
                                .deviations = params.Double("deviations"),
                                .inverse_divisor = 1.0 / static_cast<double>(period - params.Int("ddof"))});
          }};
}

}  // namespace breadthflow::quant
