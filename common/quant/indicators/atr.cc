#include <algorithm>
#include <cmath>

#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

struct AtrKernel {
  static constexpr size_t kOutputs = 1;
  static constexpr unsigned kInputs = kReadsHigh | kReadsLow | kReadsClose;

  ExponentialMean mean;
  bool started = false;
  double previous_close = 0;

  void Reset() {
    mean.Reset();
    started = false;
  }
  void Step(const Bar& bar, double* out) {
    if (started) {
      mean.Push(std::max(bar.high - bar.low,
                         std::max(std::abs(bar.high - previous_close), std::abs(bar.low - previous_close))));
    }
    started = true;
    previous_close = bar.close;
    out[0] = mean.ready() ? mean.value() : kNotKnown;
  }
};

}  // namespace

// Average true range (Wilder 1978, ch. 3): Wilder's mean (alpha = 1 / period) of the true range, the largest of high -
// low, |high - previous close| and |low - previous close|. The first bar has no true range; seeded with the simple mean
// of the next `period` (as TA-Lib). First value at row `period`, in price units.
IndicatorEntry Atr() {
  return {.info = {.kind = "indicator", .name = "atr", .description = "Average true range"},
          .params = {component::IntParam("period", 14, 1, 500, "bars", "True ranges that are averaged")},
          .outputs = {{"value", "Wilder's mean of the true range, in price units"}},
          .inputs = AtrKernel::kInputs,
          .warm_up = [](const component::Params& params) { return static_cast<size_t>(params.Int("period")); },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            return MakeKernelIndicator(
                AtrKernel{.mean = ExponentialMean::Wilder(static_cast<size_t>(params.Int("period")))});
          }};
}

}  // namespace breadthflow::quant
