#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"

namespace breadthflow::postgres {

// The url of `options` as key=value, with what every connection must have: application_name, UTF-8, connect timeout,
// keepalive and tcp_user_timeout (15 s). INVALID_ARGUMENT DATABASE_URL when libpq can not read it; the text of the url
// is not repeated, since it may hold a password.
absl::StatusOr<std::string> ConnectionString(const DatabaseOptions& options);

// One round trip that begins a transaction, sets its session settings locally and reads them back.
struct BeginStatement {
  std::string sql;
  std::vector<std::pair<std::string, std::string>> expected;  // (setting, value as the server shows it)
};
BeginStatement MakeBegin(const DatabaseOptions& options, absl::Duration statement_timeout, bool read_only);

// OK when `values` are the expected ones, else INTERNAL SESSION_SETTINGS.
absl::Status VerifySettings(const BeginStatement& begin, const std::vector<std::string>& values);

// Milliseconds as PostgreSQL shows them: 5000 -> "5s", 60000 -> "1min", 1500 -> "1500ms", 0 -> "0".
std::string ShownMilliseconds(int64_t ms);

}  // namespace breadthflow::postgres
