#include "common/postgres/listener.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this] { Loop(); }) {}

  ~Thread() {
    stop_ = true;
    eventfd_write(wake_, 1);
    thread_.join();
    close(wake_);
  }

  bool connected() const { return connected_; }

 private:
  void Loop() {
    int failures = 0;
    while (!stop_) {
      if (ListenOnce()) failures = 0;
      connected_ = false;
      const absl::Duration pause = ReconnectPause(++failures);
      pollfd stopped{wake_, POLLIN, 0};
      if (!stop_) poll(&stopped, 1, static_cast<int>(absl::ToInt64Milliseconds(pause)));
    }
  }

  // True when it was connected for a while.
  bool ListenOnce() {
    const absl::StatusOr<std::string> connection_string = ConnectionString(options_);
    if (!connection_string.ok()) return false;
    const absl::StatusOr<std::unique_ptr<Connection>> opened = ConnectBinary(*connection_string, {});
    if (!opened.ok()) return false;
    auto& connection = static_cast<BinaryConnection&>(**opened);
    if (!connection.Simple(fmt::format("LISTEN \"{}\"", channel_)).ok()) return false;
    connected_ = true;
    on_connect_();
    while (!stop_ && PQstatus(connection.raw()) == CONNECTION_OK) {
      while (PGnotify* notice = PQnotifies(connection.raw())) {
        on_notify_(notice->extra);
        PQfreemem(notice);
      }
      pollfd waits[] = {{PQsocket(connection.raw()), POLLIN, 0}, {wake_, POLLIN, 0}};
      poll(waits, 2, -1);
      if (waits[0].revents != 0 && PQconsumeInput(connection.raw()) != 1) break;
    }
    return true;
  }

  const DatabaseOptions options_;
  const std::string channel_;
  const std::function<void()> on_connect_;
  const std::function<void(std::string_view)> on_notify_;
  const int wake_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> connected_{false};
  std::thread thread_;
};

Listener::Listener(const Database& database, std::string channel, std::function<void()> on_connect,
                   std::function<void(std::string_view payload)> on_notify)
    : thread_(std::make_unique<Thread>(database.options(), std::move(channel), std::move(on_connect),
                                       std::move(on_notify))) {}

Listener::~Listener() = default;

bool Listener::connected() const { return thread_->connected(); }

}  // namespace breadthflow::postgres
