#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "services/data/store/series_store.h"

namespace breadthflow::data {

// The calendars that were named for series, each asked for once until somebody says that one of them changed: batches
// of rows come far more often. Thread-safe.
class LiveCalendars {
 public:
  // `ask` says which are named of these series; it is called without a lock.
  using Ask = std::function<absl::StatusOr<NamedCalendars>(const std::vector<quant::SeriesKey>& keys)>;
  explicit LiveCalendars(Ask ask) : ask_(std::move(ask)) {}

  // Those of the series for which one was named. Errors as those of `ask`, which is not called when all are known.
  absl::StatusOr<NamedCalendars> Of(const std::vector<quant::SeriesKey>& keys);

  // What was named may have changed: from now on everything is asked for again.
  void Forget();

 private:
  const Ask ask_;
  absl::Mutex mutex_;
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;                                     // how often
  std::map<quant::SeriesKey, const quant::Calendar*> known_ ABSL_GUARDED_BY(mutex_);  // null: none was named
};

}  // namespace breadthflow::data
