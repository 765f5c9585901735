#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

// Errors of PostgreSQL as statuses: one table, here and nowhere else.
//
//   SQLSTATE                          status               reason
//   23505, 23P01                      ALREADY_EXISTS       ALREADY_EXISTS
//   23xxx else, 22xxx                 INVALID_ARGUMENT     CONSTRAINT_VIOLATION
//   40001, 40P01                      ABORTED              CONFLICT (+ retry)
//   55P03                             ABORTED              LOCK_TIMEOUT (+ retry)
//   57014                             DEADLINE_EXCEEDED    STATEMENT_TIMEOUT
//   25P03, 25P04                      DEADLINE_EXCEEDED    TRANSACTION_TIMEOUT
//   53300, 57P01-57P05, 08xxx, none   UNAVAILABLE          DB_UNAVAILABLE (+ retry)
//   53100, or "No space left"         RESOURCE_EXHAUSTED   STORAGE_FULL
//   53xxx else, 54xxx                 RESOURCE_EXHAUSTED   DB_RESOURCES
//   25006                             FAILED_PRECONDITION  READ_ONLY_TRANSACTION
//   XX001, XX002                      DATA_LOSS            DATA_CORRUPTED
//   everything else                   INTERNAL             INTERNAL
//
// The metadata hold `sqlstate` and, where there is one, `constraint`. Messages of the first three rows name the
// constraint only: never a value, never SQL.
namespace breadthflow::postgres {

struct SqlError {
  std::string sqlstate;    // five characters; empty when the connection broke
  std::string constraint;  // the named constraint that was violated, if any
  std::string message;     // the server's primary message
};

absl::Status StatusOf(const SqlError& error);

// True for what running the whole transaction again may cure: 40001 and 40P01.
bool IsTransactionConflict(std::string_view sqlstate);

// UNKNOWN COMMIT_UNKNOWN, or UNAVAILABLE COMMIT_UNKNOWN (+ retry) when the caller can safely repeat the request.
absl::Status CommitUnknown(bool safe_to_retry);

// UNAVAILABLE DB_POOL_EXHAUSTED (+ retry).
absl::Status PoolExhausted(int pool_size);

// UNAVAILABLE DB_UNAVAILABLE (+ retry); `what` says which server and why.
absl::Status Unavailable(std::string_view what);

// The constraint named in a server message: `... violates unique constraint "job_pkey"` -> job_pkey, else "".
std::string ConstraintIn(std::string_view message);

}  // namespace breadthflow::postgres
