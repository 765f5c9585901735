#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/repair.h"
#include "services/data/domain/series_market.h"

namespace breadthflow::data {

enum class QuarantineState { kHeld = 1, kReleased = 2, kDiscarded = 3 };

inline constexpr size_t kMaxComment = 1'000;  // characters

// Rows of one series that a gate kept apart. They are kept beside the series and not in them, so that nothing reads
// them until they are released. Rows that come again while they are held change what depends on when they came: range,
// replaces, stored_sha256, coverage, market, naming, findings, last_origin, last_time, arrivals.
struct Quarantine {
  std::string id;
  quant::SeriesKey key;  // the series they are of; the variant names the source
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;
  std::string origin;                        // that brought them first: "fetchRuns/0190..."
  quant::TimeRange range;                    // what was asked for
  std::optional<quant::TimeRange> replaces;  // released, they are all there is in it
  int64_t rows = 0;
  int64_t expected_rows = 0;       // by the calendar, from the first to the last of them
  std::string content_sha256;      // of the rows
  std::string stored_sha256;       // of what was stored in the range when they came last; empty: nothing
  std::vector<Coverage> coverage;  // of their series, as it is when they are stored; none of what no fetch brought
  // That was named with the rows, or concluded from the time zone of their texts: the series has it when they are
  // stored, what was concluded only where nothing has been named by then.
  std::optional<SeriesMarket> market{};
  Naming naming = Naming::kInstead;  // of `market`
  std::vector<Finding> findings;
  std::vector<RepairProposal> proposals;
  QuarantineState state = QuarantineState::kHeld;
  std::string last_origin;  // that brought them last while they were held
  absl::Time last_time;
  int64_t arrivals = 1;
  absl::Time create_time;
  absl::Time resolve_time;  // InfiniteFuture while held
  std::string resolved_by;
  std::string comment;
};

}  // namespace breadthflow::data
