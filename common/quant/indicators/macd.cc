#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/indicators/kernel.h"
#include "common/quant/indicators/window.h"

namespace breadthflow::quant {
namespace {

struct MacdKernel {
  static constexpr size_t kOutputs = 3;
  static constexpr unsigned kInputs = kReadsClose;

  MacdKernel(size_t fast_period, size_t slow_period, size_t signal_period)
      : skipped(slow_period - fast_period),
        fast(ExponentialMean::OfSpan(fast_period)),
        slow(ExponentialMean::OfSpan(slow_period)),
        signal(ExponentialMean::OfSpan(signal_period)) {}

  size_t skipped;  // rows before the fast mean begins, so that both have their first value in the same row
  ExponentialMean fast, slow, signal;
  size_t row = 0;

  void Reset() {
    fast.Reset();
    slow.Reset();
    signal.Reset();
    row = 0;
  }
  void Step(const Bar& bar, double* out) {
    slow.Push(bar.close);
    if (row++ >= skipped) fast.Push(bar.close);
    const double macd = fast.value() - slow.value();
    if (slow.ready()) signal.Push(macd);
    const bool ready = signal.ready();
    out[0] = ready ? macd : kNotKnown;
    out[1] = ready ? signal.value() : kNotKnown;
    out[2] = ready ? macd - signal.value() : kNotKnown;
  }
};

}  // namespace

// Moving average convergence/divergence (Appel): EMA(fast) - EMA(slow), its EMA and their difference.
//
// Conventions of TA-Lib: both means have their first value in row slow - 1 (the fast one is seeded with the closes of
// rows slow - fast .. slow - 1), the signal is seeded with the mean of its first `signal` inputs, and nothing is known
// before it: first values at row slow + signal - 2.
IndicatorEntry Macd() {
  return {.info = {.kind = "indicator",
                   .name = "macd",
                   .description = "Moving average convergence/divergence of the close"},
          .params = {component::IntParam("fast", 12, 1, 500, "bars", "Span of the fast mean; below `slow`"),
                     component::IntParam("slow", 26, 2, 1000, "bars", "Span of the slow mean"),
                     component::IntParam("signal", 9, 1, 500, "bars", "Span of the signal line")},
          .outputs = {{"macd", "Fast mean less slow mean, in price units"},
                      {"signal", "Exponential mean of macd"},
                      {"histogram", "macd less signal"}},
          .inputs = kReadsClose,
          .warm_up =
              [](const component::Params& params) {
                return static_cast<size_t>(params.Int("slow") + params.Int("signal") - 2);
              },
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Indicator>> {
            const int64_t fast = params.Int("fast"), slow = params.Int("slow");
            base::Violations violations;
            if (fast >= slow) violations.Add("fast", fmt::format("must be less than slow ({}), was {}", slow, fast));
            BF_RETURN_IF_ERROR(violations.ToStatus("invalid parameters", "INVALID_PARAMS"));
            return MakeKernelIndicator(MacdKernel(static_cast<size_t>(fast), static_cast<size_t>(slow),
                                                  static_cast<size_t>(params.Int("signal"))));
          }};
}

}  // namespace breadthflow::quant
