#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"

namespace breadthflow::http {

struct HttpRequest {
  std::string url;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  absl::Duration timeout = absl::Seconds(30);  // for everything: name look-up to last byte
  int64_t max_body_bytes = 64 << 20;           // after decompression
  bool allow_plain_http = false;               // of this request, redirects included
  base::CancelToken cancel;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of the last response when redirected
  std::string body;                            // decompressed
  std::string Header(std::string_view lower_case_name) const;
};

// Sends one request and reads the whole answer. Any HTTP status is an OK result: what a body means is for the caller to
// judge. What fails below HTTP is an error with a reason:
//   UNAVAILABLE        CONNECT_FAILED, CONNECTION_LOST, NAME_NOT_RESOLVED
//   DEADLINE_EXCEEDED  HTTP_TIMEOUT (total), TOO_SLOW (under 100 bytes a second for 15 s)
//   RESOURCE_EXHAUSTED BODY_TOO_LARGE
//   FAILED_PRECONDITION TLS_NOT_TRUSTED, TOO_MANY_REDIRECTS, REDIRECT_REFUSED (to anything but https)
//   INVALID_ARGUMENT   BAD_URL
//   CANCELLED          the token was cancelled
// Messages never hold the query part of the URL, where keys travel. Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

// Value of a Retry-After header (seconds, or an HTTP date seen from `now`), cut to [0, 1 h]; zero for anything else.
absl::Duration ParseRetryAfter(std::string_view value, absl::Time now);

// `text` with everything but unreserved characters percent-encoded: for one value in a query.
std::string UrlEncode(std::string_view text);

}  // namespace breadthflow::http
