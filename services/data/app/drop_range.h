#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/base/clock.h"
#include "services/data/app/fetcher.h"
#include "services/data/domain/range_drop.h"
#include "services/data/store/range_drop_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Old rows that nobody needs any more. They go at once out of the newest state of each series, in one transaction for
// all of them, and out of the earlier states when Maintenance sweeps, unless a snapshot needs those. What is covered
// (CoverageStore) stays so: the rows are not asked for again unless somebody wants all refetched. Thread-safe.
class RangeDrops {
 public:
  RangeDrops(postgres::Database& database, ResourceStore& resources, SeriesStore& series, const base::Clock& clock)
      : database_(database), resources_(resources), series_(series), store_(database), clock_(clock) {}

  // The same request_id gives the same answer. NOT_FOUND UNKNOWN_SERIES with every symbol that is not stored,
  // INVALID_ARGUMENT with every violation, ABORTED SERIES_MOVED when writers were first three times.
  absl::StatusOr<RangeDrop> Drop(const DropSpec& spec, const Submission& submission, const base::CancelToken& cancel);

  // What Drop would do now.
  absl::StatusOr<RangeDrop> Check(const DropSpec& spec, absl::Time deadline, const base::CancelToken& cancel);

 private:
  absl::StatusOr<columnar::SeriesFilter> FilterOf(const DropSpec& spec, absl::Time deadline);

  postgres::Database& database_;
  ResourceStore& resources_;
  SeriesStore& series_;
  RangeDropStore store_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::data
