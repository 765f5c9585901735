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
#include "services/signal/domain/signal_run.h"

namespace breadthflow::signal {

// The tables of this service's schema, from number 100 on (jobs and chunks come with their own).
const std::vector<postgres::Migration>& Migrations();

// Signals that are stored but belong to no run until Complete.
using StoredSignals = columnar::WrittenSeries;

// Runs, their results and their signals. Thread-safe. Errors of the database as postgres::Database says.
class SignalStore {
 public:
  // `database` must outlive the store.
  explicit SignalStore(postgres::Database& database) : database_(database), chunks_(database) {}

  // All migrations that the schema needs.
  static std::vector<postgres::Migration> AllMigrations();

  postgres::Database& database() { return database_; }

  // Writes what was asked; the job of the same id is enqueued by the caller in the same transaction.
  static absl::Status Insert(postgres::Transaction& tx, const SignalRun& run);

  // NOT_FOUND SIGNAL_RUN_NOT_FOUND.
  absl::StatusOr<SignalRun> Get(const std::string& id, absl::Time deadline);
  // Up to `limit` runs that are older than the run `before` (from the newest when it is empty), newest first.
  absl::StatusOr<std::vector<SignalRun>> List(const std::string& before, int limit, absl::Time deadline);

  // Stores the chunks of a signal series without making them visible.
  absl::StatusOr<StoredSignals> Write(const quant::Series& signals);
  // Makes the signals visible and writes the results: the effects of the run's job.
  absl::Status Complete(postgres::Transaction& tx, const std::string& run_id, absl::Time valid_from,
                        const std::vector<SymbolResult>& results, const std::vector<StoredSignals>& signals);
  // Writes the results of an attempt in which symbols failed, unless another worker has taken the job since.
  absl::Status RecordFailure(const std::string& run_id, int64_t epoch, const std::vector<SymbolResult>& results);

  // The stored chunks of one symbol's signals; nullopt when the symbol has none.
  absl::StatusOr<std::optional<columnar::ChunkCursor>> Open(const quant::SeriesKey& key, absl::Time deadline);

  // Deletes chunks of runs that never came to Complete, once they are a day old; returns how many.
  absl::StatusOr<int64_t> SweepOrphans() { return chunks_.SweepOrphans(absl::Hours(24)); }

  // Key of a run's signals for one symbol.
  static quant::SeriesKey KeyOf(const std::string& run_id, const SymbolResult& result);

 private:
  postgres::Database& database_;
  columnar::ChunkStore chunks_;
};

}  // namespace breadthflow::signal
