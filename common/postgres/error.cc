#include "common/postgres/error.h"

#include <iterator>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::postgres {
namespace {

enum class Say { kConstraint, kServer };  // what the message may repeat

struct Mapping {
  std::string_view prefix;  // of the SQLSTATE; the first that fits is taken
  absl::StatusCode code;
  const char* reason;
  bool retry;
  Say say;
  const char* what;
};

constexpr Mapping kMappings[] = {
    {"23505", absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", false, Say::kConstraint, "it exists already"},
    {"23P01", absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", false, Say::kConstraint, "it exists already"},
    {"23", absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false, Say::kConstraint,
     "a value breaks a rule of the database"},
    {"22", absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION", false, Say::kConstraint,
     "a value does not fit its column"},
    {"40001", absl::StatusCode::kAborted, "CONFLICT", true, Say::kServer, "a concurrent change"},
    {"40P01", absl::StatusCode::kAborted, "CONFLICT", true, Say::kServer, "a deadlock with a concurrent change"},
    {"55P03", absl::StatusCode::kAborted, "LOCK_TIMEOUT", true, Say::kServer, "a lock was not to be had in time"},
    {"57014", absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT", false, Say::kServer,
     "the statement took too long"},
    {"25P03", absl::StatusCode::kDeadlineExceeded, "TRANSACTION_TIMEOUT", false, Say::kServer,
     "the transaction was idle for too long"},
    {"25P04", absl::StatusCode::kDeadlineExceeded, "TRANSACTION_TIMEOUT", false, Say::kServer,
     "the transaction took too long"},
    {"53300", absl::StatusCode::kUnavailable, "DB_UNAVAILABLE", true, Say::kServer, "the database has no free slot"},
    {"57P", absl::StatusCode::kUnavailable, "DB_UNAVAILABLE", true, Say::kServer, "the database is going or coming"},
    {"08", absl::StatusCode::kUnavailable, "DB_UNAVAILABLE", true, Say::kServer, "the database connection failed"},
    {"53100", absl::StatusCode::kResourceExhausted, "STORAGE_FULL", false, Say::kServer, "the database disk is full"},
    {"53", absl::StatusCode::kResourceExhausted, "DB_RESOURCES", false, Say::kServer, "the database lacks resources"},
    {"54", absl::StatusCode::kResourceExhausted, "DB_RESOURCES", false, Say::kServer, "a limit of the database"},
    {"25006", absl::StatusCode::kFailedPrecondition, "READ_ONLY_TRANSACTION", false, Say::kServer,
     "a write in a read-only transaction"},
    {"XX001", absl::StatusCode::kDataLoss, "DATA_CORRUPTED", false, Say::kServer, "the database found damaged data"},
    {"XX002", absl::StatusCode::kDataLoss, "DATA_CORRUPTED", false, Say::kServer, "the database found a damaged index"},
    {"", absl::StatusCode::kInternal, "INTERNAL", false, Say::kServer, "database error"},
};

constexpr absl::Duration kRetryAfter = absl::Milliseconds(200);

const Mapping& MappingOf(const SqlError& error) {
  static constexpr Mapping kBroken = {"",           absl::StatusCode::kUnavailable, "DB_UNAVAILABLE", true,
                                      Say::kServer, "the database connection broke"};
  static constexpr Mapping kFull = {"",           absl::StatusCode::kResourceExhausted, "STORAGE_FULL", false,
                                    Say::kServer, "the database disk is full"};
  if (error.message.find("No space left on device") != std::string::npos) return kFull;
  if (error.sqlstate.empty()) return kBroken;
  for (const Mapping& mapping : kMappings) {
    if (error.sqlstate.rfind(mapping.prefix, 0) == 0) return mapping;
  }
  return *std::prev(std::end(kMappings));
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

absl::Status StatusOf(const SqlError& error) {
  const Mapping& mapping = MappingOf(error);
  base::ErrorDetails details{.reason = mapping.reason};
  if (!error.sqlstate.empty()) details.metadata["sqlstate"] = error.sqlstate;
  if (!error.constraint.empty()) details.metadata["constraint"] = error.constraint;
  if (mapping.retry) details.retry_after = kRetryAfter;
  std::string message = mapping.what;
  if (mapping.say == Say::kConstraint && !error.constraint.empty()) {
    message += fmt::format(" ({})", error.constraint);
  } else if (mapping.say == Say::kServer && !error.message.empty()) {
    message += ": " + FirstLine(error.message);
  }
  return base::MakeError(mapping.code, message, details);
}

bool IsTransactionConflict(std::string_view sqlstate) { return sqlstate == "40001" || sqlstate == "40P01"; }

absl::Status CommitUnknown(bool safe_to_retry) {
  base::ErrorDetails details{.reason = "COMMIT_UNKNOWN"};
  if (safe_to_retry) details.retry_after = kRetryAfter;
  return base::MakeError(safe_to_retry ? absl::StatusCode::kUnavailable : absl::StatusCode::kUnknown,
                         "the database connection broke during COMMIT and it is not known whether the change was made",
                         details);
}

absl::Status PoolExhausted(int pool_size) {
  return base::MakeError(absl::StatusCode::kUnavailable,
                         fmt::format("all {} database connections were in use until the deadline", pool_size),
                         {.reason = "DB_POOL_EXHAUSTED", .retry_after = kRetryAfter});
}

absl::Status Unavailable(std::string_view what) {
  return base::MakeError(absl::StatusCode::kUnavailable, fmt::format("the database is not reachable: {}", what),
                         {.reason = "DB_UNAVAILABLE", .retry_after = kRetryAfter});
}

std::string ConstraintIn(std::string_view message) {
  // The text is the server's, in its language: what all have in common is the quoted name at the end of the first line.
  message = message.substr(0, message.find('\n'));
  const size_t close = message.find_last_of('"');
  if (close == std::string_view::npos || close == 0) return {};
  const size_t open = message.find_last_of('"', close - 1);
  if (open == std::string_view::npos) return {};
  return std::string(message.substr(open + 1, close - open - 1));
}

}  // namespace breadthflow::postgres
