#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/columnar/chunk_store.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "common/quant/series.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/domain/outcome.h"
#include "services/backtest/domain/report/report.h"

namespace breadthflow::backtest {

// The tables of this service's schema, from number 100 on (jobs and chunks come with their own).
const std::vector<postgres::Migration>& Migrations();

// Which trades of a run: those after a sequence number, of one symbol unless that is empty.
struct TradeQuery {
  std::string symbol;
  int64_t after = -1;
  int64_t limit = 1'000'000;
};

// Runs and what they found. Thread-safe. Errors of the database as postgres::Database says.
class BacktestStore {
 public:
  // `database` must outlive the store.
  explicit BacktestStore(postgres::Database& database) : database_(database), chunks_(database) {}

  // All migrations that the schema needs.
  static std::vector<postgres::Migration> AllMigrations();

  postgres::Database& database() { return database_; }

  // Writes what was asked; the job of the same id is enqueued by the caller in the same transaction.
  static absl::Status Insert(postgres::Transaction& tx, const BacktestRun& run);

  // NOT_FOUND BACKTEST_RUN_NOT_FOUND.
  absl::StatusOr<BacktestRun> Get(const std::string& id, absl::Time deadline);
  // Up to `limit` runs that are older than the run `before` (from the newest when it is empty), newest first.
  absl::StatusOr<std::vector<BacktestRun>> List(const std::string& before, int limit, absl::Time deadline);

  // Stores the chunks of an equity curve without making them visible.
  absl::StatusOr<columnar::WrittenSeries> WriteCurve(const quant::Series& curve) { return chunks_.Write(curve); }
  // Makes the curve visible and writes everything else that the run found: the effects of the run's job.
  absl::Status Complete(postgres::Transaction& tx, const std::string& run_id, const Outcome& outcome,
                        const columnar::WrittenSeries& curve);

  // In order; empty for a run that has not succeeded.
  absl::StatusOr<std::vector<Trade>> Trades(const std::string& run_id, const TradeQuery& query, absl::Time deadline);
  absl::StatusOr<std::vector<report::NamedFill>> Fills(const std::string& run_id, absl::Time deadline);
  absl::StatusOr<std::vector<report::NamedRefusal>> Refusals(const std::string& run_id, int limit, absl::Time deadline);

  // The curve of a run that succeeded, decoded or chunk by chunk.
  absl::StatusOr<quant::Series> ReadCurve(const BacktestRun& run, absl::Time deadline);
  absl::StatusOr<columnar::ChunkCursor> OpenCurve(const BacktestRun& run, absl::Time deadline);

  // Deletes the chunks of curves whose run never ended. Returns how many.
  absl::StatusOr<int64_t> SweepOrphans() { return chunks_.SweepOrphans(absl::Hours(24)); }

 private:
  postgres::Database& database_;
  columnar::ChunkStore chunks_;
};

}  // namespace breadthflow::backtest
