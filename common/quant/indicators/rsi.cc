#include <algorithm>

#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

double Strength(double gain, double loss) {
  const double total = gain + loss;
  return total > 0 ? 100 * (gain / total) : 50;
}

struct WilderMean {
  explicit WilderMean(size_t period) : mean(ExponentialMean::Wilder(period)) {}
  ExponentialMean mean;
  void Reset() { mean.Reset(); }
  void Push(double x) { mean.Push(x); }
  bool ready() const { return mean.ready(); }
  double value() const { return mean.value(); }
};

struct SimpleMean {
  explicit SimpleMean(size_t period) : window(period) {}
  SlidingWindow window;
  void Reset() { window.Reset(); }
  void Push(double x) { window.PushForMean(x); }
  bool ready() const { return window.ready(); }
  // Rounding may leave a negative trace of a sum of gains that are all but zero.
  double value() const { return std::max(0.0, window.Mean()); }
};

template <typename Mean>
struct RsiKernel {
  static constexpr size_t kOutputs = 1;
  static constexpr unsigned kInputs = kReadsClose;

  explicit RsiKernel(size_t period) : gain(period), loss(period) {}

  Mean gain, loss;
  bool started = false;
  double previous = 0;

  void Reset() {
    gain.Reset();
    loss.Reset();
    started = false;
  }
  void Step(const Bar& bar, double* out) {
    if (started) {
      const double change = bar.close - previous;
      gain.Push(std::max(change, 0.0));
      loss.Push(std::max(-change, 0.0));
    }
    started = true;
    previous = bar.close;
    out[0] = gain.ready() ? Strength(gain.value(), loss.value()) : kNotKnown;
  }
};

}  // namespace

// Relative strength index (Wilder 1978, "New Concepts in Technical Trading Systems", ch. 6).
//
// Output  in [0, 100]; the first `period` rows are NaN. 100 when there was no loss, 50 when nothing moved.
// Smoothing "wilder" (alpha = 1 / period, seeded with the simple mean of the first `period` changes, as TA-Lib) or
// "cutler" (simple means over the last `period` changes).
IndicatorEntry Rsi() {
  return {.info = {.kind = "indicator", .name = "rsi", .description = "Relative strength index of the close"},
          .params = {component::IntParam("period", 14, 2, 500, "bars", "Changes that are averaged"),
                     component::ChoiceParam("smoothing", "wilder", {"wilder", "cutler"},
                                            "How gains and losses are averaged")},
          .outputs = {{"value", "0 (only losses) to 100 (only gains)"}},
          .inputs = kReadsClose,
          .warm_up = [](const component::Params& params) { return static_cast<size_t>(params.Int("period")); },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            const auto period = static_cast<size_t>(params.Int("period"));
            if (params.String("smoothing") == "cutler") return MakeKernelIndicator(RsiKernel<SimpleMean>(period));
            return MakeKernelIndicator(RsiKernel<WilderMean>(period));
          }};
}

}  // namespace breadthflow::quant
