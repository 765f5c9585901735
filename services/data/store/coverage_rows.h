#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "common/postgres/database.h"
#include "services/data/domain/coverage.h"

namespace breadthflow::data {

// What CoverageFromRow reads, of the tables coverage c and coverage_series s; behind it the id of the series.
inline constexpr std::string_view kCoverageColumns =
    "s.resource, s.symbol, s.timeframe, s.source, c.start_time_ns, c.end_time_ns, c.outcome, c.row_count, "
    "c.error_code, c.error_reason, c.error_message, c.retryable, c.run_id, c.fetch_time, c.body_sha256, c.basis, "
    "c.parameters, s.id ";
inline constexpr int kCoverageSeriesColumn = 17;
Coverage CoverageFromRow(const postgres::Row& row);

// Writes entries, each with the id of its series.
absl::Status InsertCoverage(postgres::Transaction& tx, const std::vector<std::pair<int64_t, Coverage>>& entries);

// Remembers when the answers among the entries, by the id of their series, became known, for resources of which that is
// asked; what is known already adds nothing. By the database's clock: the series must be locked.
absl::Status InsertAnswers(postgres::Transaction& tx, const std::map<int64_t, const std::vector<Coverage>*>& added);

}  // namespace breadthflow::data
