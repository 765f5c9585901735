#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {

enum class QuarantineState { kHeld = 1, kReleased = 2, kDiscarded = 3 };

inline constexpr size_t kMaxComment = 1'000;  // characters

// Rows of one series that a gate kept apart. They are kept beside the series and not in them, so that nothing reads
// them until they are released.
struct Quarantine {
  std::string id;
  quant::SeriesKey key;  // the series they are of; the variant names the source
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;
  std::string origin;                        // "fetchRuns/0190..."
  quant::TimeRange range;                    // what was asked for
  std::optional<quant::TimeRange> replaces;  // released, they are all there is in it
  int64_t rows = 0;
  std::string stored_sha256;  // content hash of what was stored in the range when they came; empty: nothing
  std::vector<Finding> findings;
  std::vector<RepairProposal> proposals;
  QuarantineState state = QuarantineState::kHeld;
  absl::Time create_time;
  absl::Time resolve_time;  // InfiniteFuture while held
  std::string resolved_by;
  std::string comment;
};

}  // namespace breadthflow::data
