#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"

namespace breadthflow::jobs {

// A job whose worker still holds it, as a heartbeat sees it.
struct Lease {
  std::string id;
  int64_t epoch = 0;
  double progress = 0;
  std::string stage;
};

struct LeaseState {
  std::string id;
  int64_t epoch = 0;
  bool cancel_requested = false;
};

struct QueueDepth {
  std::string kind;
  State state = State::kQueued;
  int64_t count = 0;
  absl::Duration oldest_ready;  // age of the oldest job that could run now; zero when there is none
};

// The SQL of the job table (`job` in the schema of the database). All times and leases are the database's clock
// (clock_timestamp); no clock of a worker takes part. Stateless: every call works inside the transaction given.
class JobStore {
 public:
  // Numbers 1-9: tables job and request.
  static const std::vector<postgres::Migration>& Migrations();

  // Errors: ALREADY_EXISTS when the id is taken, INVALID_ARGUMENT for empty ids or kinds.
  static absl::Status Enqueue(postgres::Transaction& tx, const NewJob& job);

  // NOT_FOUND with reason JOB_NOT_FOUND.
  static absl::StatusOr<Job> Get(postgres::Transaction& tx, std::string_view id);
  // Those of `ids` that exist, in no order.
  static absl::StatusOr<std::vector<Job>> GetAll(postgres::Transaction& tx, const std::vector<std::string>& ids);

  // For stores that join their run table with `job`: the columns of a job under its table's `alias`, comma-separated,
  // and the Job of a row whose columns from `first` on are those.
  //   SELECT r.name, {JobStore::Columns("j")} FROM run r JOIN job j ON j.id = r.id
  static std::string Columns(std::string_view alias);
  static constexpr int kColumnCount = 20;
  static Job FromRow(const postgres::Row& row, int first);

  // A queued job is CANCELLED at once; of a running one the wish is noted, and from the commit on it can not succeed
  // any more. No-op on a terminal job. NOT_FOUND for an unknown one. Returns the state after the call.
  static absl::StatusOr<State> RequestCancel(postgres::Transaction& tx, std::string_view id);

  // Up to `limit` jobs of `kinds` that may run now become RUNNING under `worker_id` for `lease`; attempt and epoch
  // grow.
  static absl::StatusOr<std::vector<Job>> Claim(postgres::Transaction& tx, const std::vector<std::string>& kinds,
                                                int limit, std::string_view worker_id, absl::Duration lease);

  // Renews the leases that are still ours and stores progress; returns them. What is missing in the answer is lost. A
  // row locked by someone (who finishes or cancels it) is not waited for and counts as held.
  static absl::StatusOr<std::vector<LeaseState>> Heartbeat(postgres::Transaction& tx, const std::vector<Lease>& leases,
                                                           absl::Duration lease);

  // Which of the leases are still ours, without renewing them.
  static absl::StatusOr<std::vector<LeaseState>> Held(postgres::Transaction& tx, const std::vector<Lease>& leases);
  // The running jobs of a worker: how it finds out what it claimed when that COMMIT was in doubt.
  static absl::StatusOr<std::vector<Job>> HeldBy(postgres::Transaction& tx, std::string_view worker_id);

  // RUNNING -> SUCCEEDED if `epoch` still holds the job, else ABORTED LEASE_LOST; CANCELLED when cancel was asked
  // before. Called first in the transaction that writes the effects: the row stays locked, so no rescue comes between.
  static absl::Status Finish(postgres::Transaction& tx, std::string_view id, int64_t epoch);

  // Renews the lease if `epoch` holds the job; errors as Finish. Called in a transaction that writes effects while the
  // job goes on: the row stays locked until it commits, so that nobody else gets or cancels the job in between.
  static absl::Status Hold(postgres::Transaction& tx, std::string_view id, int64_t epoch, absl::Duration lease);

  // The attempt failed with `error`: CANCELLED when cancel was asked, else QUEUED again after `delay` when `retryable`
  // and attempts are left, else FAILED. ABORTED LEASE_LOST when the epoch is not current. Returns the new state.
  static absl::StatusOr<State> Fail(postgres::Transaction& tx, std::string_view id, int64_t epoch,
                                    const absl::Status& error, bool retryable, absl::Duration delay);

  // Gives jobs back unharmed (drain): QUEUED, ready now, the attempt not counted; CANCELLED when cancel was asked.
  // Returns how many were still ours.
  static absl::StatusOr<int64_t> Release(postgres::Transaction& tx, const std::vector<Lease>& leases);

  // Up to `limit` running jobs whose lease ran out: QUEUED, FAILED WORKER_CRASHED after the last attempt, or CANCELLED
  // when that was asked. Each row in its own savepoint: one that fails does not stop the others. Returns the jobs
  // rescued.
  struct Rescued {
    std::vector<Job> jobs;
    std::vector<absl::Status> errors;
  };
  static absl::StatusOr<Rescued> Rescue(postgres::Transaction& tx, int limit);

  static absl::StatusOr<std::vector<QueueDepth>> Depth(postgres::Transaction& tx);

  // Deletes dedup rows older than `keep` (7 days at least), at most `limit`; returns how many.
  static absl::StatusOr<int64_t> SweepRequests(postgres::Transaction& tx, absl::Duration keep, int limit);
};

}  // namespace breadthflow::jobs
