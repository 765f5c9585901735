#pragma once

#include <memory>
#include <utility>

#include "common/quant/indicators/indicator.h"

namespace breadthflow::quant {

// Makes an Indicator of a kernel: one class with the arithmetic of one step, used bar by bar and over whole columns, so
// that both give the same bits by construction. A Kernel is movable and has
//   static constexpr size_t kOutputs;
//   static constexpr unsigned kInputs;                 // kReads... bits
//   void Reset();
//   void Step(const Bar& bar, double* out);            // inline; allocates nothing
// and may have a faster way for many bars, which gives the same bits and returns how many of the bars [row, end) it
// did:
//   size_t Leap(const BarColumns& bars, size_t row, size_t end, double* const* columns);
template <typename Kernel>
class KernelIndicator final : public Indicator {
 public:
  explicit KernelIndicator(Kernel kernel) : Indicator(Kernel::kInputs), kernel_(std::move(kernel)) {}

  void Reset() override { kernel_.Reset(); }

 private:
  void DoUpdate(const Bar& bar, double* out) override { kernel_.Step(bar, out); }

  void DoCompute(const BarColumns& bars, size_t begin, size_t end,
                 std::span<const std::span<double>> outputs) override {
    // A local copy of the state may live in registers: stores to the outputs can not alias it.
    Kernel kernel = std::move(kernel_);
    double* columns[Kernel::kOutputs];
    for (size_t k = 0; k < Kernel::kOutputs; ++k) columns[k] = outputs[k].data();
    for (size_t row = begin; row < end; ++row) {
      if constexpr (requires { kernel.Leap(bars, row, end, columns); }) {
        row += kernel.Leap(bars, row, end, columns);
        if (row == end) break;
      }
      double out[Kernel::kOutputs];
      kernel.Step(bars[row], out);
      for (size_t k = 0; k < Kernel::kOutputs; ++k) columns[k][row] = out[k];
    }
    kernel_ = std::move(kernel);
  }

  Kernel kernel_;
};

template <typename Kernel>
std::unique_ptr<Indicator> MakeKernelIndicator(Kernel kernel) {
  return std::make_unique<KernelIndicator<Kernel>>(std::move(kernel));
}

inline constexpr double kNotKnown = __builtin_nan("");

}  // namespace breadthflow::quant
