#include "common/quant/indicators/indicator.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

// Rows that are checked and computed together: small enough to stay in the first-level cache.
constexpr size_t kBlock = 1024;

struct Input {
  unsigned bit;
  const char* name;
  std::span<const double> BarColumns::*column;
  double Bar::*field;
};

constexpr Input kInputs[] = {{kReadsOpen, "open", &BarColumns::open, &Bar::open},
                             {kReadsHigh, "high", &BarColumns::high, &Bar::high},
                             {kReadsLow, "low", &BarColumns::low, &Bar::low},
                             {kReadsClose, "close", &BarColumns::close, &Bar::close},
                             {kReadsVolume, "volume", &BarColumns::volume, &Bar::volume}};

absl::Status NotFinite(const char* column, double value, size_t row) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_FINITE",
                         fmt::format("{} must be finite, was {} at row {}", column, value, row));
}

// x * 0 is 0 for finite x and NaN otherwise: one sum tells whether all are finite, without a branch per row.
bool AllFinite(std::span<const double> values) {
  double lanes[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4)
    for (size_t k = 0; k < 4; ++k) lanes[k] += values[i + k] * 0.0;
  for (; i < values.size(); ++i) lanes[0] += values[i] * 0.0;
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) == 0;
}

absl::Status CheckFinite(const BarColumns& bars, unsigned inputs, size_t begin, size_t end) {
  for (const Input& input : kInputs) {
    if ((inputs & input.bit) == 0) continue;
    const std::span<const double> values = (bars.*input.column).subspan(begin, end - begin);
    if (AllFinite(values)) continue;
    const auto bad = std::find_if(values.begin(), values.end(), [](double x) { return !std::isfinite(x); });
    return NotFinite(input.name, *bad, begin + static_cast<size_t>(bad - values.begin()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Indicator::Update(const Bar& bar, std::span<double> out) {
  for (const Input& input : kInputs) {
    if ((inputs_ & input.bit) != 0 && !std::isfinite(bar.*input.field))
      return NotFinite(input.name, bar.*input.field, 0);
  }
  DoUpdate(bar, out.data());
  return absl::OkStatus();
}

absl::Status Indicator::Compute(const BarColumns& bars, std::span<const std::span<double>> outputs) {
  Reset();
  for (size_t begin = 0; begin < bars.size(); begin += kBlock) {
    const size_t end = std::min(begin + kBlock, bars.size());
    BF_RETURN_IF_ERROR(CheckFinite(bars, inputs_, begin, end));
    DoCompute(bars, begin, end, outputs);
  }
  return absl::OkStatus();
}

absl::StatusOr<IndicatorColumns> ComputeIndicator(const IndicatorEntry& entry, const component::RawParams& params,
                                                  const BarColumns& bars) {
  BF_ASSIGN_OR_RETURN(const component::Params checked, component::Params::Check(entry.params, params));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Indicator> indicator, entry.make(checked));
  IndicatorColumns columns(entry.outputs.size(), std::vector<double>(bars.size()));
  const std::vector<std::span<double>> outputs(columns.begin(), columns.end());
  BF_RETURN_IF_ERROR(indicator->Compute(bars, outputs));
  return columns;
}

}  // namespace breadthflow::quant
