#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/resilience/rate_limiter.h"

namespace breadthflow::data {

// What one provider allows and wants.
struct ProviderSettings {
  std::string name;
  resilience::RateLimit limit;
  std::string key_variable;       // environment variable of the key; empty: none is needed
  std::string key;                // its value; never logged, stored or part of an error
  std::string key_parameter;      // name of the query parameter that carries the key; empty: "Authorization: Bearer"
  std::string base_url;           // in place of scheme and host of every URL, for proxies and tests; empty: as they are
  bool allow_plain_http = false;  // the base URL may be http://
  int64_t max_cached_bytes = 8 << 20;  // of bodies kept for conditional requests
};

// What configuration says about one provider; what is left out stays.
struct ProviderOverride {
  std::string name;
  std::string base_url;
  bool allow_plain_http = false;
  std::optional<double> per_second;
  std::optional<double> burst;
  std::optional<int64_t> per_day;
};

// yahoo, alpha_vantage, polygon and sec_edgar with their limits, as `overrides` and then `variable` change them. Keys
// are those of `variable` (BREADTHFLOW_POLYGON_KEY or, naming a file that holds it, BREADTHFLOW_POLYGON_KEY_FILE); so
// are other addresses (BREADTHFLOW_POLYGON_URL). Addresses of this machine may do without TLS.
// INVALID_ARGUMENT with every file that can not be read, unknown names, limits that are none and addresses that are
// neither https:// nor an allowed http://.
absl::StatusOr<std::vector<ProviderSettings>> MakeProviders(
    const std::vector<ProviderOverride>& overrides,
    const std::function<std::optional<std::string>(const std::string& variable)>& variable);

}  // namespace breadthflow::data
