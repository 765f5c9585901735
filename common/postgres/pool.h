#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "common/postgres/connection.h"
#include "common/postgres/database.h"
#include "common/postgres/watchdog.h"

namespace breadthflow::postgres {

// The connections of a Database and the one loop that runs transactions on them, for both kinds.
class Database::Pool {
 public:
  explicit Pool(DatabaseOptions options);

  // A connection in use; its destructor destroys the connection unless Return() was called.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection, bool fresh)
        : pool_(&pool), connection_(std::move(connection)), fresh_(fresh) {}
    Lease(Lease&& other) noexcept = default;
    ~Lease();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    bool fresh() const { return fresh_; }  // opened just now
    void Return();                         // for the next user, if its state is certain

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    bool fresh_;
  };

  // Errors: UNAVAILABLE DB_POOL_EXHAUSTED or DB_UNAVAILABLE, or the status of the limits.
  absl::StatusOr<Lease> Acquire(Kind kind, const Limits& limits);

  // See Database::Transact.
  absl::Status Transact(Kind kind, const std::function<absl::Status(Connection&)>& body,
                        const TransactOptions& options);

  const DatabaseOptions& options() const { return options_; }
  PoolStats stats() const;
  bool reachable() const;

 private:
  enum class Ending { kDone, kConflict, kInDoubt };
  struct Outcome {
    Ending ending = Ending::kDone;
    absl::Status status;
    Backend backend;  // of kInDoubt
  };

  absl::StatusOr<std::unique_ptr<Connection>> Connect(Kind kind, const Limits& limits);
  void Release(std::unique_ptr<Connection> connection, bool reuse);
  void DropIdle();
  Outcome RunOnce(Kind kind, const std::function<absl::Status(Connection&)>& body, const TransactOptions& options);
  absl::StatusOr<Lease> Begin(Kind kind, const Limits& limits, const TransactOptions& options);
  Outcome Commit(Lease& lease, const TransactOptions& options);
  absl::StatusOr<bool> Resolve(const Backend& backend, const TransactOptions& options);
  absl::Status WaitForSlot(const Limits& limits);

  const DatabaseOptions options_;
  Watchdog watchdog_;

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  PoolStats stats_ ABSL_GUARDED_BY(mutex_);
  bool reachable_ ABSL_GUARDED_BY(mutex_) = false;
  int connect_failures_ ABSL_GUARDED_BY(mutex_) = 0;  // in a row
  int connecting_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time next_connect_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status connect_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::postgres
