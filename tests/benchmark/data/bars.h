#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <benchmark/benchmark.h>

#include "common/quant/series.h"

// What the benchmarks of data share. Bars are OHLCV.
namespace breadthflow::data {

inline constexpr size_t kLong = 100'000;  // bars of one series
inline constexpr size_t kSeries = 10;
inline constexpr size_t kShort = 5'000;
inline constexpr const char* kSource = "bench";

[[noreturn]] inline void Die(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status());
  return *std::move(value);
}
inline void Must(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

// The daily bars that the benchmarks are made of: real ones when they are at hand, else simulated.
const std::vector<quant::Series>& Bars();

// Blocks of 250 of those bars, drawn with a fixed seed and put one behind the other, hours apart: days would leave
// int64.
quant::Series Bootstrap(const std::string& symbol, size_t rows, uint64_t seed);

// The counter "value" as bars a second.
inline void Rate(benchmark::State& state, size_t bars, const char* unit = "bars/s") {
  state.counters["value"] =
      benchmark::Counter(static_cast<double>(bars), benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(unit);
}

// The counter "value" as milliseconds an iteration.
inline void Milliseconds(benchmark::State& state) {
  state.counters["value"] =
      benchmark::Counter(1e-3, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetLabel("ms");
}

}  // namespace breadthflow::data
