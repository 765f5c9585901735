#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace breadthflow::quant::stats {

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a bijection of 128-bit counters
// for each 64-bit key.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Random numbers without state: the value depends on (seed, stream, counter, lane) only, never on what was drawn
// before. `stream` names what the numbers are for ("AAPL/return"); `counter` is usually a time in Unix nanoseconds or
// an index; `lane` tells several draws at one counter apart. Immutable, cheap to copy, thread-safe; the same bits on
// every CPU.
class CounterRandom {
 public:
  CounterRandom(uint64_t seed, std::string_view stream);

  uint64_t Bits(int64_t counter, uint64_t lane = 0) const;
  // In the open interval (0, 1): 52 random bits and a half.
  double Uniform(int64_t counter, uint64_t lane = 0) const;
  // Standard normal, by inversion.
  double Normal(int64_t counter, uint64_t lane = 0) const;
  // Whole number in [0, bound); bound > 0. The bias is below bound / 2^64.
  uint64_t Below(uint64_t bound, int64_t counter, uint64_t lane = 0) const;

 private:
  std::array<uint32_t, 2> key_;
};

// A sequence drawn from a CounterRandom: shuffles, samples, searches. Not thread-safe.
class RandomSequence {
 public:
  RandomSequence(uint64_t seed, std::string_view stream) : random_(seed, stream) {}
  uint64_t Bits() { return random_.Bits(next_++); }
  double Uniform() { return random_.Uniform(next_++); }
  double Normal() { return random_.Normal(next_++); }
  uint64_t Below(uint64_t bound) { return random_.Below(bound, next_++); }

 private:
  CounterRandom random_;
  int64_t next_ = 0;
};

}  // namespace breadthflow::quant::stats
