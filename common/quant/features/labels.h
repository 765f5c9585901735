#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/series.h"

namespace breadthflow::quant {

enum class LabelExit { kOpen = 1, kClose = 2 };
std::string_view ToText(LabelExit exit);  // "open", "close"

// What a model is asked to foresee: the return of a position that could really have been taken. The decision falls at
// the close of bar t, the entry at the open of bar t + 1, the exit `horizon` bars after the entry bar, at its open or
// close.
struct LabelSpec {
  int horizon = 5;  // bars from the entry bar to the exit bar, in [1, 250]
  LabelExit exit = LabelExit::kOpen;
  double threshold = 0.0;  // fraction; class 1 is a return above it, class 0 anything else

  // Rows after a decision row that its label looks at: the purge must be at least that.
  int LookAhead() const { return horizon + 1; }
};

// OK, or INVALID_ARGUMENT with every violation.
absl::Status CheckLabelSpec(const LabelSpec& spec);

// One label. Its outcome depends on prices in (decision_ns, exit_ns]: a training row whose window reaches into the test
// period would leak.
struct Label {
  size_t row = 0;           // of the decision bar
  int64_t decision_ns = 0;  // time of bar t
  int64_t entry_ns = 0;     // time of bar t + 1 (the entry itself is at its open)
  int64_t exit_ns = 0;      // time of bar t + 1 + horizon
  double forward_return = 0;
  int target = 0;  // class
};

// The labels of one symbol, ascending. A bar without a complete future has no label: the last LookAhead() bars are
// absent, never class 0. INVALID_ARGUMENT if the spec is out of range, or open or close is missing or not positive.
absl::StatusOr<std::vector<Label>> ForwardLabels(const Series& bars, const LabelSpec& spec);

}  // namespace breadthflow::quant
