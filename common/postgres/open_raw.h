#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include <libpq-fe.h>

#include "common/postgres/connection.h"

namespace breadthflow::postgres {

struct CloseRaw {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using RawConnection = std::unique_ptr<PGconn, CloseRaw>;

// Connects with libpq, never longer than the limits allow (looked up every 50 ms) and than connect_timeout, which holds
// for all addresses of a host together. Looking up the host's name is not bounded: libpq does that in one piece.
// UNAVAILABLE DB_UNAVAILABLE, or the status of the limits.
absl::StatusOr<RawConnection> OpenRaw(const std::string& connection_string, const Limits& limits);

}  // namespace breadthflow::postgres
