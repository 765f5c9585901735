#include "common/postgres/listener.h"

#include <atomic>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include <fmt/format.h>
#include <poll.h>

#include "common/postgres/backoff.h"
#include "common/postgres/binary_connection.h"
#include "common/postgres/settings.h"

namespace breadthflow::postgres {

class Listener::Thread {
 public:
  Thread(DatabaseOptions options, std::string channel, std::function<void()> on_connect,
         std::function<void(std::string_view)> on_notify)
      : options_(std::move(options)),
        channel_(std::move(channel)),
        on_connect_(std::move(on_connect)),
        on_notify_(std::move(on_notify)),
        thread_([this] { Run(); }) {}

  ~Thread() {
    stop_.Notify();
    thread_.join();
  }

  bool connected() const { return connected_; }

 private:
  static constexpr int kPollMilliseconds = 50;

  void Run() {
    for (int failures = 0; !stop_.HasBeenNotified();) {
      const bool was_connected = Listen();
      connected_ = false;
      failures = was_connected ? 1 : failures + 1;
      stop_.WaitForNotificationWithTimeout(ReconnectPause(failures));
    }
  }

  // Returns when the connection ended: whether there was one.
  bool Listen() {
    const absl::StatusOr<std::string> connection_string = ConnectionString(options_);
    if (!connection_string.ok()) return false;
    absl::StatusOr<std::unique_ptr<Connection>> connected = ConnectBinary(*connection_string);
    if (!connected.ok()) return false;
    auto& connection = static_cast<BinaryConnection&>(**connected);
    if (!connection.Simple(fmt::format("LISTEN \"{}\"", channel_)).ok()) return false;
    connected_ = true;
    on_connect_();
    while (!stop_.HasBeenNotified()) {
      pollfd socket{PQsocket(connection.raw()), POLLIN, 0};
      const int ready = poll(&socket, 1, kPollMilliseconds);
      if (ready > 0 && PQconsumeInput(connection.raw()) == 0) return true;
      while (PGnotify* notify = PQnotifies(connection.raw())) {
        on_notify_(notify->extra);
        PQfreemem(notify);
      }
    }
    return true;
  }

  const DatabaseOptions options_;
  const std::string channel_;
  const std::function<void()> on_connect_;
  const std::function<void(std::string_view)> on_notify_;
  std::atomic<bool> connected_{false};
  absl::Notification stop_;
  std::thread thread_;
};

Listener::Listener(const Database& database, std::string channel, std::function<void()> on_connect,
                   std::function<void(std::string_view payload)> on_notify)
    : thread_(std::make_unique<Thread>(database.options(), std::move(channel), std::move(on_connect),
                                       std::move(on_notify))) {}
Listener::~Listener() = default;
bool Listener::connected() const { return thread_->connected(); }

}  // namespace breadthflow::postgres
