#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

struct EmaKernel {
  static constexpr size_t kOutputs = 1;
  static constexpr unsigned kInputs = kReadsClose;

  ExponentialMean mean;

  void Reset() { mean.Reset(); }
  void Step(const Bar& bar, double* out) {
    mean.Push(bar.close);
    out[0] = mean.ready() ? mean.value() : kNotKnown;
  }
};

}  // namespace

// Exponential moving average: alpha = 2 / (period + 1), seeded with the simple mean of the first `period` closes (as
// TA-Lib). First value at row period - 1.
IndicatorEntry Ema() {
  return {.info = {.kind = "indicator", .name = "ema", .description = "Exponential moving average of the close"},
          .params = {component::IntParam("period", 20, 1, 5000, "bars", "Span: alpha = 2 / (period + 1)")},
          .outputs = {{"value", "Exponential mean of the closes"}},
          .inputs = EmaKernel::kInputs,
          .warm_up = [](const component::Params& params) { return static_cast<size_t>(params.Int("period") - 1); },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            return MakeKernelIndicator(EmaKernel{ExponentialMean::OfSpan(static_cast<size_t>(params.Int("period")))});
          }};
}

}  // namespace breadthflow::quant
