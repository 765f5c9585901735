#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/component/params.h"
#include "common/quant/bar.h"

namespace breadthflow::quant {

// An indicator over bars, in two ways that give the same bits: all bars at once, or bar by bar.
//
// Output is causal: row i depends on rows 0 .. i only. The first warm-up rows are NaN ("not known yet"); after them
// every value is finite. Windows are summed relative to a price inside them and begin afresh once per window length, so
// that no rounding error is carried from one window to the next however long the series is.
// One object is one stream: not thread-safe, movable through its pointer only.
class Indicator {
 public:
  virtual ~Indicator() = default;

  // Feeds one bar and writes one value per output. INVALID_ARGUMENT NOT_FINITE when a column that it reads is NaN or
  // infinite (the state is then unchanged); `out` has the size of the entry's outputs.
  absl::Status Update(const Bar& bar, std::span<double> out);

  // Forgets everything that was fed.
  virtual void Reset() = 0;

  // The outputs for all rows, as if fed from the beginning: resets first, and leaves the state after the last row, so
  // that Update can go on. outputs[k] has bars.size() elements. Errors as Update; outputs are then unspecified.
  absl::Status Compute(const BarColumns& bars, std::span<const std::span<double>> outputs);

 protected:
  explicit Indicator(unsigned inputs) : inputs_(inputs) {}

 private:
  virtual void DoUpdate(const Bar& bar, double* out) = 0;
  // Feeds rows [begin, end), which are finite, and writes them to the same rows of the outputs.
  virtual void DoCompute(const BarColumns& bars, size_t begin, size_t end,
                         std::span<const std::span<double>> outputs) = 0;

  const unsigned inputs_;
};

// Columns that an indicator reads, as bits.
inline constexpr unsigned kReadsOpen = 1, kReadsHigh = 2, kReadsLow = 4, kReadsClose = 8, kReadsVolume = 16;

struct IndicatorOutput {
  std::string name;  // "value" where there is one output
  std::string description;
};

// A catalogue entry. `inputs` are kReads... bits. `warm_up` is the number of leading rows in which at least one output
// is NaN. `make` refuses combinations of parameters that no range can express (INVALID_ARGUMENT INVALID_PARAMS).
struct IndicatorEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::vector<IndicatorOutput> outputs;
  unsigned inputs = kReadsClose;
  std::function<size_t(const component::Params&)> warm_up;
  std::function<absl::StatusOr<std::unique_ptr<Indicator>>(const component::Params&)> make;
};

// One column per output, each as long as the bars.
using IndicatorColumns = std::vector<std::vector<double>>;

// Checks `params` against the entry, makes the indicator and computes all rows.
absl::StatusOr<IndicatorColumns> ComputeIndicator(const IndicatorEntry& entry, const component::RawParams& params,
                                                  const BarColumns& bars);

}  // namespace breadthflow::quant
