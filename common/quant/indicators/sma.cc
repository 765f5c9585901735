#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

struct SmaKernel {
  static constexpr size_t kOutputs = 1;
  static constexpr unsigned kInputs = kReadsClose;

  SlidingWindow window;

  void Reset() { window.Reset(); }
  void Step(const Bar& bar, double* out) {
    window.PushForMean(bar.close);
    out[0] = window.ready() ? window.Mean() : kNotKnown;
  }
  size_t Leap(const BarColumns& bars, size_t row, size_t end, double* const* columns) {
    size_t done = 0;
    while (const size_t more =
               window.PushBlocks<false>(&bars.close[row + done], end - row - done, columns[0] + row + done, nullptr))
      done += more;
    return done;
  }
};

}  // namespace

// Simple moving average: the mean of the last `period` closes. First value at row period - 1.
IndicatorEntry Sma() {
  return {.info = {.kind = "indicator", .name = "sma", .description = "Simple moving average of the close"},
          .params = {component::IntParam("period", 20, 1, 5000, "bars", "Length of the window")},
          .outputs = {{"value", "Mean of the last `period` closes"}},
          .inputs = SmaKernel::kInputs,
          .warm_up = [](const component::Params& params) { return static_cast<size_t>(params.Int("period") - 1); },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            return MakeKernelIndicator(SmaKernel{SlidingWindow(static_cast<size_t>(params.Int("period")))});
          }};
}

}  // namespace breadthflow::quant
