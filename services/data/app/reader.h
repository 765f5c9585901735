#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/quant/series.h"
#include "services/data/app/fetcher.h"
#include "services/data/domain/quality/report.h"
#include "services/data/domain/snapshot.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"
#include "services/data/store/snapshot_store.h"

namespace breadthflow::data {

// Which rows of which series, in which state. With a snapshot the other fields narrow it.
struct ReadQuery {
  std::string snapshot_id;
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  absl::Time as_of = absl::InfiniteFuture();
  std::string source;
  std::vector<std::string> fields;  // columns wanted; empty: all
};

// Reads, snapshots and quality reports: what is asked of stored series. Thread-safe.
class Reader {
 public:
  Reader(postgres::Database& database, ResourceStore& resources, SeriesStore& series, SnapshotStore& snapshots,
         const base::Clock& clock)
      : database_(database), resources_(resources), series_(series), snapshots_(snapshots), clock_(clock) {}

  // The series to read, with their versions fixed: in the order of the query's symbols, else of the snapshot.
  // INVALID_ARGUMENT without symbols and snapshot, and for fields that the resource does not have; NOT_FOUND with every
  // symbol that is not there.
  absl::StatusOr<std::vector<PlannedSeries>> Plan(const ReadQuery& query, absl::Time deadline);

  // A whole series in the basis wanted, only the columns named (all when empty).
  absl::StatusOr<quant::Series> ReadAdjusted(const PlannedSeries& planned, quant::PriceBasis basis,
                                             const std::vector<std::string>& fields, absl::Time deadline);

  // Freezes what is known now, or at spec.as_of when that is earlier: the snapshot's as_of, which nothing that is
  // written later can come before. NOT_FOUND, FAILED_PRECONDITION as SeriesStore::Resolve.
  absl::StatusOr<Snapshot> CreateSnapshot(const SnapshotSpec& spec, const Submission& submission,
                                          const base::CancelToken& cancel);

  // The report on a snapshot; made now when there is none yet.
  absl::StatusOr<QualityReport> GetReport(const std::string& snapshot_id, absl::Time deadline,
                                          const base::CancelToken& cancel);

 private:
  postgres::Database& database_;
  ResourceStore& resources_;
  SeriesStore& series_;
  SnapshotStore& snapshots_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::data
