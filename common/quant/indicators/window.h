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
  explicit SlidingWindow(size_t size)
      : size_(size), block_(size), sums_(size), squares_(size), inverse_(1.0 / static_cast<double>(size)) {}

  void Reset() {
    filled_ = 0;
    ready_ = false;
    sum_ = prefix_ = 0;
    square_ = prefix_square_ = 0;
    anchor_ = 0;
  }

  // Only Mean() is kept up to date.
  void PushForMean(double x) { Push<false>(x); }
  // Mean() and Spread() are.
  void PushForSpread(double x) { Push<true>(x); }

  // Pushes two whole blocks at once and writes the mean, and where wanted the sum of squared differences from it, after
  // each number: the same bits as number by number, but the four running sums that hang on nothing of each other are
  // in flight together. Returns how many numbers it took: 0 where the next number does not begin a block, or the
  // numbers are too few.
  template <bool kSquares>
  size_t PushBlocks(const double* x, size_t count, double* mean, double* spread) {
    if (filled_ != 0 || !ready_ || count < 2 * size_) return 0;
    Scratch& a = scratch_[0];
    Scratch& b = scratch_[1];
    a.Resize(size_);
    b.Resize(size_);
    const double* const y = x + size_;
    const double anchor_a = x[size_ - 1], anchor_b = y[size_ - 1];
    double pa = 0, pb = 0, sa = 0, sb = 0, pa2 = 0, pb2 = 0, sa2 = 0, sb2 = 0;
    for (size_t i = 0, j = size_ - 1; i < size_; ++i, --j) {
      const double dpa = x[i] - anchor_, dpb = y[i] - anchor_a, dsa = x[j] - anchor_a, dsb = y[j] - anchor_b;
      a.prefix[i] = pa += dpa;
      b.prefix[i] = pb += dpb;
      a.suffix[j] = sa += dsa;
      b.suffix[j] = sb += dsb;
      if constexpr (kSquares) {
        a.prefix_square[i] = pa2 += dpa * dpa;
        b.prefix_square[i] = pb2 += dpb * dpb;
        a.suffix_square[j] = sa2 += dsa * dsa;
        b.suffix_square[j] = sb2 += dsb * dsb;
      }
    }
    Combine<kSquares>(sums_.data(), squares_.data(), a, anchor_, anchor_a, mean, spread);
    Combine<kSquares>(a.suffix.data(), a.suffix_square.data(), b, anchor_a, anchor_b, mean + size_, spread + size_);
    sums_.swap(b.suffix);
    squares_.swap(b.suffix_square);
    anchor_ = anchor_b;
    sum_ = sums_[0];
    square_ = squares_[0];
    return 2 * size_;
  }

  // True once `size` numbers were pushed; before that the moments mean nothing.
  bool ready() const { return ready_; }
  double Mean() const { return anchor_ + sum_ * inverse_; }
  // Sum of squared differences from the mean.
  double Spread() const { return std::max(0.0, square_ - sum_ * sum_ * inverse_); }

 private:
  // Running sums of one block, from its beginning and from its end.
  struct Scratch {
    void Resize(size_t size) {
      for (std::vector<double>* sums : {&prefix, &suffix, &prefix_square, &suffix_square}) sums->resize(size);
    }
    std::vector<double> prefix, suffix, prefix_square, suffix_square;
  };

  // Windows that end in `block`, whose numbers come after the block that `suffix` is of.
  template <bool kSquares>
  void Combine(const double* suffix, const double* suffix_square, const Scratch& block, double anchor,
               double next_anchor, double* mean, double* spread) const {
    const size_t last = size_ - 1;
    for (size_t i = 0; i < last; ++i) {
      const double sum = suffix[i + 1] + block.prefix[i];
      mean[i] = anchor + sum * inverse_;
      if constexpr (kSquares)
        spread[i] = std::max(0.0, (suffix_square[i + 1] + block.prefix_square[i]) - sum * sum * inverse_);
    }
    const double sum = block.suffix[0];
    mean[last] = next_anchor + sum * inverse_;
    if constexpr (kSquares) spread[last] = std::max(0.0, block.suffix_square[0] - sum * sum * inverse_);
  }

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
  Scratch scratch_[2];
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
