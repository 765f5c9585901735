#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "services/data/domain/fetch.h"

namespace breadthflow::data {

// The tables of the data service's own: fetches, snapshots, quality reports; from number 100 on.
const std::vector<postgres::Migration>& Migrations();

// A fetch as it stands.
struct FetchRun {
  std::string id;
  FetchSpec spec;
  std::string source_version;
  jobs::Job job;
  std::vector<FetchResult> results;  // of the symbols that ended, in their order; empty until the run has ended
  absl::Time create_time;
};

// How a symbol of a run ended.
struct EndedSymbol {
  int64_t position = 0;                 // in the spec
  const FetchResult* result = nullptr;  // not null
};

// Where a page of runs or snapshots begins: behind this one.
struct ListPosition {
  absl::Time create_time;
  std::string id;
};

// Thread-safe; holds nothing but the database. fetch_store.cc and fetch_results.cc have its parts.
class FetchStore {
 public:
  explicit FetchStore(postgres::Database& database) : database_(database) {}

  // The job of this id is in the same transaction, before this.
  absl::Status Insert(postgres::Transaction& tx, const std::string& id, const FetchSpec& spec,
                      const std::string& source_version);

  // NOT_FOUND FETCH_RUN_NOT_FOUND.
  absl::StatusOr<FetchRun> Get(const std::string& id, absl::Time deadline);

  // Newest first, without results; at most `limit`.
  absl::StatusOr<std::vector<FetchRun>> List(const std::optional<ListPosition>& after, int limit, absl::Time deadline);

  // What has been recorded of a run so far, whatever its state, in the order of its symbols.
  absl::StatusOr<std::vector<FetchResult>> Results(const std::string& id, absl::Time deadline);

  // Records how symbols of the run ended, in place of what an earlier attempt said of them. `epoch` is that of the
  // attempt which holds the job.
  static absl::Status SaveResults(postgres::Transaction& tx, const std::string& id, int64_t epoch,
                                  const std::vector<EndedSymbol>& ended);
  // Whether this attempt has recorded all of them.
  static absl::StatusOr<bool> Saved(postgres::Transaction& tx, const std::string& id, int64_t epoch,
                                    const std::vector<EndedSymbol>& ended);

  // Deletes up to `limit` runs, with their jobs and results, that ended at least `min_age` ago and that nothing is left
  // of: no version of a series, no covered range and no quarantine names them. Returns how many.
  absl::StatusOr<int64_t> Prune(absl::Duration min_age, int limit);

 private:
  static absl::Status ReadResults(postgres::Transaction& tx, const std::string& id, std::vector<FetchResult>& results);

  postgres::Database& database_;
};

}  // namespace breadthflow::data
