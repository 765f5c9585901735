#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/postgres/value.h"

namespace breadthflow::postgres {

class Connection;

struct DatabaseOptions {
  std::string url;     // URI or key=value, as libpq takes it
  std::string schema;  // the search_path of every transaction; [a-z_][a-z0-9_]*
  int pool_size = 5;   // connections at most, of all kinds together; 2 x cores + 1 is the house rule
  std::string application_name = "breadthflow";
  absl::Duration connect_timeout = absl::Seconds(5);  // whole seconds, 2 at least; all addresses of a host together
  absl::Duration lock_timeout = absl::Seconds(2);
  absl::Duration idle_in_transaction_timeout = absl::Seconds(60);
  absl::Duration acquire_timeout = absl::Seconds(10);  // the longest wait for a connection, whatever the deadline
  bool prepare_statements = true;                      // off behind pgbouncer before 1.21
};

// One open transaction (READ COMMITTED). Not thread-safe; valid only inside the body it was given to.
// After a failed statement every further one fails with the first error and the transaction can not commit: errors that
// are expected belong into Nested() or ON CONFLICT.
class Transaction {
 public:
  // `sql` is one statement; parameters are $1, $2 ... Errors: see error.h.
  absl::StatusOr<Rows> Query(std::string_view sql, std::vector<Param> params = {});
  // The same; returns the number of rows inserted, updated or deleted.
  absl::StatusOr<int64_t> Execute(std::string_view sql, std::vector<Param> params = {});
  // Runs `body` inside a savepoint: when it fails, only what it did is undone and the transaction goes on.
  absl::Status Nested(const std::function<absl::Status(Transaction&)>& body);

  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  friend absl::Status WithTransaction(Connection&, const DatabaseOptions&,
                                      const std::function<absl::Status(Transaction&)>&);
  struct State;
  explicit Transaction(std::unique_ptr<State> state);
  absl::Status Finished() const;
  std::unique_ptr<State> state_;
};

struct TransactOptions {
  // Bounds connecting and the wait for a connection, every statement and all retries.
  absl::Time deadline = absl::InfiniteFuture();
  // Stops connecting and the running statement within about 50 ms.
  base::CancelToken cancel;
  absl::Duration statement_timeout = absl::Seconds(5);  // 5 s for requests, 60 s for ingest, 30 s for analysis
  bool read_only = false;
  // Asked when the connection broke during COMMIT, in a new transaction and after the old backend has ended: did the
  // first one take effect? true ends Transact with OK; false runs the body again. Without it, or when no answer is to
  // be had, Transact fails with UNKNOWN COMMIT_UNKNOWN.
  std::function<absl::StatusOr<bool>(Transaction&)> took_effect;
  // The caller named a request_id, so an unresolved COMMIT is UNAVAILABLE (try again) and not UNKNOWN.
  bool safe_to_retry = false;
};

struct PoolStats {
  int size = 0;
  int open = 0;
  int in_use = 0;
  int64_t acquired_total = 0;
  int64_t exhausted_total = 0;  // DB_POOL_EXHAUSTED
  int64_t connects_total = 0;   // attempts
  int64_t discarded_total = 0;  // connections destroyed because they broke or their state is not certain
  absl::Duration waited_total;  // summed over all acquires
};

// A pool of connections to one schema of one database. Thread-safe.
//
// - Connects lazily; a connection that broke, threw, or was sent a cancel is destroyed, never used again, and none ever
//   reconnects behind our back. While the server is unreachable attempts are spaced by a jittered backoff (2 s at
//   most), and calls in between fail at once with UNAVAILABLE DB_UNAVAILABLE.
// - Every transaction sets and verifies its session settings (search_path, UTC, statement, lock and idle timeouts) in
//   the round trip that begins it: SET LOCAL, so that nothing leaks and a transaction pooler in between does no harm.
// - SIGPIPE is ignored in the process once a Database was opened.
class Database {
 public:
  // Never fails: a bad url shows as UNAVAILABLE on first use. `schema` must be a plain lower-case identifier.
  static std::unique_ptr<Database> Open(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `body` in a transaction and commits when it returns OK, else rolls back and returns its status. Serialization
  // failures and deadlocks (40001, 40P01) run the whole body again, at most 3 times in all: the body must not keep
  // anything from an attempt that failed. Exceptions of the body roll back and pass through.
  absl::Status Transact(const std::function<absl::Status(Transaction&)>& body, const TransactOptions& options = {});

  // OK when the server answers within `timeout`.
  absl::Status Ping(absl::Duration timeout);
  // What the last use of the server showed; false before the first.
  bool reachable() const;

  const std::string& schema() const;
  const DatabaseOptions& options() const;
  PoolStats stats() const;

  // For the other classes of this folder.
  class Pool;
  Pool& pool() { return *pool_; }

 private:
  explicit Database(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

}  // namespace breadthflow::postgres
