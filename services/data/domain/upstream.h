#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

struct UpstreamRequest {
  std::string provider;  // "yahoo": whose limits and credentials
  std::string url;       // of the public service, without credentials
  std::vector<std::pair<std::string, std::string>> headers;
  // What an answer says about the way to the provider, not about its rows: OK, or why it is no answer to the question.
  // Errors that a later try may heal (base::IsTransient) are tried again. Pure.
  std::function<absl::Status(const RawBody&)> judge;
  // Called before each wait of this request (for another try, the limit, the provider to recover) with what it waits
  // for and how long, for people. By the thread that asks; null: nobody wants to know.
  std::function<void(const std::string&)> waits = {};
};

// Reason of the error when there is no way to a provider: its name has no address or nobody takes the connection, and
// this process never got an answer from it. UNAVAILABLE, since the network may come back; but whoever waits for the
// work is better told than kept.
inline constexpr std::string_view kUnreachable = "PROVIDER_UNREACHABLE";

// What a provider allows and needs.
struct UpstreamInfo {
  double per_second = 0;  // requests of all processes together
  double burst = 0;
  int64_t per_day = 0;     // in 24 hours; 0: no limit of its own
  std::string credential;  // environment variable of the key; empty: none is needed

  double RequestsPerDay() const {
    constexpr double kSeconds = 86'400;
    return per_day > 0 ? std::min(per_second * kSeconds, static_cast<double>(per_day)) : per_second * kSeconds;
  }
};

// The way to providers of data: adds credentials, keeps their limits, retries. Sources see only this. Thread-safe.
class Upstream {
 public:
  virtual ~Upstream() = default;

  // FAILED_PRECONDITION MISSING_CREDENTIAL, naming the variable to set, when the provider needs a key and there is
  // none.
  virtual absl::Status CheckReady(std::string_view provider) const = 0;

  // Zeros for a provider that this process has no way to.
  virtual UpstreamInfo Describe(std::string_view provider) const = 0;

  // The answer that `judge` lets pass, else its error or one of the way there. Neither holds credentials.
  virtual absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken& cancel) = 0;
};

}  // namespace breadthflow::data
