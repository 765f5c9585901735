#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "common/postgres/database.h"

namespace breadthflow::jobs {

// What makes a request the same request: the caller, the method, and the id that the caller gave it.
struct SubmitKey {
  std::string principal;
  std::string method;        // "backtest.v1.BacktestService/CreateBacktestRun"
  std::string request_id;    // a UUID in either case; empty: no deduplication
  std::string payload_hash;  // of the request without its request_id
};

// Runs `create` at most once per key and returns the response it gave (a resource name). The row that remembers it
// commits in the same transaction as what `create` writes, and is kept for 7 days; concurrent callers with the same key
// wait for the first and get its answer.
//
// `create` enqueues the job and inserts the run; it may be called again when the transaction conflicts.
// Errors: INVALID_ARGUMENT REQUEST_ID_REUSED when the id was used with another payload; ABORTED LOCK_TIMEOUT (+ retry)
// when the first caller does not finish; those of `create`, which then is as if never called; UNKNOWN COMMIT_UNKNOWN
// only without a request_id.
absl::StatusOr<std::string> SubmitOnce(postgres::Database& database, const SubmitKey& key,
                                       const std::function<absl::StatusOr<std::string>(postgres::Transaction&)>& create,
                                       const postgres::TransactOptions& options = {});

// SubmitOnce of what is worked off as `job` and has its id, which is the response: enqueues the job; `insert` writes
// the rest.
absl::StatusOr<std::string> SubmitJob(postgres::Database& database, const SubmitKey& key, const NewJob& job,
                                      const std::function<absl::Status(postgres::Transaction&)>& insert,
                                      const postgres::TransactOptions& options = {});

// What SubmitOnce answered to `key` before; nullopt when it never did, or when the key has no request_id. To be asked
// before a request is checked against other services: what was accepted once is answered again without them (they may
// be down by now, or have changed their mind). Errors: INVALID_ARGUMENT REQUEST_ID_REUSED.
absl::StatusOr<std::optional<std::string>> FindSubmitted(postgres::Database& database, const SubmitKey& key,
                                                         const postgres::TransactOptions& options = {});

// JobStore::RequestCancel in a transaction of its own, repeated when its COMMIT is in doubt: asking twice is asking
// once. Call Runner::WakeUp after it.
absl::Status RequestCancel(postgres::Database& database, const std::string& id, absl::Time deadline);

}  // namespace breadthflow::jobs
