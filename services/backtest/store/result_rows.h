#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/postgres/database.h"
#include "services/backtest/domain/outcome.h"
#include "services/backtest/store/backtest_store.h"

// The rows of a result, in and out of their tables: one statement each, inside the transaction given.
namespace breadthflow::backtest {

absl::Status InsertMetrics(postgres::Transaction& tx, const std::string& run_id,
                           const std::vector<StoredMetric>& metrics);
absl::Status InsertFills(postgres::Transaction& tx, const std::string& run_id, const SimulationResult& result);
absl::Status InsertTrades(postgres::Transaction& tx, const std::string& run_id, const std::vector<Trade>& trades);
absl::Status InsertRefusals(postgres::Transaction& tx, const std::string& run_id, const SimulationResult& result);

// In order of sequence.
absl::StatusOr<std::vector<Trade>> SelectTrades(postgres::Transaction& tx, const std::string& run_id,
                                                const std::string& symbol, int64_t after, int64_t limit);
absl::StatusOr<std::vector<report::NamedFill>> SelectFills(postgres::Transaction& tx, const std::string& run_id);
absl::StatusOr<std::vector<report::NamedRefusal>> SelectRefusals(postgres::Transaction& tx, const std::string& run_id,
                                                                 int limit);

}  // namespace breadthflow::backtest
