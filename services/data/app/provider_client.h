#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/resilience/circuit_breaker.h"
#include "common/resilience/rate_limiter.h"
#include "common/resilience/retry.h"
#include "services/data/app/provider_settings.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

// Asks providers over HTTP. One request per URL at a time, whoever waits for it; the limiter before each; at most three
// attempts with full jitter (1 s to 60 s) or as long as Retry-After says, which binds all replicas; a retry budget of
// 10 %; a circuit breaker per provider (5 failures in a row, one probe after 60 s) during which callers wait. Bodies
// with an ETag or Last-Modified are asked for again with If-None-Match and If-Modified-Since. Thread-safe.
//
// Until a provider has answered this process once, requests that do not even get there (no address, no connection) are
// made again for as long as `reach` and then end as PROVIDER_UNREACHABLE: a machine without a network is told so at
// once. They count for neither budget nor breaker, which are there to spare the provider. A provider that answered
// before is waited for as above.
class ProviderClient final : public Upstream {
 public:
  struct Options {
    absl::Duration timeout = absl::Seconds(60);   // of one attempt
    absl::Duration patience = absl::Minutes(30);  // the longest wait for limiter, breaker and retries together
    absl::Duration reach = absl::Seconds(15);     // how long a provider that never answered is tried to be reached
    // Waits, or returns why it stopped. Null: in real time.
    std::function<absl::Status(absl::Duration, const base::CancelToken&)> sleep;
    std::function<double()> chance;  // uniform in [0, 1) for the jitter. Null: a generator seeded by the clock
  };

  // All references must outlive the client.
  ProviderClient(std::vector<ProviderSettings> providers, http::HttpClient& http, resilience::RateLimiter& limiter,
                 const base::Clock& clock, Options options);

  absl::Status CheckReady(std::string_view provider) const override;
  UpstreamInfo Describe(std::string_view provider) const override;
  // RESOURCE_EXHAUSTED QUOTA_EXHAUSTED with the time to wait when the limit does not allow it within the patience.
  absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken& cancel) override;

 private:
  struct Cached {
    std::string etag;
    std::string last_modified;
    std::string bytes;
    uint64_t used = 0;
  };
  struct Flight {
    bool done = false;
    absl::StatusOr<RawBody> result = absl::UnknownError("not finished");
  };
  struct Provider {
    explicit Provider(ProviderSettings given, const base::Clock& clock)
        : settings(std::move(given)), breaker({}, clock) {}
    const ProviderSettings settings;
    std::string limiter_key;
    resilience::CircuitBreaker breaker;
    resilience::RetryBudget budget;
    std::atomic<bool> answered{false};  // something came from it, whatever it was
    absl::Mutex mutex;
    std::map<std::string, Cached> cache ABSL_GUARDED_BY(mutex);  // by URL
    int64_t cached_bytes ABSL_GUARDED_BY(mutex) = 0;
    uint64_t uses ABSL_GUARDED_BY(mutex) = 0;
    std::map<std::string, std::shared_ptr<Flight>> flights ABSL_GUARDED_BY(mutex);  // by URL and headers
  };

  absl::StatusOr<Provider*> Find(std::string_view name) const;
  absl::StatusOr<RawBody> Fetch(Provider& provider, const UpstreamRequest& request, const base::CancelToken& cancel);
  absl::StatusOr<RawBody> Attempt(Provider& provider, const UpstreamRequest& request, const base::CancelToken& cancel);
  // Until the breaker and the limiter let one request out.
  absl::Status AwaitTurn(Provider& provider, const UpstreamRequest& request, absl::Time deadline,
                         const base::CancelToken& cancel);
  http::HttpRequest ToHttp(const Provider& provider, const UpstreamRequest& request) const;
  void Keep(Provider& provider, const std::string& url, const http::HttpResponse& response);
  absl::Status Sleep(absl::Duration wait, const base::CancelToken& cancel) const;

  std::map<std::string, std::unique_ptr<Provider>, std::less<>> providers_;
  http::HttpClient& http_;
  resilience::RateLimiter& limiter_;
  const base::Clock& clock_;
  const Options options_;
};

}  // namespace breadthflow::data
