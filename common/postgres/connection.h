#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/postgres/error.h"

namespace breadthflow::postgres {

// Text is libpqxx, for everything; binary is libpq, for bulk traffic, migrations and LISTEN.
enum class Kind { kText, kBinary };

// Which server process serves a connection: a pid alone may be used again.
struct Backend {
  std::string pid;
  std::string start;  // timestamptz
};

// What stops the statements of one transaction.
struct Limits {
  absl::Time deadline = absl::InfiniteFuture();
  base::CancelToken cancel;

  // OK, or DEADLINE_EXCEEDED STATEMENT_TIMEOUT, or the token's status.
  absl::Status Check() const;
};

// One connection to the server, of either kind; part of this folder only. Not thread-safe but for Cancel().
//
// A connection remembers the first failure since ClearFailure(); while there is one no further statement is sent. It is
// `certain` as long as its session state is known: not after it broke, threw something odd or was sent a cancel. Only a
// certain connection may be used for another transaction.
class Connection {
 public:
  virtual ~Connection() = default;

  // Statements without parameters in one message; the first row of the last result, as text ("" for NULL).
  virtual absl::StatusOr<std::vector<std::string>> Simple(const std::string& sql) = 0;
  // Asks the server to stop the running statement. From any thread.
  virtual void Cancel() = 0;
  virtual Kind kind() const = 0;

  void SetLimits(const Limits& limits) { limits_ = limits; }
  const Backend& backend() const { return backend_; }

  bool failed() const { return !failure_.ok(); }
  const absl::Status& failure() const { return failure_; }
  const std::string& failure_sqlstate() const { return failure_sqlstate_; }
  bool broken() const { return broken_; }
  bool certain() const { return certain_; }
  void MarkUncertain() { certain_ = false; }
  void ClearFailure();

 protected:
  // The failure so far, or that of the limits; OK to send a statement.
  absl::Status BeforeStatement();
  // Records and returns the status of `error`.
  absl::Status Fail(const SqlError& found, bool broken);
  absl::Status Fail(absl::Status status);

  Backend backend_;

 private:
  Limits limits_;
  absl::Status failure_;
  std::string failure_sqlstate_;
  bool broken_ = false;
  bool certain_ = true;
};

// The query that fills Backend after connecting.
inline constexpr char kBackendSql[] =
    "SELECT pg_backend_pid(), to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"+00\"') "
    "FROM pg_stat_get_activity(pg_backend_pid())";

// Both connect at once. Errors as OpenRaw.
absl::StatusOr<std::unique_ptr<Connection>> ConnectText(const std::string& connection_string, const Limits& limits);
absl::StatusOr<std::unique_ptr<Connection>> ConnectBinary(const std::string& connection_string, const Limits& limits);

}  // namespace breadthflow::postgres
