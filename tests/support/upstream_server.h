#pragma once

#include <atomic>
#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/loopback_listener.h"

// A provider on loopback, with the bad days that real ones have.
namespace breadthflow::testing {

enum class Fault {
  kNone,
  kTooMany,
  kUnavailable,
  kEmpty,
  kCutOff,
  kHtml,
  kHang,
  kSlow,
  kEndless,
  kReset,
  kRedirectLoop
};

// Answers every request with the body and fault that `answer` chooses by its path (with the query). A thread per
// connection; the destructor ends those that hang.
class UpstreamServer {
 public:
  struct Answer {
    Fault fault = Fault::kNone;
    std::string body;
    std::string headers{};  // more of them, each with its line end; without a fault
  };
  explicit UpstreamServer(std::function<Answer(const std::string& path)> answer)
      : answer_(std::move(answer)), listener_([this](int connection) { Serve(connection); }) {}
  ~UpstreamServer() { stopping_ = true; }
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  std::string Url() const { return fmt::format("http://127.0.0.1:{}", listener_.port()); }
  int requests() const { return requests_; }

 private:
  void Serve(int connection) {
    const std::string request = ReceiveRequest(connection);
    if (!request.ends_with("\r\n\r\n")) return;
    ++requests_;
    const size_t begin = request.find(' ') + 1;
    Respond(connection, request.substr(begin, request.find(' ', begin) - begin));
  }

  void Respond(int connection, const std::string& path) {
    const Answer answer = answer_(path);
    switch (answer.fault) {
      case Fault::kNone:
        Write(connection, Whole("200 OK", answer.headers, answer.body));
        return;
      case Fault::kTooMany:
        Write(connection, Whole("429 Too Many Requests", "Retry-After: 7\r\n", "slow down"));
        return;
      case Fault::kUnavailable:
        Write(connection, Whole("503 Service Unavailable", "", "<html>"));
        return;
      case Fault::kEmpty:
        Write(connection, Whole("200 OK", "", ""));
        return;
      case Fault::kCutOff:
        Write(connection, Whole("200 OK", "", answer.body.substr(0, answer.body.size() / 2)));
        return;
      case Fault::kHtml:
        Write(connection, Whole("200 OK", "", "<!DOCTYPE html><html>do you agree?</html>"));
        return;
      case Fault::kHang:
        while (!stopping_ && Alive(connection)) usleep(10'000);
        return;
      case Fault::kSlow:
        Write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (!stopping_ && Write(connection, "x")) usleep(100'000);
        return;
      case Fault::kEndless: {
        Write(connection, "HTTP/1.1 200 OK\r\n\r\n");
        const std::string block(1 << 20, ' ');
        while (!stopping_ && Write(connection, block)) {
        }
        return;
      }
      case Fault::kReset: {
        Write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf");
        const linger now{.l_onoff = 1, .l_linger = 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        return;
      }
      case Fault::kRedirectLoop:
        Write(connection, Whole("302 Found", fmt::format("Location: {}{}\r\n", Url(), path), ""));
        return;
    }
  }

  static std::string Whole(std::string_view status, std::string_view headers, std::string_view body) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status, body.size(),
                       headers, body);
  }

  static bool Write(int connection, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  static bool Alive(int connection) {
    char byte = 0;
    const ssize_t got = recv(connection, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got > 0 || (got < 0 && errno == EAGAIN);
  }

  std::function<Answer(const std::string&)> answer_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  LoopbackListener listener_;  // last: its threads end before what they use does
};

}  // namespace breadthflow::testing
