#include "common/postgres/open_raw.h"

#include <cstdlib>
#include <cstring>

#include "absl/time/clock.h"
#include <poll.h>

#include "common/base/status.h"

namespace breadthflow::postgres {
namespace {

constexpr int kSliceMs = 50;

absl::Status Failed(PGconn* connection) {
  const std::string message = PQerrorMessage(connection);
  return Unavailable(message.substr(0, message.find('\n')));
}

// connect_timeout as libpq understood it; it only counts for PQconnectdb.
absl::Duration TimeoutOf(PGconn* connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection), &PQconninfoFree);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (std::strcmp(option->keyword, "connect_timeout") != 0 || option->val == nullptr) continue;
    const long seconds = std::strtol(option->val, nullptr, 10);
    return seconds > 0 ? absl::Seconds(seconds) : absl::InfiniteDuration();
  }
  return absl::InfiniteDuration();
}

}  // namespace

absl::StatusOr<RawConnection> OpenRaw(const std::string& connection_string, const Limits& limits) {
  RawConnection connection(PQconnectStart(connection_string.c_str()));
  if (connection == nullptr) return Unavailable("out of memory");
  if (PQstatus(connection.get()) == CONNECTION_BAD) return Failed(connection.get());
  const absl::Time give_up = absl::Now() + TimeoutOf(connection.get());
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (wants != PGRES_POLLING_OK) {
    if (wants == PGRES_POLLING_FAILED) return Failed(connection.get());
    BF_RETURN_IF_ERROR(limits.Check());
    if (absl::Now() >= give_up) return Unavailable("it does not answer in time");
    // The socket is another one when libpq goes on to the next address.
    pollfd socket{PQsocket(connection.get()), static_cast<short>(wants == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (poll(&socket, 1, kSliceMs) > 0) wants = PQconnectPoll(connection.get());
  }
  return connection;
}

}  // namespace breadthflow::postgres
