#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "common/jobs/runner.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/symbol_fetch.h"
#include "services/data/domain/fetch.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Commits the symbols of one run as they end: what a symbol brought, what is said of it and its result in one
// transaction, and only while this attempt holds the job. Symbols that end while one is being committed share the next
// transaction: fast sources do not pay one each. Thread-safe; everything given must outlive it.
class SymbolCommits {
 public:
  struct Stores {
    postgres::Database& database;
    SeriesStore& series;
    CoverageStore& coverage;
    Quarantines& quarantines;
  };
  // `market` is kept with the series of `variant`, those of the preferred source; nullopt: it names none.
  SymbolCommits(const Stores& stores, jobs::JobContext& context, std::string variant,
                std::optional<SeriesMarket> market);

  // Returns when the symbol is committed, or can not be: ABORTED SERIES_MOVED or QUARANTINE_MOVED when others were
  // first (nothing of it is stored then; fetch it again), errors of JobContext::Hold, and those of the database when
  // they do not pass within half a minute.
  absl::Status Commit(int64_t position, const FetchedSymbol& symbol);

  // Whether others were first.
  static bool IsMoved(const absl::Status& status);

 private:
  struct Waiting {
    int64_t position;
    const FetchedSymbol* symbol;
    absl::Status status;
    bool ended = false;
  };

  // Commits all of them; what stands in the way of one does not stop the others.
  void CommitGroup(const std::vector<Waiting*>& group);
  // In one transaction, all or none; tried again for as long as that may help.
  absl::Status CommitTogether(const std::vector<Waiting*>& group);
  absl::Status Write(postgres::Transaction& tx, const std::vector<Waiting*>& group,
                     const std::vector<EndedSymbol>& ended);

  const Stores stores_;
  jobs::JobContext& context_;
  const std::string variant_;  // whose rows are of the market
  const std::optional<SeriesMarket> market_;

  absl::Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;  // a group is being committed
  std::vector<Waiting*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::data
