#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace breadthflow::rpc {

class Guard;

// The health name that is always SERVING while the process lives: for liveness probes, which must not look at the
// database.
inline constexpr const char* kLivenessName = "liveness";

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 takes a free one
  bool reflection = true;
};

// A gRPC server with everything that production asks for: health for "" and each service (NOT_SERVING at first),
// reflection, keepalive (min ping 10 s, also without calls; idle and age 5 min, grace 70 s; own pings 60 s / 10 s),
// no second server on the port, messages of at most 4 MiB (the Guard says so in its own words), an answer with
// ErrorInfo for methods that do not exist.
class Server {
 public:
  // FAILED_PRECONDITION `PORT_IN_USE` in one line, or what Guard::Cover says. `services` and `guard` must outlive it.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services, Guard& guard);
  // Shuts down without grace if nobody did before.
  ~Server();

  int port() const;
  const std::string& host() const;
  // Full names of the services registered (not those of health and reflection).
  const std::vector<std::string>& services() const;

  // Health of one service; that of "" is serving when all services are.
  void SetServing(std::string_view service, bool serving);
  // NOT_SERVING for every name but liveness; SetServing has no effect any more.
  void SetDraining();

  // A channel to this server that does not leave the process. Drop it before the server goes.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Takes no new calls, ends streams (UNAVAILABLE `SHUTTING_DOWN`), gives unary calls `grace` to finish, then cancels
  // them and returns when their handlers did. A handler that does not look at its token blocks this.
  void Shutdown(absl::Duration grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace breadthflow::rpc
