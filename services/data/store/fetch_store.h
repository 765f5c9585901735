#pragma once

#include <functional>
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
  std::vector<FetchResult> results;  // empty until the run has ended
  absl::Time create_time;
};

// Where a page of runs or snapshots begins: behind this one.
struct ListPosition {
  absl::Time create_time;
  std::string id;
};

// Thread-safe; holds nothing but the database.
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

  // Replaces the results of the run.
  absl::Status SaveResults(postgres::Transaction& tx, const std::string& id, const std::vector<FetchResult>& results);

  // The same in a transaction of its own, with `also`, for a run that is about to fail; nothing when `epoch` no longer
  // holds the job.
  absl::Status SaveResults(const std::string& id, int64_t epoch, const std::vector<FetchResult>& results,
                           const std::function<absl::Status(postgres::Transaction&)>& also);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
