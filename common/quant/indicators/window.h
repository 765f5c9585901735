#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace breadthflow::quant {

// Moments of the last `size` numbers, in amortised constant time and without drift.
//
// The stream is cut into blocks of `size`. A window is the end of one block and the beginning of the next, so its sum
// is a suffix sum of the first plus a prefix sum of the second: nothing is ever subtracted again, and an error can not
// live longer than two blocks. All sums are relative to the last number of the finished block, which every window that
// uses them contains: a window of equal numbers has exactly that mean and variance 0, and prices of 10,000 lose no
// more digits than prices of 10.
class SlidingWindow {
 public:
  explicit SlidingWindow(size_t size) : size_(size), block_(size), sums_(size), squares_(size), inverse_(1.0 / size) {}

  void Reset() {
    filled_ = 0;
    ready_ = false;
    sum_ = prefix_ = 0;
    square_ = prefix_square_ = 0;
    anchor_ = 0;
  }

  // Only Mean() is kept up to date.
  void PushForMean(double x) { Push<false>(x); }
  // Mean() and Variance() are.
  void PushForVariance(double x) { Push<true>(x); }

  // True once `size` numbers were pushed; before that the moments mean nothing.
  bool ready() const { return ready_; }
  double Mean() const { return anchor_ + sum_ * inverse_; }
  // Sum of squared differences from the mean, divided by `divisor` (size: population, size - 1: sample).
  double Variance(double divisor) const { return std::max(0.0, (square_ - sum_ * sum_ * inverse_) / divisor); }

 private:
  template <bool kSquares>
  void Push(double x) {
    block_[filled_] = x;
    if (++filled_ < size_) {
      const double d = x - anchor_;
      prefix_ += d;
      sum_ = sums_[filled_] + prefix_;
      if constexpr (kSquares) {
        prefix_square_ += d * d;
        square_ = squares_[filled_] + prefix_square_;
      }
      return;
    }
    CloseBlock<kSquares>(x);
  }

  template <bool kSquares>
  void CloseBlock(double last) {
    anchor_ = last;
    double sum = 0, square = 0;
    for (size_t i = size_; i-- > 0;) {
      const double d = block_[i] - anchor_;
      sums_[i] = sum += d;
      if constexpr (kSquares) squares_[i] = square += d * d;
    }
    sum_ = sum;
    square_ = square;
    prefix_ = prefix_square_ = 0;
    filled_ = 0;
    ready_ = true;
  }

  size_t size_;
  std::vector<double> block_;  // the block being filled
  std::vector<double> sums_;   // of the finished block: sums_[i] over its elements i .. size - 1
  std::vector<double> squares_;
  double inverse_;
  size_t filled_ = 0;
  bool ready_ = false;
  double anchor_ = 0;
  double sum_ = 0, prefix_ = 0;
  double square_ = 0, prefix_square_ = 0;
};

// Mean of the first `size` numbers, relative to the first of them: equal numbers give exactly that number.
class SeedMean {
 public:
  explicit SeedMean(size_t size) : size_(size) {}
  void Reset() { *this = SeedMean(size_); }
  // True when `x` was the last one.
  bool Push(double x) {
    if (count_ == 0) first_ = x;
    sum_ += x - first_;
    return ++count_ == size_;
  }
  double Mean() const { return first_ + sum_ / static_cast<double>(size_); }

 private:
  size_t size_;
  size_t count_ = 0;
  double first_ = 0;
  double sum_ = 0;
};

// Exponential mean: alpha * x + (1 - alpha) * before, seeded with the simple mean of the first `size` numbers.
class ExponentialMean {
 public:
  ExponentialMean(size_t size, double alpha) : seed_(size), alpha_(alpha) {}
  // alpha = 2 / (size + 1).
  static ExponentialMean OfSpan(size_t size) { return {size, 2.0 / static_cast<double>(size + 1)}; }
  // Wilder's: alpha = 1 / size.
  static ExponentialMean Wilder(size_t size) { return {size, 1.0 / static_cast<double>(size)}; }

  void Reset() {
    seed_.Reset();
    ready_ = false;
    value_ = 0;
  }
  void Push(double x) {
    if (ready_) {
      value_ += (x - value_) * alpha_;
    } else if (seed_.Push(x)) {
      value_ = seed_.Mean();
      ready_ = true;
    }
  }
  bool ready() const { return ready_; }
  double value() const { return value_; }

 private:
  SeedMean seed_;
  double alpha_;
  bool ready_ = false;
  double value_ = 0;
};

}  // namespace breadthflow::quant
