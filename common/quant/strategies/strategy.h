#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "common/component/catalog.h"
#include "common/component/params.h"
#include "common/quant/series.h"
#include "common/quant/signal.h"

namespace breadthflow::quant {

// What a strategy wants beside the bars. Its frame holds the bar columns at 0 .. 4 (open, high, low, close, volume),
// then every output of each indicator in this order, then the extra columns in this order.
struct StrategyNeeds {
  std::vector<component::ComponentRef> indicators;
  // Double columns of the `extra` series given to GenerateSignals, e.g. "probability". Rows may be missing.
  std::vector<std::string> extra;
};

inline constexpr size_t kFrameOpen = 0, kFrameHigh = 1, kFrameLow = 2, kFrameClose = 3, kFrameVolume = 4,
                        kFrameFirstNeed = 5;

struct Decision {
  int64_t direction = 0;  // as Signal::direction
  double score = 0;       // as Signal::score
  std::string reason;
  friend bool operator==(const Decision&, const Decision&) = default;
};

// A rule that turns what is known at the close of a bar into an opinion about one symbol. Pure: the same frame gives
// the same decision, rows after the view can not be seen, and nothing is remembered between calls. Immutable and
// thread-safe. It never calls out: predictions and fundamentals arrive as columns.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual const StrategyNeeds& Needs() const = 0;
  // Number of bars, counted from the first of the series, before the first decision.
  virtual size_t WarmUp() const = 0;
  // The decision at the last row of the view, which has at least WarmUp() + 1 rows. Absent when what it needs is not
  // known at that row (a missing prediction): no row is then written, which is not the same as an opinion of 0.
  virtual std::optional<Decision> Decide(const SeriesView& frame) const = 0;
};

struct StrategyEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  // Refuses combinations of parameters that no range can express (INVALID_ARGUMENT INVALID_PARAMS, all violations).
  std::function<absl::StatusOr<std::unique_ptr<Strategy>>(const component::Params&)> make;
};

// Checks the parameters and makes the strategy. NOT_FOUND UNKNOWN_COMPONENT, INVALID_ARGUMENT INVALID_PARAMS.
absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(const component::ComponentRef& ref);

struct GenerateOptions {
  // Rows are written for decisions in this range only; earlier bars still warm the indicators up.
  TimeRange range;
  std::string variant;  // of the signal series: the run
  base::CancelToken cancel;
};

// Runs a strategy over all bars of one symbol. `extra` (may be nullptr) brings the extra columns; its rows are matched
// to the bars by equal time and rows of it that match no bar are ignored.
// Errors: INVALID_ARGUMENT when the bars or extra columns are not what is needed; the token's status when cancelled.
// Fewer bars than the warm-up give an empty series.
absl::StatusOr<Series> GenerateSignals(const Strategy& strategy, const Series& bars, const Series* extra,
                                       const GenerateOptions& options);

}  // namespace breadthflow::quant
