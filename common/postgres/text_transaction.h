#pragma once

#include <functional>

#include "absl/status/status.h"

#include "common/postgres/connection.h"
#include "common/postgres/database.h"

namespace breadthflow::postgres {

// Gives the body of a transaction on a text connection its Transaction; fails when it misread a result.
absl::Status WithTransaction(Connection& connection, const DatabaseOptions& options,
                             const std::function<absl::Status(Transaction&)>& body);

}  // namespace breadthflow::postgres
