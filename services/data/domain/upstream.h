#pragma once

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
};

// The way to providers of data: adds credentials, keeps their limits, retries. Sources see only this. Thread-safe.
class Upstream {
 public:
  virtual ~Upstream() = default;

  // FAILED_PRECONDITION MISSING_CREDENTIAL, naming the variable to set, when the provider needs a key and there is
  // none.
  virtual absl::Status CheckReady(std::string_view provider) const = 0;

  // The answer that `judge` lets pass, else its error or one of the way there. Neither holds credentials.
  virtual absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken& cancel) = 0;
};

}  // namespace breadthflow::data
