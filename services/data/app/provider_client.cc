#include "services/data/app/provider_client.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/app/provider_reach.h"

namespace breadthflow::data {
namespace {

using ::absl::StatusCode;
using ::breadthflow::base::MakeError;

// What a provider wrote must not show our key, which some of them repeat in their messages.
void Redact(const std::string& key, std::string& text) {
  constexpr size_t kShortest = 6;  // shorter ones would tear holes into data
  if (key.size() < kShortest) return;
  for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at))
    text.replace(at, key.size(), "***");
}

absl::Status WithRetryAfter(const absl::Status& status, absl::Duration wait) {
  base::ErrorDetails details = base::DetailsOf(status);
  details.retry_after = wait;
  return MakeError(status.code(), base::Message(status), details);
}

std::function<double()> Jitter(const base::Clock& clock) {
  struct Random {
    std::mutex mutex;
    std::mt19937_64 engine;
  };
  auto random = std::make_shared<Random>();
  random->engine.seed(static_cast<uint64_t>(absl::ToUnixNanos(clock.Now())));
  return [random] {
    const std::lock_guard lock(random->mutex);
    return std::uniform_real_distribution<double>(0, 1)(random->engine);
  };
}

ProviderClient::Options WithJitter(ProviderClient::Options options, const base::Clock& clock) {
  if (!options.chance) options.chance = Jitter(clock);
  return options;
}

}  // namespace

ProviderClient::ProviderClient(std::vector<ProviderSettings> providers, http::HttpClient& http,
                               resilience::RateLimiter& limiter, const base::Clock& clock, Options options)
    : http_(http), limiter_(limiter), clock_(clock), options_(WithJitter(std::move(options), clock)) {
  for (ProviderSettings& settings : providers) {
    const std::string name = settings.name;
    auto provider = std::make_unique<Provider>(std::move(settings), clock_);
    const std::string& key = provider->settings.key;
    provider->limiter_key = fmt::format("{}:{}", name, key.empty() ? "-" : base::Sha256HexOf(key).substr(0, 16));
    providers_.emplace(name, std::move(provider));
  }
}

absl::StatusOr<ProviderClient::Provider*> ProviderClient::Find(std::string_view name) const {
  const auto found = providers_.find(name);
  if (found == providers_.end()) {
    return MakeError(StatusCode::kFailedPrecondition, "NO_UPSTREAM",
                     fmt::format("this process has no way to {}", name));
  }
  return found->second.get();
}

absl::Status ProviderClient::CheckReady(std::string_view name) const {
  BF_ASSIGN_OR_RETURN(const Provider* provider, Find(name));
  const ProviderSettings& settings = provider->settings;
  if (settings.key_variable.empty() || !settings.key.empty()) return absl::OkStatus();
  return MakeError(StatusCode::kFailedPrecondition,
                   fmt::format("{} needs a key: set {} or {}_FILE where the data service starts", name,
                               settings.key_variable, settings.key_variable),
                   {.reason = "MISSING_CREDENTIAL", .metadata = {{"variable", settings.key_variable}}});
}

UpstreamInfo ProviderClient::Describe(std::string_view name) const {
  const absl::StatusOr<Provider*> provider = Find(name);
  if (!provider.ok()) return {};
  const ProviderSettings& settings = (*provider)->settings;
  return {.per_second = settings.limit.per_second,
          .burst = settings.limit.burst,
          .per_day = settings.limit.per_day,
          .credential = settings.key_variable};
}

absl::StatusOr<RawBody> ProviderClient::Get(const UpstreamRequest& request, const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(CheckReady(request.provider));
  BF_ASSIGN_OR_RETURN(Provider * provider, Find(request.provider));
  std::string id = request.url;
  for (const auto& [name, value] : request.headers) id += fmt::format("\n{}: {}", name, value);
  while (true) {
    std::shared_ptr<Flight> flight;
    bool own = false;
    {
      absl::MutexLock lock(&provider->mutex);
      std::shared_ptr<Flight>& current = provider->flights[id];
      own = current == nullptr;
      if (own) current = std::make_shared<Flight>();
      flight = current;
      while (!own && !flight->done && !cancel.cancelled()) {
        provider->mutex.AwaitWithTimeout(absl::Condition(&flight->done), absl::Milliseconds(50));
      }
      if (flight->done) {
        // Whoever asked was told to stop: that is no answer to us.
        if (flight->result.ok() || MayHeal(flight->result.status()) || !base::IsTransient(flight->result.status())) {
          return flight->result;
        }
      }
    }
    BF_RETURN_IF_ERROR(cancel.Check());
    if (!own) continue;
    absl::StatusOr<RawBody> result = Fetch(*provider, request, cancel);
    absl::MutexLock lock(&provider->mutex);
    flight->result = result;
    flight->done = true;
    provider->flights.erase(id);
    return result;
  }
}

absl::StatusOr<RawBody> ProviderClient::Attempt(Provider& provider, const UpstreamRequest& request,
                                                const base::CancelToken& cancel) {
  http::HttpRequest http = ToHttp(provider, request);
  http.cancel = cancel;
  Cached known;
  {
    absl::MutexLock lock(&provider.mutex);
    const auto found = provider.cache.find(request.url);
    if (found != provider.cache.end()) {
      found->second.used = ++provider.uses;
      known = found->second;
    }
  }
  if (!known.etag.empty()) http.headers.emplace_back("If-None-Match", known.etag);
  if (!known.last_modified.empty()) http.headers.emplace_back("If-Modified-Since", known.last_modified);
  absl::StatusOr<http::HttpResponse> sent = http_.Send(http);
  if (sent.ok()) provider.answered = true;
  BF_ASSIGN_OR_RETURN(http::HttpResponse response, std::move(sent));
  const bool unchanged = response.status == 304 && !known.bytes.empty();
  Redact(provider.settings.key, response.body);
  RawBody body{.bytes = unchanged ? std::move(known.bytes) : response.body,
               .http_status = unchanged ? 200 : response.status,
               .received = clock_.Now()};
  const absl::Status verdict = request.judge ? request.judge(body) : absl::OkStatus();
  if (verdict.ok()) {
    if (!unchanged) Keep(provider, request.url, response);
    return body;
  }
  const absl::Duration wait = http::ParseRetryAfter(response.Header("retry-after"), clock_.Now());
  if (wait == absl::ZeroDuration() || !MayHeal(verdict)) return verdict;
  BF_RETURN_IF_ERROR(limiter_.Block(provider.limiter_key, wait));
  return WithRetryAfter(verdict, wait);
}

http::HttpRequest ProviderClient::ToHttp(const Provider& provider, const UpstreamRequest& request) const {
  const ProviderSettings& settings = provider.settings;
  http::HttpRequest http{.url = request.url, .headers = request.headers, .timeout = options_.timeout};
  if (!settings.base_url.empty()) {
    const size_t scheme = http.url.find("://");
    const size_t path = scheme == std::string::npos ? scheme : http.url.find('/', scheme + 3);
    http.url = settings.base_url + (path == std::string::npos ? "" : http.url.substr(path));
    http.allow_plain_http = settings.allow_plain_http;
  }
  if (!settings.key.empty() && settings.key_parameter.empty()) {
    http.headers.emplace_back("Authorization", "Bearer " + settings.key);
  } else if (!settings.key.empty()) {
    http.url += fmt::format("{}{}={}", http.url.find('?') == std::string::npos ? '?' : '&', settings.key_parameter,
                            http::UrlEncode(settings.key));
  }
  return http;
}

void ProviderClient::Keep(Provider& provider, const std::string& url, const http::HttpResponse& response) {
  Cached fresh{
      .etag = response.Header("etag"), .last_modified = response.Header("last-modified"), .bytes = response.body};
  const auto size = static_cast<int64_t>(response.body.size());
  absl::MutexLock lock(&provider.mutex);
  const auto old = provider.cache.find(url);
  if (old != provider.cache.end()) {
    provider.cached_bytes -= static_cast<int64_t>(old->second.bytes.size());
    provider.cache.erase(old);
  }
  const bool conditional = !fresh.etag.empty() || !fresh.last_modified.empty();
  if (!conditional || size == 0 || size > provider.settings.max_cached_bytes) return;
  while (provider.cached_bytes + size > provider.settings.max_cached_bytes) {
    const auto oldest = std::min_element(provider.cache.begin(), provider.cache.end(),
                                         [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    provider.cached_bytes -= static_cast<int64_t>(oldest->second.bytes.size());
    provider.cache.erase(oldest);
  }
  fresh.used = ++provider.uses;
  provider.cached_bytes += size;
  provider.cache.emplace(url, std::move(fresh));
}

}  // namespace breadthflow::data
