#include "tests/support/postgres_proxy.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace breadthflow::testing {
namespace {

constexpr int kPollMilliseconds = 50;

bool SendAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Cuts the client's byte stream into messages: first one without a type (startup, cancel), then typed ones.
class Messages {
 public:
  void Add(const char* data, size_t size) { buffer_.append(data, size); }
  bool Next(std::string* message) {
    const size_t head = started_ ? 5 : 4;
    if (buffer_.size() < head) return false;
    uint32_t length = 0;
    std::memcpy(&length, buffer_.data() + head - 4, 4);
    const size_t total = ntohl(length) + head - 4;
    if (buffer_.size() < total) return false;
    *message = buffer_.substr(0, total);
    buffer_.erase(0, total);
    started_ = true;
    return true;
  }

 private:
  std::string buffer_;
  bool started_ = false;
};

bool IsCommit(const std::string& message) { return message[0] == 'Q' && message.compare(5, 6, "COMMIT") == 0; }

}  // namespace

class PostgresProxy::Core {
 public:
  Core(std::string socket_path, const Faults& faults)
      : socket_path_(std::move(socket_path)), faults_(faults), random_(faults.seed) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::perror("tests/support/postgres_proxy");
      std::exit(1);
    }
    port = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~Core() {
    stop_ = true;
    acceptor_.join();
    for (std::thread& connection : connections_) connection.join();
    close(listener_);
  }

  int port = 0;
  std::atomic<int> cut_before{0};
  std::atomic<int> cut_after{0};

 private:
  void Accept() {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, kPollMilliseconds) <= 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) connections_.emplace_back([this, client] { Serve(client); });
    }
  }

  bool Chance(double probability) {
    const std::lock_guard lock(mutex_);
    return std::bernoulli_distribution(probability)(random_);
  }

  void Serve(int client) {
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) Pump(client, server);
    close(client);
    close(server);
  }

  void Pump(int client, int server) {
    Messages messages;
    char data[16 * 1024];
    while (!stop_) {
      pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (poll(ends, 2, kPollMilliseconds) < 0) return;
      if (ends[1].revents != 0) {
        const ssize_t size = recv(server, data, sizeof(data), 0);
        if (size <= 0 || !SendAll(client, {data, static_cast<size_t>(size)})) return;
      }
      if (ends[0].revents != 0) {
        const ssize_t size = recv(client, data, sizeof(data), 0);
        if (size <= 0) return;
        messages.Add(data, static_cast<size_t>(size));
        for (std::string message; messages.Next(&message);) {
          const bool commit = IsCommit(message);
          if (commit && Chance(faults_.cut_before_commit)) {
            ++cut_before;
            return;
          }
          if (!SendAll(server, message)) return;
          if (commit && Chance(faults_.cut_after_commit)) {
            ++cut_after;
            return;
          }
        }
      }
    }
  }

  const std::string socket_path_;
  const Faults faults_;
  std::mutex mutex_;
  std::mt19937 random_;
  std::atomic<bool> stop_{false};
  int listener_ = -1;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

PostgresProxy::PostgresProxy(const PostgresServer& server, const Faults& faults)
    : core_(std::make_shared<Core>(server.SocketPath(), faults)) {}
PostgresProxy::~PostgresProxy() = default;

std::string PostgresProxy::Url(const std::string& database) const {
  return fmt::format("host=127.0.0.1 port={} user=postgres dbname={} sslmode=disable gssencmode=disable", core_->port,
                     database);
}
int PostgresProxy::cut_before() const { return core_->cut_before; }
int PostgresProxy::cut_after() const { return core_->cut_after; }

}  // namespace breadthflow::testing
