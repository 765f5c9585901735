#pragma once

#include <memory>
#include <string>

#include "common/http/http_client.h"

namespace breadthflow::http {

struct CurlOptions {
  absl::Duration connect_timeout = absl::Seconds(5);
  int64_t low_speed_bytes_per_second = 100;
  absl::Duration low_speed_time = absl::Seconds(15);
  int max_redirects = 3;
  std::string user_agent = "breadthflow";
  std::string ca_file;            // empty: the system's
  bool allow_plain_http = false;  // for tests against a local server: https is required otherwise
};

// HttpClient by libcurl: TLS verified, redirects only to https, gzip understood, connections reused. Each thread at
// work has a handle of its own, taken from a small pool; no signals. Sends the current trace as `traceparent`.
std::unique_ptr<HttpClient> MakeCurlHttpClient(CurlOptions options = {});

}  // namespace breadthflow::http
