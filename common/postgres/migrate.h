#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/postgres/database.h"

namespace breadthflow::postgres {

// One step of a schema, forward only. Files are named NNNN_name.sql; CMake's bf_migrations() embeds a folder of them.
// A file whose first line is `-- no transaction` holds one statement that is run outside a transaction
// (CREATE INDEX CONCURRENTLY); it must be repeatable (IF NOT EXISTS), since a crash may come between it and its record.
struct Migration {
  int number = 0;  // 1-9 jobs, 10-19 chunks, 100 and up the service's own
  std::string name;
  std::string sql;
};

struct MigrateOptions {
  absl::Duration lock_timeout = absl::Seconds(1);  // of one try to get the locks that the DDL needs
  int lock_tries = 60;
  absl::Duration statement_timeout = absl::Minutes(5);
  absl::Time deadline = absl::InfiniteFuture();
  base::CancelToken cancel;  // ends the wait for the lock and the running statement; its status is the answer
};

// Creates the schema of `database` when it is missing and applies what its table `schema_migration` does not list, in
// order of numbers, each in its own transaction with its record. Any number of processes may call it at the same time:
// one works, the others wait (pg_try_advisory_lock, polled). Killed at any moment, the next call finishes the work.
//
// Errors, FAILED_PRECONDITION: MIGRATION_CHANGED when an applied migration has other text than the given one (by
// SHA-256), MIGRATION_OUT_OF_ORDER when a given one that is not applied is older than an applied one, MIGRATION_MISSING
// when an applied one is not given though a newer one is. Order and gaps count within a number range (1-9, 10-19, from
// 20); a schema that is newer than everything given is fine, so that the binary before this one keeps running.
// INVALID_ARGUMENT MIGRATION_NUMBER for a number that is given twice or is not positive; ABORTED LOCK_TIMEOUT (+
// retry); UNAVAILABLE DB_UNAVAILABLE; INTERNAL for SQL that the server refuses.
absl::Status Migrate(Database& database, std::vector<Migration> migrations, const MigrateOptions& options = {});

}  // namespace breadthflow::postgres
