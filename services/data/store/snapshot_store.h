#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "services/data/domain/quality/report.h"
#include "services/data/domain/snapshot.h"
#include "services/data/store/fetch_store.h"

namespace breadthflow::data {

// Snapshots and the quality reports on them. Thread-safe; holds nothing but the database.
class SnapshotStore {
 public:
  explicit SnapshotStore(postgres::Database& database) : database_(database) {}

  // Fills in create_time from the database's clock. as_of must have been reached: see SeriesStore::Settle.
  absl::Status Insert(postgres::Transaction& tx, const Snapshot& snapshot);

  // NOT_FOUND SNAPSHOT_NOT_FOUND.
  absl::StatusOr<Snapshot> Get(const std::string& id, absl::Time deadline);

  // Newest first, without their series.
  absl::StatusOr<std::vector<Snapshot>> List(const std::optional<ListPosition>& after, int limit, absl::Time deadline);

  // Versions of a series that snapshots name; of splits and dividends also those that were known when a snapshot of the
  // symbol was made, for its prices are adjusted by them.
  static absl::StatusOr<std::vector<int64_t>> VersionsNeeded(postgres::Transaction& tx, const quant::SeriesKey& key);

  // nullopt when the snapshot has not been checked yet.
  absl::StatusOr<std::optional<QualityReport>> FindReport(const std::string& snapshot_id, absl::Time deadline);

  // Keeps the report; the first one when two were made at the same time.
  absl::Status SaveReport(const QualityReport& report, absl::Time deadline);

  // Ids of the snapshots that have a report, newest report first.
  absl::StatusOr<std::vector<ListPosition>> ListReports(const std::optional<ListPosition>& after, int limit,
                                                        absl::Time deadline);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
