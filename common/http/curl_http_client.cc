#include "common/http/curl_http_client.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <curl/curl.h>
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/telemetry/scope.h"

namespace breadthflow::http {
namespace {

using ::absl::StatusCode;
using ::breadthflow::base::MakeError;

struct HandleDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, HandleDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// What one transfer reads and writes while libcurl calls back.
struct Transfer {
  const HttpRequest& request;
  HttpResponse response;
  bool too_large = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  if (transfer.response.body.size() + bytes > static_cast<size_t>(transfer.request.max_body_bytes)) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(data, bytes);
  return bytes;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // a redirect was followed: its headers are gone
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    transfer.response.headers[std::move(name)] = std::string(Trim(line.substr(colon + 1)));
  }
  return line.size();
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->request.cancel.cancelled() ? 1 : 0;
}

// Scheme, host and path: what may be shown.
std::string WithoutQuery(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

absl::Status StatusOf(CURLcode code, CURL* handle, const Transfer& transfer, const CurlOptions& options) {
  const std::string url = WithoutQuery(transfer.request.url);
  switch (code) {
    case CURLE_OK:
      return absl::OkStatus();
    case CURLE_ABORTED_BY_CALLBACK:
      return transfer.request.cancel.Check();
    case CURLE_WRITE_ERROR:
      if (!transfer.too_large) break;
      return MakeError(StatusCode::kResourceExhausted, "BODY_TOO_LARGE",
                       fmt::format("{}: the body is larger than {} bytes", url, transfer.request.max_body_bytes));
    case CURLE_URL_MALFORMAT:
      return MakeError(StatusCode::kInvalidArgument, "BAD_URL", fmt::format("'{}' is not a URL", url));
    case CURLE_UNSUPPORTED_PROTOCOL: {
      long redirects = 0;
      curl_easy_getinfo(handle, CURLINFO_REDIRECT_COUNT, &redirects);
      if (redirects > 0) {
        return MakeError(StatusCode::kFailedPrecondition, "REDIRECT_REFUSED",
                         fmt::format("{}: redirected to something other than https", url));
      }
      return MakeError(StatusCode::kInvalidArgument, "BAD_URL", fmt::format("'{}' must be a https URL", url));
    }
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return MakeError(StatusCode::kUnavailable, "NAME_NOT_RESOLVED", fmt::format("{}: the host has no address", url));
    case CURLE_COULDNT_CONNECT:
      return MakeError(StatusCode::kUnavailable, "CONNECT_FAILED", fmt::format("{}: cannot connect", url));
    case CURLE_TOO_MANY_REDIRECTS:
      return MakeError(StatusCode::kFailedPrecondition, "TOO_MANY_REDIRECTS",
                       fmt::format("{}: more than {} redirects", url, options.max_redirects));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
      return MakeError(StatusCode::kFailedPrecondition, "TLS_NOT_TRUSTED",
                       fmt::format("{}: {}", url, curl_easy_strerror(code)));
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t total_us = 0;
      double connect_s = 0;
      curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &total_us);
      curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME, &connect_s);
      if (connect_s == 0 && options.connect_timeout < transfer.request.timeout) {
        return MakeError(StatusCode::kUnavailable, "CONNECT_FAILED", fmt::format("{}: cannot connect in time", url));
      }
      // libcurl has one code for both limits; the total one is reached exactly, the other before it.
      if (absl::Microseconds(total_us) < transfer.request.timeout) {
        return MakeError(StatusCode::kDeadlineExceeded, "TOO_SLOW",
                         fmt::format("{}: under {} bytes a second", url, options.low_speed_bytes_per_second));
      }
      return MakeError(StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT", fmt::format("{}: not answered in time", url));
    }
    default:
      break;
  }
  return MakeError(StatusCode::kUnavailable, "CONNECTION_LOST", fmt::format("{}: {}", url, curl_easy_strerror(code)));
}

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(once);
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    BF_RETURN_IF_ERROR(request.cancel.Check());
    Handle handle = Take();
    Transfer transfer{.request = request, .response = {}};
    const HeaderList headers = Headers(request);
    Configure(handle.get(), transfer, headers.get());
    const CURLcode code = curl_easy_perform(handle.get());
    const absl::Status status = StatusOf(code, handle.get(), transfer, options_);
    long http_status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &http_status);
    curl_easy_reset(handle.get());
    Give(std::move(handle));
    if (!status.ok()) return status;
    transfer.response.status = static_cast<int>(http_status);
    return std::move(transfer.response);
  }

 private:
  static HeaderList Headers(const HttpRequest& request) {
    curl_slist* list = nullptr;
    for (const auto& [name, value] : request.headers)
      list = curl_slist_append(list, fmt::format("{}: {}", name, value).c_str());
    const std::string traceparent = telemetry::ToTraceparent(telemetry::CurrentContext().trace);
    if (!traceparent.empty()) list = curl_slist_append(list, fmt::format("traceparent: {}", traceparent).c_str());
    return HeaderList(list);
  }

  void Configure(CURL* handle, Transfer& transfer, curl_slist* headers) const {
    const HttpRequest& request = transfer.request;
    const char* schemes = options_.allow_plain_http || request.allow_plain_http ? "http,https" : "https";
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, static_cast<long>(options_.max_redirects));
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method == "GET" ? nullptr : request.method.c_str());
    if (!request.body.empty()) {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.low_speed_bytes_per_second));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(options_.low_speed_time)));
    if (!options_.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  }

  Handle Take() {
    absl::MutexLock lock(&mutex_);
    if (idle_.empty()) return Handle(curl_easy_init());
    Handle handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }

  // A handle that is kept keeps its connections open for the next request.
  void Give(Handle handle) {
    constexpr size_t kIdleHandles = 16;
    absl::MutexLock lock(&mutex_);
    if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
  }

  const CurlOptions options_;
  absl::Mutex mutex_;
  std::vector<Handle> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<HttpClient> MakeCurlHttpClient(CurlOptions options) {
  return std::make_unique<CurlHttpClient>(std::move(options));
}

}  // namespace breadthflow::http
