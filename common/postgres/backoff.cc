#include "common/postgres/backoff.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace breadthflow::postgres {
namespace {

double Uniform() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace

absl::Duration ReconnectPause(int failures) {
  const double seconds = std::min(2.0, 0.05 * std::exp2(std::min(failures - 1, 10)));
  return absl::Seconds(seconds * (0.5 + 0.5 * Uniform()));
}

absl::Duration ConflictPause(int attempt) { return absl::Milliseconds(10) * std::exp2(attempt - 1) * Uniform(); }

}  // namespace breadthflow::postgres
