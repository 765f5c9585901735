#include "common/postgres/connection.h"

#include "absl/time/clock.h"

#include "common/base/status.h"

namespace breadthflow::postgres {

absl::Status Limits::Check() const {
  BF_RETURN_IF_ERROR(cancel.Check());
  if (absl::Now() < deadline) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT",
                         "the deadline passed during a database transaction");
}

void Connection::ClearFailure() {
  failure_ = absl::OkStatus();
  failure_sqlstate_.clear();
}

absl::Status Connection::BeforeStatement() {
  BF_RETURN_IF_ERROR(failure_);
  const absl::Status limited = limits_.Check();
  return limited.ok() ? limited : Fail(limited);
}

absl::Status Connection::Fail(const SqlError& found, bool broken) {
  SqlError error = found;
  // What a dying server says last is not about the statement; only these name why the session ended.
  if (broken && !error.sqlstate.starts_with("57P") && !error.sqlstate.starts_with("25P")) error.sqlstate.clear();
  if (broken) broken_ = true;
  if (broken || error.sqlstate == "57014") certain_ = false;
  absl::Status status = StatusOf(error);
  // Our own cancel and the statement timeout look alike to the server.
  if (error.sqlstate == "57014" && limits_.cancel.cancelled()) status = limits_.cancel.Check();
  if (failure_.ok()) {
    failure_ = status;
    failure_sqlstate_ = error.sqlstate;
  }
  return status;
}

absl::Status Connection::Fail(absl::Status status) {
  if (failure_.ok()) failure_ = status;
  return status;
}

}  // namespace breadthflow::postgres
