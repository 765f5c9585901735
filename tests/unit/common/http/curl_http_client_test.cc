#include "common/http/curl_http_client.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/base/status.h"
#include "common/telemetry/scope.h"
#include "tests/support/loopback_listener.h"

namespace breadthflow::http {
namespace {

using breadthflow::testing::LoopbackListener;
using breadthflow::testing::ReceiveRequest;
using ::testing::HasSubstr;
using ::testing::Not;

// A server on loopback that answers every connection with what `respond` writes to its socket.
class LocalServer {
 public:
  explicit LocalServer(std::function<void(int socket, const std::string& request)> respond)
      : respond_(std::move(respond)), listener_([this](int connection) {
          const std::string request = ReceiveRequest(connection);
          ++requests_;
          respond_(connection, request);
        }) {}
  std::string Url(std::string_view path) const { return fmt::format("http://127.0.0.1:{}{}", listener_.port(), path); }
  int requests() const { return requests_; }

 private:
  std::function<void(int, const std::string&)> respond_;
  std::atomic<int> requests_{0};
  LoopbackListener listener_;
};

bool Write(int socket, std::string_view text) {
  return send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string Response(std::string_view status, std::string_view headers, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status, body.size(), headers,
                     body);
}

std::unique_ptr<HttpClient> Client(CurlOptions options = {}) {
  options.allow_plain_http = true;
  return MakeCurlHttpClient(options);
}

std::string Reason(const absl::Status& status) { return base::DetailsOf(status).reason; }

TEST(CurlHttpClient, ReturnsStatusHeadersAndBodyWhateverTheStatusIs) {
  LocalServer server([](int socket, const std::string&) {
    Write(socket, Response("429 Too Many Requests", "Retry-After: 7\r\nX-Case:  MiXed \r\n", "slow down"));
  });
  const auto response = Client()->Send({.url = server.Url("/a?b=c")});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->body, "slow down");
  EXPECT_EQ(response->Header("retry-after"), "7");
  EXPECT_EQ(response->Header("x-case"), "MiXed");
  EXPECT_EQ(response->Header("absent"), "");
}

TEST(CurlHttpClient, SendsMethodHeadersBodyAndTrace) {
  std::string seen;
  LocalServer server([&](int socket, const std::string& request) {
    seen = request;
    Write(socket, Response("200 OK", "", ""));
  });
  const telemetry::Scope scope({.trace = telemetry::NewTrace()});
  const auto response =
      Client()->Send({.url = server.Url("/post"), .method = "POST", .headers = {{"X-Key", "1"}}, .body = "payload"});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(seen, HasSubstr("POST /post HTTP/1.1"));
  EXPECT_THAT(seen, HasSubstr("X-Key: 1"));
  EXPECT_THAT(seen, HasSubstr("traceparent: 00-" + telemetry::CurrentContext().trace.trace_id));
}

TEST(CurlHttpClient, RefusesPlainHttpUnlessAllowed) {
  LocalServer server([](int socket, const std::string&) { Write(socket, Response("200 OK", "", "")); });
  const auto response = MakeCurlHttpClient()->Send({.url = server.Url("/")});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Reason(response.status()), "BAD_URL");
  EXPECT_EQ(server.requests(), 0);
}

TEST(CurlHttpClient, StopsAtTheSizeLimit) {
  LocalServer server([](int socket, const std::string&) {
    Write(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    const std::string block(65536, 'x');
    while (Write(socket, block)) {
    }
  });
  const auto response = Client()->Send({.url = server.Url("/endless"), .max_body_bytes = 1 << 20});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(response.status()), "BODY_TOO_LARGE");
}

TEST(CurlHttpClient, EndsARedirectLoop) {
  std::atomic<int> hops{0};
  LocalServer* self = nullptr;
  LocalServer server([&](int socket, const std::string&) {
    Write(socket, Response("302 Found", fmt::format("Location: {}\r\n", self->Url(fmt::format("/{}", ++hops))), ""));
  });
  self = &server;
  const auto response = Client()->Send({.url = server.Url("/0")});
  EXPECT_EQ(Reason(response.status()), "TOO_MANY_REDIRECTS");
  EXPECT_EQ(hops, 4);
}

TEST(CurlHttpClient, RefusesARedirectToAnotherProtocol) {
  LocalServer server([](int socket, const std::string&) {
    Write(socket, Response("302 Found", "Location: file:///etc/hostname\r\n", ""));
  });
  const auto response = Client()->Send({.url = server.Url("/")});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(response.status()), "REDIRECT_REFUSED");
}

TEST(CurlHttpClient, ASilentServerRunsIntoTheTotalLimit) {
  std::atomic<bool> done{false};
  LocalServer server([&](int, const std::string&) {
    while (!done) std::this_thread::yield();
  });
  const auto response = Client()->Send({.url = server.Url("/secret?key=abc"), .timeout = absl::Milliseconds(200)});
  done = true;
  EXPECT_EQ(response.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Reason(response.status()), "HTTP_TIMEOUT");
  EXPECT_THAT(base::Message(response.status()), Not(HasSubstr("abc")));
}

TEST(CurlHttpClient, ACutBodyIsALostConnection) {
  LocalServer server(
      [](int socket, const std::string&) { Write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"); });
  const auto response = Client()->Send({.url = server.Url("/")});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(response.status()), "CONNECTION_LOST");
}

TEST(CurlHttpClient, SaysWhyItCouldNotConnect) {
  EXPECT_EQ(Reason(Client()->Send({.url = "http://127.0.0.1:1/"}).status()), "CONNECT_FAILED");
  EXPECT_EQ(Reason(Client()->Send({.url = "http://host.invalid/"}).status()), "NAME_NOT_RESOLVED");
  EXPECT_EQ(Reason(Client()->Send({.url = "http://"}).status()), "BAD_URL");
}

TEST(CurlHttpClient, CancellingEndsTheTransfer) {
  base::CancelToken cancel;
  std::atomic<bool> done{false};
  LocalServer server([&](int, const std::string&) {
    cancel.Cancel(base::CancelReason::kCancelled);
    while (!done) std::this_thread::yield();
  });
  const auto response = Client()->Send({.url = server.Url("/"), .cancel = cancel});
  done = true;
  EXPECT_EQ(response.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace breadthflow::http
